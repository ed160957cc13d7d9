import type { Outcome, Transaction } from '@holdfast/core';

/** What a waiting client is told: the last durable state, and the last answer that was no success in this run. */
export interface Standing {
  readonly transaction: Transaction;
  readonly trouble: Outcome | undefined;
}
