/**
 * How many test files run at once. Many of them wait most of their time, for a lease that must run out or a time-out; others
 * compute on more than one core. So two run always, and another one is begun where cores have nothing to do.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const always = 2;
/** Each may have servers of its own, which want memory, and all may compute at the same moment. */
const most = 6;
/** What was begun has then shown what it needs. */
const settlingMs = 1500;
const idleCoresFrom = 0.6;
const lookEveryMs = 250;

export interface Moment {
  readonly running: number;
  /** Cores without work, on average since the last file was begun, or since that was last too few. */
  readonly idleCores: number;
  readonly sinceBegunMs: number;
}

export function mayBegin({ running, idleCores, sinceBegunMs }: Moment): boolean {
  if (running < always) return true;
  return running < most && sinceBegunMs >= settlingMs && idleCores >= idleCoresFrom;
}

/** Works through all of them in their order. Resolves when the last one is done. */
export async function workThrough<One>(all: readonly One[], work: (one: One) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  let from = now();
  for (const one of all) {
    for (;;) {
      const sinceBegunMs = performance.now() - from.ms;
      const idleCores = (idleTime() - from.idle) / Math.max(1, sinceBegunMs);
      if (mayBegin({ running: running.size, idleCores, sinceBegunMs })) break;
      if (sinceBegunMs >= settlingMs) from = now();
      const later = new AbortController();
      // Whichever ends first; the other is not needed any more.
      await Promise.race([...running, sleep(lookEveryMs, undefined, { signal: later.signal }).catch(() => undefined)]);
      later.abort();
    }
    from = now();
    const done: Promise<void> = work(one).finally(() => running.delete(done));
    running.add(done);
  }
  await Promise.all(running);
}

function now() {
  return { ms: performance.now(), idle: idleTime() };
}

/** Milliseconds that the cores of the machine had nothing to do, all together, since it was started. */
export function idleTime(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}
