import {
  apply,
  createTransaction,
  type Defaults,
  type Definition,
  isStoppable,
  noOptions,
  type Status,
  type Transaction,
  type TransactionType,
} from '@holdfast/core';
import { type StoredTransaction, StoreError, UnreadableError, type UnreadableRow } from '../store/store.ts';

/** Of a text that may hold anything. */
const longestReason = 500;
const types: readonly string[] = ['saga', 'msg', 'tcc', 'xa', 'workflow'] satisfies readonly TransactionType[];

/** What cannot be read, or be driven by this version, and what takes its place as an operator ends it. */
export interface StoppedUnread {
  readonly before: Transaction;
  readonly now: Transaction;
}

/** A row that this node cannot drive, however often it reads it: nobody can read it, or newer programs alone. */
export const isNotForUs = (error: unknown) =>
  error instanceof UnreadableError || (error instanceof StoreError && error.code === 'newer');

/** What can be decoded and not be driven, as what cannot be decoded. */
export function asUnreadable(stored: StoredTransaction, error: unknown): UnreadableRow {
  const { definition, progress, owner, version } = stored;
  const { gid, type, createdMs } = definition;
  const why = error instanceof Error ? error.message : String(error);
  return { gid, type, status: progress.status, incident: `unreadable: ${why}`, owner, version, createdMs };
}

/** Nothing is known of it but its columns: it has no steps and no branches, and says why. */
export function stopUnread(row: UnreadableRow, defaults: Defaults, atMs: number): StoppedUnread {
  const { gid, incident, createdMs } = row;
  const type = (types.includes(row.type) ? row.type : 'saga') as TransactionType;
  const created = createTransaction(emptyDefinition(gid, type, createdMs), 'prepared', defaults);
  const status = isStoppable(row.status as Status) ? (row.status as Status) : 'submitted';
  const before: Transaction = { ...created, progress: { ...created.progress, status, incident } };
  const stopped = apply({ ...before, progress: { ...before.progress, incident: '' } }, { kind: 'stopped', atMs });
  const why = incident.replace(/^unreadable: /, '').slice(0, longestReason);
  const reason = `an operator stopped it; what was stored of it is set aside, because it could not be read: ${why}`;
  return { before, now: { ...stopped, progress: { ...stopped.progress, reason } } };
}

function emptyDefinition(gid: string, type: TransactionType, createdMs: number): Definition {
  return {
    gid,
    type,
    protocol: 'http',
    steps: [],
    queryPrepared: '',
    options: noOptions,
    customData: '',
    createdMs,
  };
}
