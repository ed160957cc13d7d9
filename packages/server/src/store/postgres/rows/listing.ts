import { comparePlaces, type Place, placeText, startOf } from '../../remote/position.ts';
import { numberAt, type Row, roughNumberAt, roughTextAt } from '../../remote/values.ts';
import type { ListFilter } from '../../store.ts';
import type { Connection } from '../connection.ts';
import type { Loader } from './loader.ts';

/** Entries one page looks at, at most: a page may be short and have a next one. */
const scanRows = 2000;
/** A page ends with the transaction that passes this. */
const pageBytes = 8 * 1024 * 1024;
/** A gid prefix with no more matches than this is answered from the gids instead of page by page. */
const prefixRows = 1000;

/** What is looked at per row before it is read whole: id, created_ms, gid, type, status, bytes of its texts, incident. */
const entryColumns = 't.id, t.created_ms, t.gid, t.type, t.status, t.definition_bytes + length(t.progress), t.incident';

/** The list, newest first. */
export class Listing {
  readonly #loader: Loader;
  readonly #byCreation: string;
  readonly #byStatus: string;
  readonly #failed: string;
  readonly #byIncident: string;
  readonly #byGid: string;

  constructor(schema: string, loader: Loader) {
    this.#loader = loader;
    const order = 'order by created_ms desc, gid desc limit $4';
    const page = '(created_ms, gid) < ($1, $2) and created_ms >= $3';
    const entries = (from: string) =>
      `select ${entryColumns} from ${from} o cross join lateral
       (select * from ${schema}.transactions t where t.id = o.id offset 0) t`;
    this.#byCreation = `select ${entryColumns} from ${schema}.transactions t where ${page} ${order}`;
    this.#failed = entries(`(select id from ${schema}.failed where ${page} ${order})`);
    this.#byIncident = entries(`(select id from ${schema}.incidents where ${page} ${order})`);
    // Of those created in the last millisecond of the page all are looked at: the gid alone tells their order.
    this.#byStatus = `
      select * from (${entries(`(select id from ${schema}.active where status = $5 and created_ms <= $1 and created_ms >= $3
        order by created_ms desc fetch first $4 rows with ties)`)}) t where ${page} ${order}`;
    this.#byGid = `select ${entryColumns} from ${schema}.transactions t where gid >= $1 order by gid limit $2`;
  }

  async page(connection: Connection, filter: ListFilter): Promise<{ rows: Row[]; next: string }> {
    const before = startOf(filter);
    const few = await this.#fewByGid(connection, filter, before);
    const entries = few ?? (await this.#scan(connection, filter, before));
    const ids: number[] = [];
    let bytes = 0;
    for (const [index, entry] of entries.entries()) {
      if (matches(filter, entry)) {
        ids.push(numberAt(entry, 0));
        bytes += roughNumberAt(entry, 5);
      }
      const isFull = ids.length >= filter.limit || bytes >= pageBytes;
      const isLast = isFull || (few === undefined && index + 1 >= scanRows);
      if (isLast) return { rows: await this.#loader.listed(connection, ids), next: placeText(placeOf(entry)) };
    }
    return { rows: await this.#loader.listed(connection, ids), next: '' };
  }

  #scan(connection: Connection, filter: ListFilter, { createdMs, gid }: Place): Promise<Row[]> {
    const { status, hasIncident, createdFromMs = 0 } = filter;
    const values = [createdMs, gid, createdFromMs, scanRows];
    if (hasIncident === true) return connection.query(this.#byIncident, values);
    if (status === undefined || status === 'succeed') return connection.query(this.#byCreation, values);
    if (status === 'failed') return connection.query(this.#failed, values);
    return connection.query(this.#byStatus, [...values, status]);
  }

  /** In the list's order; undefined: the filter names no gid, or too many. */
  async #fewByGid(connection: Connection, { gid, gidPrefix }: ListFilter, before: Place): Promise<Row[] | undefined> {
    if (gid === undefined && gidPrefix === undefined) return undefined;
    const start = gid ?? gidPrefix ?? '';
    const found = await connection.query(this.#byGid, [start, gid === undefined ? prefixRows + 1 : 1]);
    const rows = found.filter((row) => (gid === undefined ? roughTextAt(row, 2).startsWith(start) : row[2] === gid));
    if (rows.length > prefixRows) return undefined;
    return rows
      .filter((row) => comparePlaces(placeOf(row), before) < 0)
      .sort((a, b) => comparePlaces(placeOf(b), placeOf(a)));
  }
}

function matches(filter: ListFilter, entry: Row): boolean {
  const { gid, gidPrefix, status, type, hasIncident, createdFromMs = 0 } = filter;
  const rowStatus = entry[4];
  const isIncident = entry[6] !== '' && rowStatus !== 'succeed' && rowStatus !== 'failed';
  return (
    (hasIncident !== true || isIncident) &&
    roughNumberAt(entry, 1) >= createdFromMs &&
    (gid === undefined || entry[2] === gid) &&
    (gidPrefix === undefined || roughTextAt(entry, 2).startsWith(gidPrefix)) &&
    (type === undefined || entry[3] === type) &&
    (status === undefined || rowStatus === status)
  );
}

const placeOf = (row: Row): Place => ({ createdMs: roughNumberAt(row, 1), gid: roughTextAt(row, 2) });
