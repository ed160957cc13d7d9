import type { Store } from '../store/store.ts';

/** Few enough that whoever else asks the store does not wait for them. */
const inspectRows = 100;
/** Between two pages it rests for so many times what the page took. */
const restFactor = 4;
const statuses = ['prepared', 'submitted', 'aborting'] as const;
const purgeRows = 500;

/** How what nobody waits for leaves time to the others. */
export interface Pace {
  monotonicMs(): number;
  rest(ms: number): Promise<void>;
  isOver(): boolean;
}

/**
 * Reads every unfinished transaction once, slowly, so that one that cannot be read is known now, and not when it is due: of
 * what sleeps for a week nobody would hear before. Who reads tells of it, see `Unreadables`.
 */
export async function inspect(store: Store, { monotonicMs, rest, isOver }: Pace): Promise<void> {
  for (const status of statuses) {
    for (let position = ''; !isOver(); ) {
      const startedMs = monotonicMs();
      const { next } = await store.list({ status, limit: inspectRows, position });
      if (next === '') break;
      position = next;
      await rest(restFactor * (monotonicMs() - startedMs));
    }
  }
}

/**
 * Deletes what was finished before then. Batches are small, and after each it rests for as long as it took: half of the
 * store's time is left to those who wait for an answer.
 */
export async function purge(store: Store, beforeMs: number, { monotonicMs, rest, isOver }: Pace): Promise<void> {
  while (!isOver()) {
    const startedMs = monotonicMs();
    if ((await store.purge(beforeMs, purgeRows)) < purgeRows) return;
    await rest(monotonicMs() - startedMs);
  }
}
