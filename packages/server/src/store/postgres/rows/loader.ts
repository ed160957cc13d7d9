import type { BranchOperation } from '@holdfast/core';
import {
  branchColumns,
  branchCountOf,
  gidOf,
  idOf,
  orUnreadable,
  toBranches,
  toTransaction,
  transactionColumns,
  typeOf,
} from '../../remote/transaction-row.ts';
import { numberAt, type Row } from '../../remote/values.ts';
import { type StoredTransaction, StoreError } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

/** A transaction of a claim, or why it cannot be read. */
export type Loaded =
  | { readonly id: number; readonly row: Row; readonly transaction: StoredTransaction; readonly error?: undefined }
  | { readonly id: number; readonly row: Row; readonly error: StoreError };

const columnCount = 20;
const branchColumnCount = 5;

/**
 * Reads whole transactions: rows and branches in one statement, so that they fit. Each is looked up by its key, whatever
 * the statistics say of the tables.
 */
export class Loader {
  readonly #byGid: { readonly whole: string; readonly bare: string };
  readonly #byId: string;
  readonly #listed: string;

  constructor(schema: string) {
    const byGid = 'unnest($1::text[]) as k(gid) cross join lateral';
    const byId = 'unnest($1::bigint[]) as k(id) cross join lateral';
    const rowsOf = (keys: string, key: string) => `
      select ${transactionColumns}, null::text, null::text, null::bytea, null::integer, null::integer
      from ${keys} (select * from ${schema}.transactions t where t.${key} = k.${key} offset 0) t
      left join lateral (select * from ${schema}.definitions d where d.id = t.id offset 0) d on true`;
    const branchesOf = (keys: string, key: string, which: string) => `
      select t.id${', null'.repeat(columnCount - 1)}, ${branchColumns}
      from ${keys} (select t.id, t.type, t.branch_count from ${schema}.transactions t where t.${key} = k.${key} offset 0) t
      cross join lateral (select * from ${schema}.branches b where b.id = t.id offset 0) b where ${which}`;
    // Those of a saga or message are in its definition. Where others have none, that may be the damage.
    const have = "(t.branch_count > 0 or t.type not in ('saga', 'msg'))";
    this.#byGid = {
      whole: `${rowsOf(byGid, 'gid')} union all ${branchesOf(byGid, 'gid', have)}`,
      bare: rowsOf(byGid, 'gid'),
    };
    this.#byId = `${rowsOf(byId, 'id')} union all ${branchesOf(byId, 'id', `${have} and t.type <> 'workflow'`)}`;
    this.#listed = rowsOf(byId, 'id');
  }

  /** @throws UnreadableError for the first that cannot be read, in the order asked for */
  async byGid(
    connection: Connection,
    gids: readonly string[],
    isBare: boolean,
  ): Promise<(StoredTransaction | undefined)[]> {
    const text = isBare ? this.#byGid.bare : this.#byGid.whole;
    const rows = await connection.query(text, [arrayOf('text', [...new Set(gids)])]);
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
    const { transactions, branches } = split(await connection.query(this.#byId, [arrayOf('bigint', ids)]));
    const found = new Map(transactions.map((row) => [idOf(row), row]));
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row === undefined ? [] : [load(id, row, branches)];
    });
  }

  /** Bare rows, for lists, in the order asked for. */
  async listed(connection: Connection, ids: readonly number[]): Promise<Row[]> {
    const rows = await connection.query(this.#listed, [arrayOf('bigint', ids)]);
    const found = new Map(rows.map((row) => [idOf(row), row]));
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

/** Rows of branches are those with a branch_id. */
function split(rows: readonly Row[]): { transactions: Row[]; branches: Map<number, Row[]> } {
  const transactions: Row[] = [];
  const branches = new Map<number, Row[]>();
  for (const row of rows) {
    if (row[columnCount] === null) {
      transactions.push(row);
      continue;
    }
    const id = numberAt(row, 0);
    const of = branches.get(id) ?? [];
    of.push(row.slice(columnCount, columnCount + branchColumnCount));
    branches.set(id, of);
  }
  return { transactions, branches };
}
