import { readFileSync } from 'node:fs';

/** Of /proc, on every Linux that is in use. */
const ticksPerSecond = 100;

/**
 * Processor time of a process and of all that it has started since, those that have ended included, in microseconds.
 * NaN where the system does not tell.
 */
export function treeCpuUs(pid: number): number {
  const times = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  // After the name of the program, which may have blanks: own and waited-for children's, user and system time.
  const ownTicks = times.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
  if (times.length < 15) return Number.NaN;
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  const others = children.map(treeCpuUs).filter((us) => !Number.isNaN(us));
  return (ownTicks * 1_000_000) / ticksPerSecond + others.reduce((sum, us) => sum + us, 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended just now, or this is no Linux.
    return '';
  }
}
