import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { failingPrefixes } from '@holdfast/core';
import type { Counts, KeyValue, OwnedRow } from '../../store.ts';
import { Query } from '../connection.ts';
import { numberAt, roughNumberAt, roughTextAt, textAt } from '../values.ts';
import type { Ask, Step } from '../worker/jobs.ts';
import { unfinished } from './transaction-row.ts';

/** A step of a purge ends with the transaction that passes this: freeing pages takes time too. */
const purgeBytes = 4 * 1024 * 1024;

/** What the worker thread does beside listing. The caller holds a transaction of the database. */
export class Upkeep {
  readonly #finished: Query;
  readonly #deletes: readonly StatementSync[];
  readonly #owned: Query;
  readonly #byStatus: Query;
  readonly #incidents: Query;
  readonly #ownedCount: Query;
  readonly #due: Query;
  readonly #sleeping: Query;
  readonly #makeDue: StatementSync;
  readonly #values: Query;

  constructor(db: DatabaseSync) {
    this.#finished = new Query(
      db,
      `select id, definition_bytes + branches_bytes from transactions indexed by transactions_finished
       where status in ('succeed', 'failed') and finished_ms < ? order by finished_ms limit ?`,
    );
    this.#deletes = ['set_aside', 'branches', 'definitions', 'transactions'].map((table) =>
      db.prepare(`delete from ${table} where id = ?`),
    );
    this.#owned = new Query(
      db,
      `select gid, version from transactions indexed by transactions_owned
       where owner is not null and ${unfinished} and owner = ? and gid > ? order by gid limit ?`,
    );
    this.#byStatus = new Query(
      db,
      `select count(*) from transactions indexed by transactions_status where status <> 'succeed' and status = ?`,
    );
    this.#incidents = new Query(
      db,
      `select count(*), count(*) filter (where ${Object.values(failingPrefixes)
        .map((prefix) => `substr(incident, 1, ${prefix.length}) <> '${prefix}'`)
        .join(' and ')})
       from transactions indexed by transactions_incident where incident <> '' and ${unfinished}`,
    );
    this.#ownedCount = new Query(
      db,
      `select count(*) from transactions indexed by transactions_owned where owner is not null and ${unfinished}`,
    );
    this.#due = new Query(
      db,
      `select count(*), min(due_ms) from transactions indexed by transactions_due
       where owner is null and ${unfinished} and due_ms <= ?`,
    );
    this.#sleeping = new Query(
      db,
      `select id from transactions indexed by transactions_due
       where owner is null and ${unfinished} and due_ms > ? order by due_ms limit ?`,
    );
    this.#makeDue = db.prepare('update transactions set due_ms = ?, version = version + 1 where id = ?');
    this.#values = new Query(
      db,
      `select key, value, version, created_ms, updated_ms from key_values
       where category = ? and key > ? order by key limit ?`,
    );
  }

  /** Branches, definition and row go in one transaction. */
  purge({ beforeMs, limit }: Ask<'purge'>): Step {
    const rows = this.#finished.all(beforeMs, limit);
    let bytes = 0;
    let changed = 0;
    for (const row of rows) {
      for (const statement of this.#deletes) statement.run(numberAt(row, 0));
      changed += 1;
      bytes += roughNumberAt(row, 1);
      if (bytes >= purgeBytes) break;
    }
    return { changed, hasMore: changed < rows.length || rows.length === limit };
  }

  /** Earliest first; one that is due already stays as it is. */
  makeManyDue({ afterMs, limit, nowMs }: Ask<'makeManyDue'>): Step {
    const rows = this.#sleeping.all(Math.max(afterMs, nowMs), limit + 1);
    const changed = Math.min(rows.length, limit);
    for (const row of rows.slice(0, limit)) this.#makeDue.run(nowMs, numberAt(row, 0));
    return { changed, hasMore: rows.length > limit };
  }

  owned({ incarnation, afterGid, limit }: Ask<'owned'>): OwnedRow[] {
    const rows = this.#owned.all(incarnation, afterGid, limit);
    return rows.map((row) => {
      const gid = roughTextAt(row, 0);
      return { gid, version: roughNumberAt(row, 1), place: gid };
    });
  }

  counts(nowMs: number): Counts {
    const count = (query: Query, ...parameters: (string | number)[]) => numberAt(query.first(...parameters) ?? [], 0);
    const due = this.#due.first(nowMs) ?? [];
    const incidents = this.#incidents.first() ?? [];
    return {
      unfinished: {
        prepared: count(this.#byStatus, 'prepared'),
        submitted: count(this.#byStatus, 'submitted'),
        aborting: count(this.#byStatus, 'aborting'),
      },
      incidents: numberAt(incidents, 0),
      decisions: numberAt(incidents, 1),
      owned: count(this.#ownedCount),
      due: numberAt(due, 0),
      oldestDueMs: numberAt(due, 0) === 0 ? undefined : roughNumberAt(due, 1),
    };
  }

  listValues({ category, afterKey, limit }: Ask<'listValues'>): KeyValue[] {
    return this.#values.all(category, afterKey, limit).map((row) => ({
      category,
      key: textAt(row, 0),
      value: roughTextAt(row, 1),
      version: roughNumberAt(row, 2),
      createdMs: roughNumberAt(row, 3),
      updatedMs: roughNumberAt(row, 4),
    }));
  }
}
