import type { Store } from '../store/store.ts';

/** Few enough that whoever else asks the store does not wait for them. */
const pageRows = 100;
/** Between two pages it rests for so many times what the page took. */
const restFactor = 4;
const statuses = ['prepared', 'submitted', 'aborting'] as const;

export interface InspectionContext {
  monotonicMs(): number;
  rest(ms: number): Promise<void>;
  isOver(): boolean;
}

/**
 * Reads every unfinished transaction once, slowly, so that one that cannot be read is known now, and not when it is due: of
 * what sleeps for a week nobody would hear before. Who reads tells of it, see `Unreadables`.
 */
export async function inspect(store: Store, { monotonicMs, rest, isOver }: InspectionContext): Promise<void> {
  for (const status of statuses) {
    for (let position = ''; ; ) {
      const startedMs = monotonicMs();
      const { next } = await store.list({ status, limit: pageRows, position });
      if (next === '' || isOver()) break;
      position = next;
      await rest(restFactor * (monotonicMs() - startedMs));
    }
  }
}
