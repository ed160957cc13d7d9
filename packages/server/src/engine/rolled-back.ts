import { awaitedCalls, doNotWaitMs, type ExplainedCall, explainCalls, type Transaction } from '@holdfast/core';
import type { Known } from './explained.ts';

/** What an operator is told of a rollback that is durable. Times are engine time. */
export interface RolledBack {
  readonly transaction: Transaction;
  /** False: its driver is another node, which learns of it within about a second, or nobody until it is claimed. */
  readonly isDrivenHere: boolean;
  /** Actions that are out: what they may have done is compensated after their answer or time-out. */
  readonly waitsFor: readonly ExplainedCall[];
  /** Actions that are out and that an operator decided not to wait for. */
  readonly doesNotWaitFor: readonly ExplainedCall[];
  /** When what those may have done is compensated; undefined: nobody decided so. */
  readonly compensatesFromMs: number | undefined;
}

/** @param known what its driver here knows; undefined where nobody drives it here */
export function rolledBack(transaction: Transaction, known: Known | undefined): RolledBack {
  const decision = transaction.progress.operatorDecisions?.find(({ kind }) => kind === 'do-not-wait');
  const compensatesFromMs = decision === undefined ? undefined : decision.atMs + doNotWaitMs;
  const out = known?.inFlight ?? new Map();
  // By then: what is waited for at all.
  const waited = awaitedCalls(transaction, out, compensatesFromMs ?? 0);
  const calls = explainCalls(transaction, out).filter(({ op, sentMs }) => op === 'action' && sentMs !== undefined);
  return {
    transaction,
    isDrivenHere: known !== undefined,
    waitsFor: calls.filter(({ operation }) => waited.has(operation)),
    doesNotWaitFor: calls.filter(({ operation }) => !waited.has(operation)),
    compensatesFromMs,
  };
}
