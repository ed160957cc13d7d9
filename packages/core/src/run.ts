import { emptyTable, lookUp, type Table, withEntry } from './table.ts';
import type { Run } from './transaction.ts';

export const emptyRun: Run = { tried: emptyTable, retryAtMs: emptyTable, backedOff: false, queryAnswer: 'none' };

/** A new run of the same driver: what the query URL has said still holds. */
export function nextRun({ queryAnswer }: Run): Run {
  return queryAnswer === 'none' ? emptyRun : { ...emptyRun, queryAnswer };
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

/** The query-prepared call is operation -1. */
function slotOf(operation: number): number {
  return operation + 1;
}
