import type { DatabaseSync } from 'node:sqlite';
import { type ListFilter, StoreError } from '../../store.ts';
import { Query } from '../connection.ts';
import { numberAt, type Row, roughNumberAt, roughTextAt } from '../values.ts';
import { transactionColumns, transactionTables, unfinished } from './transaction-row.ts';

/** Index entries one page looks at, at most: a page may be short and have a next one. */
const scanRows = 2000;
/** A page ends with the transaction that passes this. */
const pageBytes = 8 * 1024 * 1024;
/** A gid prefix with no more matches than this is answered from the gids instead of page by page. */
const prefixRows = 1000;

/** A place in the order of the list: rows after it have a lower createdMs, or the same and a lower gid. */
interface Position {
  readonly createdMs: number;
  readonly gid: string;
}

/** What is looked at per row before it is read whole: id, created_ms, gid, type, status, bytes of its texts, incident. */
const entryColumns =
  'id, created_ms, gid, type, status, definition_bytes + octet_length(progress) + octet_length(reason), incident';

/** The list, newest first. The caller holds a transaction of the database. */
export class Listing {
  readonly #byCreation: Query;
  readonly #byStatus: Query;
  readonly #byIncident: Query;
  readonly #byGid: Query;
  readonly #whole: Query;

  constructor(db: DatabaseSync) {
    this.#byCreation = new Query(
      db,
      `select ${entryColumns} from transactions indexed by transactions_created
       where (created_ms, gid) < (?, ?) and created_ms >= ? order by created_ms desc, gid desc limit ?`,
    );
    this.#byStatus = new Query(
      db,
      `select ${entryColumns} from transactions indexed by transactions_status
       where status <> 'succeed' and status = ? and (created_ms, gid) < (?, ?) and created_ms >= ?
       order by created_ms desc, gid desc limit ?`,
    );
    this.#byIncident = new Query(
      db,
      `select ${entryColumns} from transactions indexed by transactions_incident
       where incident <> '' and ${unfinished} and (created_ms, gid) < (?, ?) and created_ms >= ?
       order by created_ms desc, gid desc limit ?`,
    );
    this.#byGid = new Query(db, `select ${entryColumns} from transactions where gid >= ? order by gid limit ?`);
    this.#whole = new Query(db, `select ${transactionColumns} from ${transactionTables} where t.id = ?`);
  }

  page(filter: ListFilter): { rows: Row[]; next: string } {
    const before = startOf(filter);
    const few = this.#fewByGid(filter, before);
    const rows: Row[] = [];
    let bytes = 0;
    let seen = 0;
    for (const entry of few ?? this.#scan(filter, before)) {
      seen += 1;
      const isFull = rows.length >= filter.limit || bytes >= pageBytes;
      if (!isFull && matches(filter, entry)) {
        const row = this.#whole.first(numberAt(entry, 0));
        if (row !== undefined) rows.push(row);
        bytes += roughNumberAt(entry, 5);
      }
      const isLast = rows.length >= filter.limit || bytes >= pageBytes || (few === undefined && seen >= scanRows);
      if (isLast) return { rows, next: toText(positionOf(entry)) };
    }
    return { rows, next: '' };
  }

  #scan({ status, hasIncident, createdFromMs = 0 }: ListFilter, { createdMs, gid }: Position): Iterable<Row> {
    if (hasIncident === true) return this.#byIncident.rows(createdMs, gid, createdFromMs, scanRows);
    return status === undefined || status === 'succeed'
      ? this.#byCreation.rows(createdMs, gid, createdFromMs, scanRows)
      : this.#byStatus.rows(status, createdMs, gid, createdFromMs, scanRows);
  }

  /** In the list's order; undefined: the filter names no gid, or too many. */
  #fewByGid({ gid, gidPrefix }: ListFilter, before: Position): Row[] | undefined {
    if (gid === undefined && gidPrefix === undefined) return undefined;
    const start = gid ?? gidPrefix ?? '';
    const found = gid === undefined ? this.#byGid.all(start, prefixRows + 1) : this.#byGid.all(start, 1);
    const rows = found.filter((row) => (gid === undefined ? roughTextAt(row, 2).startsWith(start) : row[2] === gid));
    if (rows.length > prefixRows) return undefined;
    return rows
      .filter((row) => compare(positionOf(row), before) < 0)
      .sort((a, b) => compare(positionOf(b), positionOf(a)));
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

const positionOf = (row: Row): Position => ({
  createdMs: roughNumberAt(row, 1),
  gid: roughTextAt(row, 2),
});

/** As SQLite does: text by its bytes in UTF-8. */
function compare(a: Position, b: Position): number {
  return a.createdMs - b.createdMs || Buffer.compare(Buffer.from(a.gid), Buffer.from(b.gid));
}

/** Where the page begins: after the position, and not above the latest creation time asked for. */
function startOf({ position, createdToMs = Number.MAX_SAFE_INTEGER }: ListFilter): Position {
  const top = { createdMs: createdToMs + 1, gid: '' };
  if (position === undefined || position === '') return top;
  const from = fromText(position);
  return compare(from, top) < 0 ? from : top;
}

const toText = ({ createdMs, gid }: Position) => `${createdMs}.${Buffer.from(gid).toString('base64url')}`;

function fromText(text: string): Position {
  const [, created = '', gid = ''] = /^(-?\d{1,16})\.([\w-]*)$/.exec(text) ?? [];
  const position = { createdMs: Number(created), gid: Buffer.from(gid, 'base64url').toString() };
  if (created === '' || toText(position) !== text) {
    throw new StoreError('bad-position', 'position: must be the next_position of the page before, unchanged');
  }
  return position;
}
