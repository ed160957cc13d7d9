import type { DatabaseSync } from 'node:sqlite';
import type { StoredTransaction } from '../store.ts';
import { Query } from './connection.ts';
import {
  branchColumns,
  branchCountOf,
  idOf,
  toBranches,
  toTransaction,
  transactionColumns,
  transactionTables,
} from './rows.ts';
import type { Row } from './values.ts';

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

  byGid(gid: string): StoredTransaction | undefined {
    return this.#complete(this.#byGid.first(gid));
  }

  byId(id: number): StoredTransaction | undefined {
    return this.#complete(this.#byId.first(id));
  }

  #complete(row: Row | undefined): StoredTransaction | undefined {
    if (row === undefined) return undefined;
    return toTransaction(row, branchCountOf(row) === 0 ? [] : toBranches(this.#branches.all(idOf(row))));
  }
}
