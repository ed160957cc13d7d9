import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type ClaimRequest,
  type ClaimResult,
  type StoredTransaction,
  StoreError,
  type UnreadableRow,
} from '../../store.ts';
import { Query } from '../connection.ts';
import { numberAt, type Row, roughNumberAt } from '../values.ts';
import { owesAlert } from './alerts.ts';
import type { Loader } from './loader.ts';
import { unfinished } from './transaction-row.ts';

/** How long a row that cannot be read is left alone; it counts as an incident. */
const unreadablePauseMs = 10 * 60_000;
/** How long nothing is claimed where all that an index calls due is not so in its row: that is damage, and stays. */
const strayPauseMs = 1000;

/** Nothing is due later than this from now (options reach ten years): where a row says so, it is damaged. */
const farthestDueMs = 12 * 366 * 24 * 3_600_000;

/** The statements behind `claim`. The caller holds the write transaction. */
export class Claimer {
  readonly #loader: Loader;
  readonly #ownedBelow: Query;
  readonly #ownedAbove: Query;
  readonly #due: Query;
  readonly #neverDue: Query;
  readonly #nextDue: Query;
  readonly #take: StatementSync;
  readonly #setAside: StatementSync;
  readonly #incident: Query;

  constructor(db: DatabaseSync, loader: Loader) {
    this.#loader = loader;
    // Two ranges around the asking incarnation, because "not equal" cannot use an index.
    const owned = (side: '<' | '>') => `
      select id, version, definition_bytes + branches_bytes from transactions indexed by transactions_owned
      where owner is not null and ${unfinished} and owner ${side} ? order by owner, gid limit ?`;
    this.#ownedBelow = new Query(db, owned('<'));
    this.#ownedAbove = new Query(db, owned('>'));
    this.#due = new Query(
      db,
      `select id, version, definition_bytes + branches_bytes from transactions indexed by transactions_due
       where owner is null and ${unfinished} and due_ms <= ? order by due_ms limit ?`,
    );
    this.#neverDue = new Query(
      db,
      `select id, version, definition_bytes + branches_bytes from transactions indexed by transactions_due
       where owner is null and ${unfinished} and due_ms > ? limit ?`,
    );
    this.#nextDue = new Query(
      db,
      `select due_ms from transactions indexed by transactions_due
       where owner is null and ${unfinished} order by due_ms limit 1`,
    );
    // A version that is no version any more, as after damage, begins anew.
    this.#take = db.prepare(`
      update transactions set owner = ?, handed_back = (handed_back and owner is null),
        version = iif(typeof(version) = 'integer' and version between 0 and ${Number.MAX_SAFE_INTEGER - 1}, version + 1, 1)
      where id = ? and version = ? and ${unfinished} and owner is not ?1`);
    this.#setAside = db.prepare(`
      update transactions set owner = null, version = version + 1, due_ms = ?, incident = ?2, ${owesAlert('?2')}
      where id = ?`);
    this.#incident = new Query(db, 'select incident from transactions where id = ?');
  }

  /** One row more than asked for is looked at, to know whether some are left. */
  claim({ incarnation, nowMs, maxCount, maxBytes }: ClaimRequest): ClaimResult {
    const page = new Page(maxCount, maxBytes);
    const unreadable: UnreadableRow[] = [];
    let strays = 0;
    const take = (rows: readonly Row[]) => {
      for (const row of rows) {
        if (page.isFull) break;
        const claimed = this.#takeRow(row, incarnation, nowMs, unreadable);
        if (claimed === 'stray') strays += 1;
        else if (claimed !== undefined) page.add(claimed, roughNumberAt(row, 2));
      }
    };
    const dead = this.#ownedBelow.all(incarnation, maxCount + 1);
    dead.push(...this.#ownedAbove.all(incarnation, maxCount + 1 - dead.length));
    take(dead);
    const isMoreOfTheDead = dead.length > maxCount || (page.claimed.length < dead.length && page.isFull);
    if (!page.isFull) take(this.#due.all(nowMs, maxCount - page.claimed.length));
    if (!page.isFull) take(this.#neverDue.all(nowMs + farthestDueMs, maxCount - page.claimed.length));
    const next = this.#nextDue.first();
    let nextDueMs = next === undefined ? undefined : roughNumberAt(next, 0);
    if (strays > 0 && !page.isFull) nextDueMs = Math.max(nextDueMs ?? 0, nowMs + strayPauseMs);
    return {
      claimed: page.claimed,
      nextDueMs: isMoreOfTheDead ? Math.min(nowMs, nextDueMs ?? nowMs) : nextDueMs,
      ...(unreadable.length > 0 && { unreadable }),
    };
  }

  #takeRow(
    row: Row,
    incarnation: string,
    nowMs: number,
    unreadable: UnreadableRow[],
  ): StoredTransaction | 'stray' | undefined {
    const id = numberAt(row, 0);
    if (this.#take.run(incarnation, id, row[1] ?? null).changes === 0) return 'stray';
    try {
      return this.#loader.byId(id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // It must not keep the others waiting: nobody owns it, and it is looked at again after a while.
      const incident = `unreadable: ${error.message}`;
      const [former] = this.#incident.first(id) ?? [];
      this.#setAside.run(nowMs + unreadablePauseMs, incident, id);
      const told = former === incident ? undefined : this.#loader.unreadable(id, error);
      if (told !== undefined) unreadable.push(told);
      return undefined;
    }
  }
}

/** What one claim may take: it ends with the transaction that passes the limit of bytes. */
class Page {
  readonly claimed: StoredTransaction[] = [];
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.claimed.length >= this.#maxCount || (this.claimed.length > 0 && this.#bytes > this.#maxBytes);
  }

  add(transaction: StoredTransaction, bytes: number): void {
    this.claimed.push(transaction);
    this.#bytes += bytes;
  }
}
