import { failingPrefixes } from '@holdfast/core';
import type { ChangedRow, SeenRow } from '../../nodes.ts';
import type { Upkeep as IsUpkeep, Purged, PurgePlace } from '../../remote/dialect.ts';
import { toCounts } from '../../remote/rows/counts.ts';
import { toKeyValue } from '../../remote/rows/key-value.ts';
import { numberAt, roughNumberAt, roughTextAt, textAt } from '../../remote/values.ts';
import type { Counts, KeyValue, NotedRow, OwnedRow } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

/** A step of a purge ends with the transaction that passes this. */
const purgeBytes = 4 * 1024 * 1024;
/** Rows that a step of a purge looks at. */
const purgeSeen = 2000;

export class Upkeep implements IsUpkeep<Connection> {
  readonly #purge: string;
  readonly #note: string;
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
    this.#note = `call ${schema}.note_1($1, $2, $3, $4, null)`;
    this.#makeDue = `call ${schema}.make_due_1($1, $2, null)`;
    this.#makeManyDue = `call ${schema}.make_many_due_1($1, $2, $3, null, null)`;
    this.#owned = `
      select t.gid, t.version, a.id from ${schema}.active a
      cross join lateral (select * from ${schema}.transactions t where t.id = a.id offset 0) t
      where a.owner = $1 and a.id > $2 order by a.id limit $3`;
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

  async note(connection: Connection, { gid, owner, version }: NotedRow, incident: string): Promise<boolean> {
    const [row = []] = await connection.query(this.#note, [gid, owner, version, incident]);
    return row[0] === true;
  }

  async makeDue(connection: Connection, gid: string, nowMs: number): Promise<boolean> {
    const [row = []] = await connection.query(this.#makeDue, [gid, nowMs]);
    return row[0] === 'd';
  }

  async makeManyDue(
    connection: Connection,
    afterMs: number,
    limit: number,
    nowMs: number,
  ): Promise<{ changed: number; hasMore: boolean }> {
    const [row = []] = await connection.query(this.#makeManyDue, [afterMs, limit, nowMs]);
    return { changed: numberAt(row, 0), hasMore: row[1] === true };
  }

  async owned(connection: Connection, incarnation: string, afterId: number, limit: number): Promise<OwnedRow[]> {
    const rows = await connection.query(this.#owned, [incarnation, afterId, limit]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: roughNumberAt(row, 1), place: String(row[2]) }));
  }

  async changed(connection: Connection, seen: readonly SeenRow[]): Promise<ChangedRow[]> {
    const gids = seen.map(({ gid }) => gid);
    const versions = seen.map(({ version }) => version);
    const rows = await connection.query(this.#changed, [arrayOf('text', gids), arrayOf('bigint', versions)]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: numberAt(row, 1), owner: roughTextAt(row, 2) || null }));
  }

  async counts(connection: Connection, nowMs: number): Promise<Counts> {
    return toCounts(await connection.query(this.#counts, [nowMs]));
  }

  async listValues(connection: Connection, category: string, afterKey: string, limit: number): Promise<KeyValue[]> {
    const rows = await connection.query(this.#values, [category, afterKey, limit]);
    return rows.map((row) => toKeyValue(category, row));
  }

  async getValue(connection: Connection, category: string, key: string): Promise<KeyValue | undefined> {
    const [row] = await connection.query(this.#value, [category, key]);
    return row === undefined ? undefined : toKeyValue(category, row);
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
