import {
  type CallsOut,
  type Explanation,
  explain,
  type Foreseen,
  foreseeAbort,
  foreseeRollback,
  foreseeTimeout,
  type HoldfastError,
  type Transaction,
} from '@holdfast/core';
import type { StoredTransaction } from '../store/store.ts';

/** All that an operator can be told of one transaction. Times are engine time. */
export interface Explained {
  readonly stored: StoredTransaction;
  /** As it is known, which may be more than what is stored: with answers that are not written yet. */
  readonly transaction: Transaction;
  readonly explanation: Explanation;
  /** This node drives it now. */
  readonly isDrivenHere: boolean;
  /** What an abort now would do, or why it would be refused. */
  readonly onAbort: Foreseen | HoldfastError;
  /** What a rollback now would do, or why it would be refused. */
  readonly onRollback: Foreseen | HoldfastError;
  /** What its time-out would do; undefined where it has none. */
  readonly onTimeout: Foreseen | undefined;
  readonly nowMs: number;
}

/** What its driver here knows. */
export interface Known {
  readonly transaction: Transaction;
  readonly inFlight: CallsOut;
}

/** @param known undefined where nobody drives it here */
export function explained(
  stored: StoredTransaction,
  restored: Transaction,
  known: Known | undefined,
  nowMs: number,
): Explained {
  // A driver of a workflow, or of what is prepared, does not know what was registered meanwhile.
  const transaction = { ...(known?.transaction ?? restored), branches: stored.branches };
  return {
    stored,
    transaction,
    explanation: explain(transaction, known?.inFlight, nowMs),
    isDrivenHere: known !== undefined,
    onAbort: foreseeAbort(transaction, nowMs),
    onRollback: foreseeRollback(transaction, nowMs),
    onTimeout: foreseeTimeout(transaction, nowMs),
    nowMs,
  };
}
