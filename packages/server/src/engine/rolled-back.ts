import {
  type CallOut,
  cutCalls,
  doNotWaitMs,
  type ExplainedCall,
  emptyRun,
  explainCalls,
  isCutOff,
  type Transaction,
} from '@holdfast/core';
import type { Known } from './explained.ts';

/** What an operator is told of a rollback that is durable. Times are engine time. */
export interface RolledBack {
  readonly transaction: Transaction;
  /** False: its driver is another node, which learns of it within about a second, or nobody until it is claimed. */
  readonly isDrivenHere: boolean;
  /** Actions that are out: what they may have done is compensated after their answer or time-out. */
  readonly waitsFor: readonly ExplainedCall[];
  /** Actions that were out and were cut, because an operator decided not to wait for them. */
  readonly doesNotWaitFor: readonly ExplainedCall[];
  /** When what those may have done is compensated; undefined: nothing was cut, as far as it is known here. */
  readonly compensatesFromMs: number | undefined;
}

/** @param known what its driver here knows; undefined where nobody drives it here */
export function rolledBack(transaction: Transaction, known: Known | undefined): RolledBack {
  const decision = transaction.progress.operatorDecisions?.find(({ kind }) => kind === 'do-not-wait');
  const waited = new Map<number, CallOut>();
  const cut = new Map<number, CallOut>();
  for (const [operation, call] of known?.inFlight ?? []) {
    // Of a rollback: what is cut has no answer yet.
    if (operation % 2 === 1 && call.sentMs !== undefined)
      (isCutOff(transaction, operation) ? cut : waited).set(operation, call);
  }
  for (const [operation, sentMs] of cutCalls(known?.transaction.run ?? emptyRun)) {
    cut.set(operation, { askedMs: sentMs, sentMs });
  }
  const mayBeCut = decision !== undefined && (known === undefined || cut.size > 0);
  return {
    transaction,
    isDrivenHere: known !== undefined,
    waitsFor: explainCalls(transaction, waited),
    doesNotWaitFor: explainCalls(transaction, cut),
    compensatesFromMs: mayBeCut ? decision.atMs + doNotWaitMs : undefined,
  };
}
