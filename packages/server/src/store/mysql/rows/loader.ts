import type { Loader as IsLoader } from '../../remote/dialect.ts';
import { columnCount, type Loaded, LoadedRows } from '../../remote/loaded-rows.ts';
import type { Row } from '../../remote/values.ts';
import type { StoredTransaction } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { branchColumns, gidsTable, idsTable, transactionColumns } from './columns.ts';

const handedBackColumn = 15;

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
  constructor(prefix: string, format: number) {
    this.#format = format;
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
    return loaded(rows, this.#format).byGid(gids, isBare);
  }

  /** To be driven: a workflow without its branches, whose results nobody needs for that. In the order asked for. */
  async byId(connection: Connection, ids: readonly number[]): Promise<Loaded[]> {
    const asked = JSON.stringify(ids);
    return loaded(await connection.query(this.#byId, [asked, asked]), this.#format).byId(ids);
  }

  /** Bare rows, for lists, in the order asked for. */
  async listed(connection: Connection, ids: readonly number[]): Promise<Row[]> {
    if (ids.length === 0) return [];
    return loaded(await connection.query(this.#listed, [JSON.stringify(ids)]), this.#format).rows(ids);
  }
}

/** The driver gives bytes as a Buffer, which does not equal the same bytes. */
const plain = (row: Row): Row =>
  row.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value.buffer, value.byteOffset, value.length) : value));

/** Rows of branches are those with a position. MySQL has no booleans. */
function loaded(rows: readonly Row[], format: number): LoadedRows {
  const isBranch = (row: Row) => row[columnCount + 3] !== null;
  const read = rows
    .map(plain)
    .map((row) => (isBranch(row) ? row : row.with(handedBackColumn, row[handedBackColumn] === 1)));
  return new LoadedRows(read, format, isBranch);
}
