import type { BranchOperation } from '@holdfast/core';
import { type StoredTransaction, StoreError } from '../store.ts';
import { branchCountOf, gidOf, idOf, orUnreadable, toBranches, toTransaction, typeOf } from './transaction-row.ts';
import { numberAt, type Row } from './values.ts';

/** A transaction of a claim, or why it cannot be read. */
export type Loaded =
  | { readonly id: number; readonly row: Row; readonly transaction: StoredTransaction; readonly error?: undefined }
  | { readonly id: number; readonly row: Row; readonly error: StoreError };

/** So many columns are a transaction's; those of a branch follow, and are null in the row of a transaction. */
export const columnCount = 21;
const branchColumnCount = 5;

/** Transactions and branches as one statement gives them. */
export class LoadedRows {
  readonly #transactions: readonly Row[];
  readonly #branches = new Map<number, Row[]>();

  readonly #format: number;

  /** @param format what this program knows */
  constructor(rows: readonly Row[], format: number, isBranch: (row: Row) => boolean) {
    this.#format = format;
    this.#transactions = rows.filter((row) => !isBranch(row));
    for (const row of rows.filter(isBranch)) {
      const id = numberAt(row, 0);
      const of = this.#branches.get(id) ?? [];
      of.push(row.slice(columnCount, columnCount + branchColumnCount));
      this.#branches.set(id, of);
    }
  }

  /** @throws UnreadableError for the first that cannot be read, in the order asked for */
  byGid(gids: readonly string[], isBare: boolean): (StoredTransaction | undefined)[] {
    const found = new Map(this.#transactions.map((row) => [gidOf(row), row]));
    return gids.map((gid) => {
      const row = found.get(gid);
      if (row === undefined) return undefined;
      return orUnreadable(row, () => toTransaction(row, isBare ? [] : this.#branchesOf(row), this.#format));
    });
  }

  /** To be driven: a workflow without its branches, whose results nobody needs for that. In the order asked for. */
  byId(ids: readonly number[]): Loaded[] {
    return this.rows(ids).map((row) => {
      const id = idOf(row);
      try {
        const branches = typeOf(row) === 'workflow' ? [] : this.#branchesOf(row);
        return { id, row, transaction: toTransaction(row, branches, this.#format) };
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        return { id, row, error };
      }
    });
  }

  /** Those of transactions that are there, in the order asked for. */
  rows(ids: readonly number[]): Row[] {
    const found = new Map(this.#transactions.map((row) => [idOf(row), row]));
    return ids.map((id) => found.get(id)).filter((row) => row !== undefined);
  }

  #branchesOf(row: Row): readonly BranchOperation[] {
    const hasNone = branchCountOf(row) === 0 && (typeOf(row) === 'saga' || typeOf(row) === 'msg');
    return hasNone ? [] : toBranches(row, this.#branches.get(idOf(row)) ?? []);
  }
}
