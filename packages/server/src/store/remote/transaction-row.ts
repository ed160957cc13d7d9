import {
  type BranchOperation,
  type Definition,
  noOptions,
  type Progress,
  type Status,
  type TransactionType,
} from '@holdfast/core';
import { checksumBranch, checksumDefinition, checksumProgress, verify } from '../checksum.ts';
import { damaged, decodeBranch, decodeDefinition, decodeProgress, type StoredProgress, toStatus } from '../codec.ts';
import { newerRow } from '../newer.ts';
import { type StoredTransaction, StoreError, UnreadableError, type UnreadableRow } from '../store.ts';
import { bytesAt, numberAt, type Row, textAt, textOrNullAt } from './values.ts';

/** What makes a transaction, in the order that `toTransaction` reads. `t` is transactions, `d` definitions. */
export const transactionColumns = `
  t.id, t.owner, t.version, t.create_token, t.write_token, t.status, t.due_ms, t.updated_ms, t.finished_ms,
  t.incident, t.reason, t.progress, d.definition, t.branch_count, t.gid, t.handed_back,
  t.type, t.created_ms, t.checksum, d.checksum as definition_checksum, t.needs`;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const idOf = (row: Row) => numberAt(row, 0);
export const branchCountOf = (row: Row) => numberAt(row, 13);
export const gidOf = (row: Row) => textAt(row, 14);
export const typeOf = (row: Row) => textAt(row, 16);

/**
 * @param format what this program knows
 * @throws StoreError `version` where it cannot be read, `newer` where it is for others to read
 */
export function toTransaction(row: Row, branches: readonly BranchOperation[], format: number): StoredTransaction {
  refuseNewer(row, format);
  return {
    definition: definitionOf(row),
    branches,
    progress: progressOf(row),
    owner: textOrNullAt(row, 1),
    handedBack: row[15] === true,
    version: numberAt(row, 2),
    createToken: textAt(row, 3),
    writeToken: textAt(row, 4),
  };
}

function refuseNewer(row: Row, format: number): void {
  const needs = numberAt(row, 20);
  if (needs > format) throw newerRow(needs, format);
}

/** @throws UnreadableError; StoreError `newer` */
export function orUnreadable<T>(row: Row, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'version') throw error;
    throw new UnreadableError(toUnreadable(row, error), error.message, error.cause);
  }
}

function definitionOf(row: Row): Definition {
  const key = { gid: gidOf(row), type: typeOf(row), createdMs: numberAt(row, 17) };
  const stored = bytesAt(row, 12);
  verify('definition', numberAt(row, 19), checksumDefinition(key, stored));
  return decodeDefinition(stored);
}

function progressOf(row: Row): Progress {
  const stored: StoredProgress = {
    status: toStatus(textAt(row, 5)),
    dueMs: numberAt(row, 6),
    updatedMs: numberAt(row, 7),
    finishedMs: numberAt(row, 8),
    incident: textAt(row, 9),
    reason: textAt(row, 10),
    text: asText(bytesAt(row, 11)),
  };
  verify('progress', numberAt(row, 18), checksumProgress(gidOf(row), stored));
  return decodeProgress(stored);
}

function asText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw damaged('progress', 'it is no UTF-8', error);
  }
}

/** For lists: of what cannot be read here the columns are shown, and why. One such row must not hide all the others. */
export function toListed(row: Row, format: number): StoredTransaction {
  try {
    return toTransaction(row, [], format);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'newer') return fromColumns(row, error.message);
    if (!(error instanceof StoreError) || error.code !== 'version') throw error;
    return fromColumns(row, `unreadable: ${error.message}`);
  }
}

/** Of a transaction that cannot be read: what its columns say, and why it is told of. */
export function toUnreadable(row: Row, error: StoreError): UnreadableRow {
  const incident = `unreadable: ${error.message}`;
  const { definition, progress, owner, version } = fromColumns(row, incident);
  const { gid, type, createdMs } = definition;
  return { gid, type, status: progress.status, incident, owner, version, createdMs };
}

/** As they are stored, whatever that is: a row is shown also where its columns are damaged. */
function fromColumns(row: Row, incident: string): StoredTransaction {
  const text = (index: number) => (typeof row[index] === 'string' ? row[index] : '');
  const number = (index: number) => (Number.isSafeInteger(row[index]) ? Number(row[index]) : 0);
  return {
    definition: {
      gid: text(14),
      type: text(16) as TransactionType,
      protocol: '',
      steps: [],
      queryPrepared: '',
      options: noOptions,
      customData: '',
      createdMs: number(17),
    },
    branches: [],
    progress: {
      status: text(5) as Status,
      operations: '',
      retries: {},
      attempts: [],
      attemptCount: 0,
      intervalMs: 0,
      dueMs: number(6),
      submittedMs: 0,
      updatedMs: number(7),
      finishedMs: number(8),
      incident,
      reason: text(10),
    },
    owner: text(1) || null,
    handedBack: row[15] === true,
    version: number(2),
    createToken: text(3),
    writeToken: text(4),
  };
}

/** In the order that `toBranches` reads. */
export const branchColumns = 'b.branch_id, b.op, b.branch, b.position, b.checksum';

/**
 * Branches go out in the order in which they were registered.
 * @throws StoreError `version` where one cannot be read, or is missing
 */
export function toBranches(transaction: Row, rows: readonly Row[]): BranchOperation[] {
  const sorted = rows.toSorted((a, b) => numberAt(a, 3) - numberAt(b, 3));
  const count = branchCountOf(transaction);
  if (sorted.length !== count) throw damaged('transaction', `${sorted.length} of its ${count} branches are there`);
  if (sorted.some((row, index) => numberAt(row, 3) !== index))
    throw damaged('transaction', 'its branches are out of order');
  return sorted.map((row) => toBranch(gidOf(transaction), row));
}

function toBranch(gid: string, row: Row): BranchOperation {
  const key = { branchId: textAt(row, 0), op: textAt(row, 1) };
  const stored = bytesAt(row, 2);
  verify('branch', numberAt(row, 4), checksumBranch(gid, key, stored));
  return decodeBranch(key.branchId, key.op, stored);
}
