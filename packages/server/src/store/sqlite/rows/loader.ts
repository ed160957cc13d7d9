import type { DatabaseSync } from 'node:sqlite';
import type { BranchOperation } from '@holdfast/core';
import { type StoredTransaction, StoreError, UnreadableError, type UnreadableRow } from '../../store.ts';
import { Query } from '../connection.ts';
import type { Row } from '../values.ts';
import {
  branchColumns,
  branchCountOf,
  idOf,
  toBranches,
  toTransaction,
  toUnreadable,
  transactionColumns,
  transactionTables,
  typeOf,
} from './transaction-row.ts';

/** Reads whole transactions. The caller holds a transaction of the database, so that a row and its branches fit. */
export class Loader {
  readonly #byGid: Query;
  readonly #byId: Query;
  readonly #branches: Query;

  constructor(db: DatabaseSync) {
    this.#byGid = new Query(db, `select ${transactionColumns} from ${transactionTables} where t.gid = ?`);
    this.#byId = new Query(db, `select ${transactionColumns} from ${transactionTables} where t.id = ?`);
    this.#branches = new Query(db, `select ${branchColumns} from branches where id = ?`);
  }

  byGid(gid: string, isBare: boolean): StoredTransaction | undefined {
    const row = this.#byGid.first(gid);
    if (row === undefined) return undefined;
    try {
      return toTransaction(row, isBare ? [] : this.#branchesOf(row));
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'version') throw error;
      throw new UnreadableError(toUnreadable(row, error), error.message, error.cause);
    }
  }

  /** What the columns say. */
  unreadable(id: number, error: StoreError): UnreadableRow | undefined {
    const row = this.#byId.first(id);
    return row === undefined ? undefined : toUnreadable(row, error);
  }

  /** To be driven: a workflow without its branches, whose results nobody needs for that. */
  byId(id: number): StoredTransaction | undefined {
    const row = this.#byId.first(id);
    if (row === undefined) return undefined;
    const bare = toTransaction(row, []);
    return bare.definition.type === 'workflow' ? bare : { ...bare, branches: this.#branchesOf(row) };
  }

  #branchesOf(row: Row): readonly BranchOperation[] {
    // Those of a saga or message are in its definition. Where others have none, that may be the damage.
    const hasNone = branchCountOf(row) === 0 && (typeOf(row) === 'saga' || typeOf(row) === 'msg');
    return hasNone ? [] : toBranches(row, this.#branches.all(idOf(row)));
  }
}
