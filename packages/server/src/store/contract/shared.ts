import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import type { Beside, Case } from './fixtures.ts';

/** A case of two coordinators on one database; an exclusive store has none. */
export type SharedCase = (
  title: string,
  run: (store: Store, beside: Store, another: (how?: Beside) => Promise<Store>) => Promise<void>,
) => void;

export function sharedCases(test: Case): SharedCase {
  return (title, run) =>
    test(title, async (store, { beside }) => {
      if (store.exclusive) return;
      assert.ok(beside !== undefined, 'a shared store can be opened twice');
      await run(store, await beside(), beside);
    });
}
