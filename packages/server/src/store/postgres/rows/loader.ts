import type { Loader as IsLoader } from '../../remote/dialect.ts';
import { columnCount, type Loaded, LoadedRows } from '../../remote/loaded-rows.ts';
import { branchColumns, transactionColumns } from '../../remote/transaction-row.ts';
import type { Row } from '../../remote/values.ts';
import type { StoredTransaction } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

/**
 * Reads whole transactions: rows and branches in one statement, so that they fit. Each is looked up by its key, whatever
 * the statistics say of the tables.
 */
export class Loader implements IsLoader<Connection> {
  readonly #byGid: { readonly whole: string; readonly bare: string };
  readonly #byId: string;
  readonly #listed: string;
  readonly #format: number;

  /** @param format what this program knows */
  constructor(schema: string, format: number) {
    this.#format = format;
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
    return this.#loaded(rows).byGid(gids, isBare);
  }

  /** To be driven: a workflow without its branches, whose results nobody needs for that. In the order asked for. */
  async byId(connection: Connection, ids: readonly number[]): Promise<Loaded[]> {
    return this.#loaded(await connection.query(this.#byId, [arrayOf('bigint', ids)])).byId(ids);
  }

  /** Bare rows, for lists, in the order asked for. */
  async listed(connection: Connection, ids: readonly number[]): Promise<Row[]> {
    return this.#loaded(await connection.query(this.#listed, [arrayOf('bigint', ids)])).rows(ids);
  }

  /** Rows of branches are those with a branch_id. */
  #loaded(rows: readonly Row[]): LoadedRows {
    return new LoadedRows(rows, this.#format, (row) => row[columnCount] !== null);
  }
}
