import { failingPrefixes } from '@holdfast/core';
import type { ChangedRow, SeenRow } from '../../nodes.ts';
import { numberAt, roughNumberAt, roughTextAt, textAt } from '../../remote/values.ts';
import type { Counts, KeyValue, OwnedRow } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

/** Where a purge has come to, in the order of creation. */
export interface PurgePlace {
  readonly createdMs: number;
  readonly gid: string;
}

export interface Purged {
  readonly changed: number;
  /** Undefined: all that was created before has been looked at. */
  readonly next: PurgePlace | undefined;
}

/** A step of a purge ends with the transaction that passes this. */
const purgeBytes = 4 * 1024 * 1024;
/** Rows that a step of a purge looks at. */
const purgeSeen = 2000;

/** What is done beside writing, claiming and listing. */
export class Upkeep {
  readonly #purge: string;
  readonly #makeDue: string;
  readonly #makeManyDue: string;
  readonly #owned: string;
  readonly #counts: string;
  readonly #changed: string;
  readonly #values: string;
  readonly #value: string;
  readonly #putValue: string;
  readonly #deleteValue: string;

  constructor(schema: string) {
    const isDecision = Object.values(failingPrefixes)
      .map((prefix) => `not starts_with(incident, '${prefix}')`)
      .join(' and ');
    this.#purge = `call ${schema}.purge_1($1, $2, $3, $4, $5, $6, null, null)`;
    this.#makeDue = `call ${schema}.make_due_1($1, $2, null)`;
    this.#makeManyDue = `call ${schema}.make_many_due_1($1, $2, $3, null, null)`;
    this.#owned = `
      select t.gid, t.version from (select id from ${schema}.active where owner = $1) a
      cross join lateral (select * from ${schema}.transactions t where t.id = a.id offset 0) t
      where t.gid > $2 order by t.gid limit $3`;
    this.#counts = `
      select status, owner <> '' as is_owned, count(*), count(*) filter (where owner = '' and due_ms <= $1),
        min(due_ms) filter (where owner = '' and due_ms <= $1) from ${schema}.active group by 1, 2
      union all
      select 'incident', null, count(*), count(*) filter (where ${isDecision}), null from ${schema}.incidents`;
    this.#changed = `
      select s.gid, coalesce(t.version, 0), t.owner
      from unnest($1::text[], $2::bigint[]) as s(gid, version)
      left join lateral (select version, case when status in ('succeed', 'failed') then null else owner end as owner
        from ${schema}.transactions t where t.gid = s.gid offset 0) t on true
      where t.version is distinct from s.version`;
    this.#values = `
      select key, value, version, created_ms, updated_ms from ${schema}.key_values
      where category = $1 and key > $2 order by key limit $3`;
    this.#value = `
      select key, value, version, created_ms, updated_ms from ${schema}.key_values where category = $1 and key = $2`;
    this.#putValue = `call ${schema}.put_value_1($1, $2, $3, $4, $5, null)`;
    this.#deleteValue = `call ${schema}.delete_value_1($1, $2, null)`;
  }

  async purge(connection: Connection, beforeMs: number, limit: number, from: PurgePlace): Promise<Purged> {
    const values = [beforeMs, limit, purgeBytes, purgeSeen, from.createdMs, from.gid];
    const [row = []] = await connection.query(this.#purge, values);
    const next = row[3] === true ? undefined : { createdMs: numberAt(row, 0), gid: textAt(row, 1) };
    return { changed: numberAt(row, 2), next };
  }

  async makeDue(connection: Connection, gid: string, nowMs: number): Promise<boolean> {
    const [row = []] = await connection.query(this.#makeDue, [gid, nowMs]);
    return row[0] === 'd';
  }

  /** Earliest first; one that is due already stays as it is. */
  async makeManyDue(
    connection: Connection,
    afterMs: number,
    limit: number,
    nowMs: number,
  ): Promise<{ changed: number; hasMore: boolean }> {
    const [row = []] = await connection.query(this.#makeManyDue, [afterMs, limit, nowMs]);
    return { changed: numberAt(row, 0), hasMore: row[1] === true };
  }

  async owned(connection: Connection, incarnation: string, afterGid: string, limit: number): Promise<OwnedRow[]> {
    const rows = await connection.query(this.#owned, [incarnation, afterGid, limit]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: roughNumberAt(row, 1) }));
  }

  async changed(connection: Connection, seen: readonly SeenRow[]): Promise<ChangedRow[]> {
    const gids = seen.map(({ gid }) => gid);
    const versions = seen.map(({ version }) => version);
    const rows = await connection.query(this.#changed, [arrayOf('text', gids), arrayOf('bigint', versions)]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: numberAt(row, 1), owner: roughTextAt(row, 2) || null }));
  }

  async counts(connection: Connection, nowMs: number): Promise<Counts> {
    const unfinished = { prepared: 0, submitted: 0, aborting: 0 };
    const sums = { incidents: 0, decisions: 0, owned: 0, due: 0 };
    let oldestDueMs: number | undefined;
    for (const row of await connection.query(this.#counts, [nowMs])) {
      const [status, isOwned] = row;
      const count = numberAt(row, 2);
      if (status === 'incident') {
        sums.incidents = count;
        sums.decisions = numberAt(row, 3);
        continue;
      }
      if (status === 'prepared' || status === 'submitted' || status === 'aborting') unfinished[status] += count;
      if (isOwned === true) sums.owned += count;
      sums.due += numberAt(row, 3);
      if (row[4] !== null) oldestDueMs = Math.min(oldestDueMs ?? Number.POSITIVE_INFINITY, numberAt(row, 4));
    }
    return { unfinished, ...sums, oldestDueMs };
  }

  async listValues(connection: Connection, category: string, afterKey: string, limit: number): Promise<KeyValue[]> {
    const rows = await connection.query(this.#values, [category, afterKey, limit]);
    return rows.map((row) => toValue(category, row));
  }

  async getValue(connection: Connection, category: string, key: string): Promise<KeyValue | undefined> {
    const [row] = await connection.query(this.#value, [category, key]);
    return row === undefined ? undefined : toValue(category, row);
  }

  async putValue(connection: Connection, value: KeyValue): Promise<boolean> {
    const values = [value.category, value.key, value.value, value.version, value.updatedMs];
    const [row = []] = await connection.query(this.#putValue, values);
    return row[0] === true;
  }

  async deleteValue(connection: Connection, category: string, key: string): Promise<boolean> {
    const [row = []] = await connection.query(this.#deleteValue, [category, key]);
    return row[0] === true;
  }
}

function toValue(category: string, row: readonly unknown[]): KeyValue {
  return {
    category,
    key: textAt(row, 0),
    value: textAt(row, 1),
    version: numberAt(row, 2),
    createdMs: numberAt(row, 3),
    updatedMs: numberAt(row, 4),
  };
}
