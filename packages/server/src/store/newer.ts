import { StoreError, type Stuck } from './store.ts';

/** Nothing is wrong with it: others can read and drive it. */
export function newerRow(needs: number, format: number): StoreError {
  return new StoreError(
    'newer',
    `it was written by a newer Holdfast (it needs format ${needs}, and this coordinator knows ${format}): ` +
      'ask a coordinator of that version, which holdfast nodes shows',
  );
}

/** Of a write that somebody who lives could not read. */
export const stuckForOlder: Stuck = {
  stuck: 'a coordinator of an earlier version runs, which could not read it: it is written once that one has gone',
};
