import type { ListFilter } from '../../store.ts';
import type { Entries, EntriesOf, Loader } from '../dialect.ts';
import { comparePlaces, type Place, placeText, startOf } from '../position.ts';
import { numberAt, type Row, roughNumberAt, roughTextAt } from '../values.ts';

/** Entries one page looks at, at most: a page may be short and have a next one. */
const scanRows = 2000;
/**
 * So many of them are read at once: most pages need no more. For many more a server that has no statistics would rather
 * read all that is stored.
 */
const stepRows = 200;
/** A page ends with the transaction that passes this. */
const pageBytes = 8 * 1024 * 1024;
/** A gid prefix with no more matches than this is answered from the gids instead of page by page. */
const prefixRows = 1000;

/** The list, newest first. */
export class Listing<S> {
  readonly #parts: { readonly entries: Entries<S>; readonly loader: Loader<S> };

  constructor(parts: { readonly entries: Entries<S>; readonly loader: Loader<S> }) {
    this.#parts = parts;
  }

  async page(connection: S, filter: ListFilter): Promise<{ rows: Row[]; next: string }> {
    const before = startOf(filter);
    const ids: number[] = [];
    let bytes = 0;
    let seen = 0;
    const answer = async (next: string) => ({ rows: await this.#parts.loader.listed(connection, ids), next });
    for await (const { entry, isOfScan } of this.#entries(connection, filter, before)) {
      seen += 1;
      if (matches(filter, entry)) {
        ids.push(numberAt(entry, 0));
        bytes += roughNumberAt(entry, 5);
      }
      const isFull = ids.length >= filter.limit || bytes >= pageBytes;
      if (isFull || (isOfScan && seen >= scanRows)) return answer(placeText(placeOf(entry)));
    }
    return answer('');
  }

  /** In the list's order: of a gid prefix that few have, else of all. */
  async *#entries(connection: S, filter: ListFilter, before: Place): AsyncGenerator<{ entry: Row; isOfScan: boolean }> {
    const few = await this.#fewByGid(connection, filter, before);
    if (few !== undefined) {
      for (const entry of few) yield { entry, isOfScan: false };
      return;
    }
    for (let place = before; ; ) {
      const fromMs = filter.createdFromMs ?? 0;
      const entries = await this.#parts.entries.newest(connection, entriesOf(filter), place, fromMs, stepRows);
      for (const entry of entries) yield { entry, isOfScan: true };
      const last = entries.at(-1);
      if (last === undefined || entries.length < stepRows) return;
      place = placeOf(last);
    }
  }

  /** In the list's order; undefined: the filter names no gid, or too many. */
  async #fewByGid(connection: S, { gid, gidPrefix }: ListFilter, before: Place): Promise<Row[] | undefined> {
    if (gid === undefined && gidPrefix === undefined) return undefined;
    const start = gid ?? gidPrefix ?? '';
    const found = await this.#parts.entries.fromGid(connection, start, gid === undefined ? prefixRows + 1 : 1);
    const rows = found.filter((row) => (gid === undefined ? roughTextAt(row, 2).startsWith(start) : row[2] === gid));
    if (rows.length > prefixRows) return undefined;
    return rows
      .filter((row) => comparePlaces(placeOf(row), before) < 0)
      .sort((a, b) => comparePlaces(placeOf(b), placeOf(a)));
  }
}

function entriesOf({ status, hasIncident }: ListFilter): EntriesOf {
  if (hasIncident === true) return 'incidents';
  return status === undefined || status === 'succeed' ? 'all' : status;
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
