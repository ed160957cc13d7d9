import { emptyTable, entriesOf, indexesOf, lookUp, type Table, withEntry, withoutEntry } from './table.ts';
import type { Run } from './transaction.ts';

export const emptyRun: Run = {
  tried: emptyTable,
  retryAtMs: emptyTable,
  backedOff: false,
  cut: emptyTable,
  queryAnswer: 'none',
};

/** A new run of the same driver: what the query URL has said still holds, and which calls were cut. */
export function nextRun({ queryAnswer, cut }: Run): Run {
  return queryAnswer === 'none' && cut.size === 0 ? emptyRun : { ...emptyRun, queryAnswer, cut };
}

export function hasTried({ tried }: Run, operation: number): boolean {
  return lookUp(tried, slotOf(operation)) === true;
}

export function withTried(run: Run, operation: number): Table<true> {
  return withEntry<true>(run.tried, slotOf(operation), true);
}

/** retry_limit: when the operation may be called again within the run; 0: now. */
export function retryAtMs(run: Run, operation: number): number {
  return lookUp(run.retryAtMs, slotOf(operation)) ?? 0;
}

export function withRetryAt(run: Run, operation: number, atMs: number): Table<number> {
  return withEntry(run.retryAtMs, slotOf(operation), atMs);
}

/** It is called again: it waits for its retry no more. */
export function withoutRetry(run: Run, operation: number): Run {
  const slot = slotOf(operation);
  return lookUp(run.retryAtMs, slot) === undefined ? run : { ...run, retryAtMs: withoutEntry(run.retryAtMs, slot) };
}

/** What waits for its retry within the run, ascending. */
export function retryingOperations({ retryAtMs: retries }: Run): readonly number[] {
  return indexesOf(retries).map((slot) => slot - 1);
}

/** When the call of an action that was cut went out; undefined: it was not cut. */
export function cutSentMs({ cut }: Run, operation: number): number | undefined {
  return lookUp(cut, slotOf(operation));
}

/** The actions whose calls were cut, and when each went out. */
export function* cutCalls({ cut }: Run): Generator<readonly [operation: number, sentMs: number]> {
  for (const [slot, sentMs] of entriesOf(cut)) yield [slot - 1, sentMs];
}

export function withCut(run: Run, operation: number, sentMs: number): Run {
  return { ...run, cut: withEntry(run.cut, slotOf(operation), sentMs) };
}

/** The query-prepared call is operation -1. */
function slotOf(operation: number): number {
  return operation + 1;
}
