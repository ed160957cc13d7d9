import { explainOperation, type Transaction } from '@holdfast/core';
import type { UnreadableRow } from '../store/store.ts';

/** What the alert webhook is told, in dtm's shape. */
export interface Alert {
  readonly gid: string;
  /** Of the transaction. */
  readonly status: string;
  /** The URL that was called last, or empty. */
  readonly branch: string;
  /** What it answered, or why the transaction needs somebody. */
  readonly error: string;
  /** Runs in a row that ended with an error. */
  readonly retry_count: number;
}

export function alertOf(transaction: Transaction): Alert {
  const { definition, progress } = transaction;
  const last = progress.attempts.findLast(({ outcome }) => outcome === 'error' || outcome === 'failure');
  const isOfCall = progress.incident.includes(': ') && last !== undefined;
  return {
    gid: definition.gid,
    status: progress.status,
    branch: isOfCall ? explainOperation(transaction, last.operation).url : '',
    error: isOfCall ? last.reason : progress.incident,
    retry_count: progress.errorRuns ?? 0,
  };
}

export function alertOfUnreadable({ gid, status, incident }: UnreadableRow): Alert {
  return { gid, status, branch: '', error: incident, retry_count: 0 };
}
