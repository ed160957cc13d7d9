import type { BranchOperation } from '@holdfast/core';
import {
  branchCountOf,
  gidOf,
  idOf,
  orUnreadable,
  toBranches,
  toTransaction,
  typeOf,
} from '../../remote/transaction-row.ts';
import { numberAt, type Row } from '../../remote/values.ts';
import { type StoredTransaction, StoreError } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { branchColumns, gidsTable, idsTable, transactionColumns } from './columns.ts';

/** A transaction of a claim, or why it cannot be read. */
export type Loaded =
  | { readonly id: number; readonly row: Row; readonly transaction: StoredTransaction; readonly error?: undefined }
  | { readonly id: number; readonly row: Row; readonly error: StoreError };

const columnCount = 20;
const branchColumnCount = 5;
const handedBackColumn = 15;

/**
 * Reads whole transactions: rows and branches in one statement, so that they fit. Each is looked up by its key, whatever
 * the statistics say of the tables.
 */
export class Loader {
  readonly #byGid: { readonly whole: string; readonly bare: string };
  readonly #byId: string;
  readonly #listed: string;

  constructor(prefix: string) {
    const keys = {
      gid: `${gidsTable} straight_join ${prefix}transactions t on t.gid = cast(k.gid as binary)`,
      id: `${idsTable} straight_join ${prefix}transactions t on t.id = k.id`,
    };
    const rowsOf = (from: string) => `select ${transactionColumns}, null, null, null, null, null from ${from}`;
    // Those of a saga or message are in its definition. Where others have none, that may be the damage.
    const branchesOf = (from: string, which: string) => `
      select t.id${', null'.repeat(columnCount - 1)}, ${branchColumns}
      from ${from} straight_join ${prefix}branches b on b.id = t.id
      where (t.branch_count > 0 or t.type not in ('saga', 'msg')) ${which}`;
    this.#byGid = { whole: `${rowsOf(keys.gid)} union all ${branchesOf(keys.gid, '')}`, bare: rowsOf(keys.gid) };
    this.#byId = `${rowsOf(keys.id)} union all ${branchesOf(keys.id, "and t.type <> 'workflow'")}`;
    this.#listed = rowsOf(keys.id);
  }

  /** @throws UnreadableError for the first that cannot be read, in the order asked for */
  async byGid(
    connection: Connection,
    gids: readonly string[],
    isBare: boolean,
  ): Promise<(StoredTransaction | undefined)[]> {
    const asked = JSON.stringify([...new Set(gids)]);
    const rows = isBare
      ? await connection.query(this.#byGid.bare, [asked])
      : await connection.query(this.#byGid.whole, [asked, asked]);
    const { transactions, branches } = split(rows);
    const found = new Map(transactions.map((row) => [gidOf(row), row]));
    return gids.map((gid) => {
      const row = found.get(gid);
      if (row === undefined) return undefined;
      return orUnreadable(row, () => toTransaction(row, isBare ? [] : branchesOf(row, branches)));
    });
  }

  /** To be driven: a workflow without its branches, whose results nobody needs for that. In the order asked for. */
  async byId(connection: Connection, ids: readonly number[]): Promise<Loaded[]> {
    const asked = JSON.stringify(ids);
    const { transactions, branches } = split(await connection.query(this.#byId, [asked, asked]));
    const found = new Map(transactions.map((row) => [idOf(row), row]));
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row === undefined ? [] : [load(id, row, branches)];
    });
  }

  /** Bare rows, for lists, in the order asked for. */
  async listed(connection: Connection, ids: readonly number[]): Promise<Row[]> {
    if (ids.length === 0) return [];
    const { transactions } = split(await connection.query(this.#listed, [JSON.stringify(ids)]));
    const found = new Map(transactions.map((row) => [idOf(row), row]));
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row === undefined ? [] : [row];
    });
  }
}

function load(id: number, row: Row, branches: ReadonlyMap<number, readonly Row[]>): Loaded {
  try {
    const isWorkflow = typeOf(row) === 'workflow';
    return { id, row, transaction: toTransaction(row, isWorkflow ? [] : branchesOf(row, branches)) };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { id, row, error };
  }
}

function branchesOf(row: Row, branches: ReadonlyMap<number, readonly Row[]>): readonly BranchOperation[] {
  const hasNone = branchCountOf(row) === 0 && (typeOf(row) === 'saga' || typeOf(row) === 'msg');
  return hasNone ? [] : toBranches(row, branches.get(idOf(row)) ?? []);
}

/** The driver gives bytes as a Buffer, which does not equal the same bytes. */
const plain = (row: Row): Row =>
  row.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value.buffer, value.byteOffset, value.length) : value));

/** Rows of branches are those with a position. MySQL has no booleans. */
function split(rows: readonly Row[]): { transactions: Row[]; branches: Map<number, Row[]> } {
  const transactions: Row[] = [];
  const branches = new Map<number, Row[]>();
  for (const row of rows.map(plain)) {
    if (row[columnCount + 3] === null) {
      transactions.push(row.with(handedBackColumn, row[handedBackColumn] === 1));
      continue;
    }
    const id = numberAt(row, 0);
    const of = branches.get(id) ?? [];
    of.push(row.slice(columnCount, columnCount + branchColumnCount));
    branches.set(id, of);
  }
  return { transactions, branches };
}
