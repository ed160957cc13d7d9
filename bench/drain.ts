import { type CompiledCoordinator, wallMs } from './compiled.ts';
import { pick } from './numbers.ts';
import { pause } from './slice.ts';
import type { Worker } from './worker.ts';

/** How many sagas had ended at a time, as their services saw it. */
export interface Mark {
  readonly timeMs: number;
  readonly ended: number;
}

export interface Watched {
  readonly marks: readonly Mark[];
  readonly firstCallMs: number;
  readonly peakMib: number;
}

const lookEverySeconds = 0.1;
const stuckMs = 30_000;

/**
 * Looks at the services until `isOver`, from a look before the coordinator can have called them.
 * @throws Error where nothing ends for half a minute
 */
export async function watch(
  load: Worker,
  before: Mark,
  coordinator: CompiledCoordinator,
  isOver: (ended: number) => boolean,
): Promise<Watched> {
  const marks: Mark[] = [before];
  let lastEndMs = wallMs();
  for (;;) {
    const { timeMs, ended, firstCallMs } = pick(await load.ask('calls'), ['timeMs', 'ended', 'firstCallMs']);
    coordinator.check();
    if (ended > (marks.at(-1)?.ended ?? 0)) lastEndMs = wallMs();
    marks.push({ timeMs, ended });
    if (isOver(ended - before.ended)) return { marks, firstCallMs, peakMib: coordinator.usage().peakMib };
    if (wallMs() - lastEndMs > stuckMs) {
      throw new Error(`${ended - before.ended} sagas ended, and then none for ${stuckMs / 1000} s`);
    }
    await pause(lookEverySeconds);
  }
}

export async function markOf(load: Worker): Promise<Mark> {
  return pick(await load.ask('calls'), ['timeMs', 'ended']);
}

/** Sagas that ended in each whole second from the first call on, by straight lines between the looks. */
export function perSecond({ marks, firstCallMs }: Watched): number[] {
  const rates: number[] = [];
  const untilMs = marks.at(-1)?.timeMs ?? firstCallMs;
  const seen = marks.filter(({ timeMs }) => timeMs > firstCallMs);
  const known = [{ timeMs: firstCallMs, ended: marks[0]?.ended ?? 0 }, ...seen];
  for (let atMs = firstCallMs; atMs + 1000 <= untilMs; atMs += 1000) {
    rates.push(endedAt(known, atMs + 1000) - endedAt(known, atMs));
  }
  return rates;
}

function endedAt(marks: readonly Mark[], atMs: number): number {
  const index = marks.findIndex(({ timeMs }) => timeMs >= atMs);
  const after = marks[index];
  const before = marks[index - 1];
  if (after === undefined) return marks.at(-1)?.ended ?? 0;
  if (before === undefined) return after.ended;
  const share = (atMs - before.timeMs) / (after.timeMs - before.timeMs);
  return before.ended + share * (after.ended - before.ended);
}
