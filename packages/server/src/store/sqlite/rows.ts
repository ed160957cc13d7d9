import type { BranchOperation, Definition, TransactionType } from '@holdfast/core';
import { decodeBranch, decodeDefinition, decodeProgress, toStatus } from '../codec.ts';
import { type StoredTransaction, StoreError } from '../store.ts';
import { numberAt, type Row, storedAt, textAt, textOrNullAt } from './values.ts';

/** The statuses that are not final. Written out wherever a partial index must be recognised by it. */
export const unfinished = "status in ('prepared', 'submitted', 'aborting')";

/** What makes a transaction, in the order that `toTransaction` reads. `t` is transactions, `d` definitions. */
export const transactionColumns = `
  t.id, t.owner, t.version, t.create_token, t.write_token, t.status, t.due_ms, t.updated_ms, t.finished_ms,
  t.incident, t.reason, t.progress, d.definition, t.branch_count, t.gid, t.handed_back,
  t.type, t.created_ms`;

export const transactionTables = 'transactions t join definitions d on d.id = t.id';

export const idOf = (row: Row) => numberAt(row, 0);
export const branchCountOf = (row: Row) => numberAt(row, 13);
export const gidOf = (row: Row) => textAt(row, 14);

/** @throws StoreError `version` where it cannot be read */
export function toTransaction(row: Row, branches: readonly BranchOperation[]): StoredTransaction {
  const progress = decodeProgress({
    status: toStatus(textAt(row, 5)),
    dueMs: numberAt(row, 6),
    updatedMs: numberAt(row, 7),
    finishedMs: numberAt(row, 8),
    incident: textAt(row, 9),
    reason: textAt(row, 10),
    text: textAt(row, 11),
  });
  const definition: Definition = decodeDefinition(storedAt(row, 12));
  return {
    definition,
    branches,
    progress,
    owner: textOrNullAt(row, 1),
    handedBack: numberAt(row, 15) === 1,
    version: numberAt(row, 2),
    createToken: textAt(row, 3),
    writeToken: textAt(row, 4),
  };
}

/** For lists: of what cannot be read the columns are shown, and why. One such row must not hide all the others. */
export function toListed(row: Row): StoredTransaction {
  try {
    return toTransaction(row, []);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'version') throw error;
    return fromColumns(row, error.message);
  }
}

function fromColumns(row: Row, incident: string): StoredTransaction {
  return {
    definition: {
      gid: gidOf(row),
      type: textAt(row, 16) as TransactionType,
      protocol: '',
      steps: [],
      queryPrepared: '',
      options: {
        waitResult: false,
        timeoutToFailMs: 0,
        requestTimeoutMs: 0,
        retryIntervalMs: 0,
        branchHeaders: {},
        concurrent: false,
        retryLimit: 0,
      },
      customData: '',
      createdMs: numberAt(row, 17),
    },
    branches: [],
    progress: {
      status: toStatus(textAt(row, 5)),
      operations: '',
      retries: {},
      attempts: [],
      attemptCount: 0,
      intervalMs: 0,
      dueMs: numberAt(row, 6),
      submittedMs: 0,
      updatedMs: numberAt(row, 7),
      finishedMs: numberAt(row, 8),
      incident,
      reason: textAt(row, 10),
    },
    owner: textOrNullAt(row, 1),
    handedBack: numberAt(row, 15) === 1,
    version: numberAt(row, 2),
    createToken: textAt(row, 3),
    writeToken: textAt(row, 4),
  };
}

export const branchColumns = 'branch_id, op, branch, position';

/** Rows come in key order; branches go out in the order in which they were registered. */
export function toBranches(rows: Row[]): BranchOperation[] {
  rows.sort((a, b) => numberAt(a, 3) - numberAt(b, 3));
  return rows.map((row) => decodeBranch(textAt(row, 0), textAt(row, 1), storedAt(row, 2)));
}
