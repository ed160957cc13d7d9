import { failingPrefixes } from '@holdfast/core';
import type { ChangedRow, SeenRow } from '../../nodes.ts';
import type { Upkeep as IsUpkeep, Purged, PurgePlace } from '../../remote/dialect.ts';
import { toCounts } from '../../remote/rows/counts.ts';
import { toKeyValue } from '../../remote/rows/key-value.ts';
import { numberAt, roughNumberAt, roughTextAt, textAt } from '../../remote/values.ts';
import type { Counts, KeyValue, NotedRow, OwnedRow } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { text } from './columns.ts';

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

  constructor(prefix: string) {
    const isDecision = Object.values(failingPrefixes)
      .map((start) => `left(incident, ${start.length}) <> '${start}'`)
      .join(' and ');
    this.#purge = `call ${prefix}purge_1(?, ?, ?, ?, ?, ?)`;
    this.#note = `call ${prefix}note_1(?, ?, ?, ?)`;
    this.#makeDue = `call ${prefix}make_due_1(?, ?)`;
    this.#makeManyDue = `call ${prefix}make_many_due_1(?, ?, ?)`;
    this.#owned = `
      select ${text('t.gid')}, t.version, a.id
      from ${prefix}active a force index (primary) straight_join ${prefix}transactions t on t.id = a.id
      where a.owner = ? and a.id > ? order by a.id limit ?`;
    this.#counts = `
      select ${text('status')}, owner <> '', count(*), cast(sum(owner = '' and due_ms <= ?) as signed),
        min(if(owner = '' and due_ms <= ?, due_ms, null)) from ${prefix}active group by status, owner <> ''
      union all
      select 'incident', null, count(*), cast(ifnull(sum(${isDecision}), 0) as signed), null from ${prefix}incidents`;
    this.#changed = `
      select s.gid, ifnull(t.version, 0), if(t.status in ('succeed', 'failed'), null, ${text('t.owner')})
      from json_table(?, '$[*]' columns (
        gid varchar(513) character set utf8mb4 path '$[0]', version bigint path '$[1]')) s
      left join ${prefix}transactions t on t.gid = cast(s.gid as binary)
      where not (t.version <=> s.version)`;
    const valueColumns = `${text('name')}, ${text('value')}, version, created_ms, updated_ms from ${prefix}key_values`;
    this.#values = `select ${valueColumns} where category = ? and name > ? order by name limit ?`;
    this.#value = `select ${valueColumns} where category = ? and name = ?`;
    this.#putValue = `call ${prefix}put_value_1(?, ?, ?, ?, ?)`;
    this.#deleteValue = `call ${prefix}delete_value_1(?, ?)`;
  }

  async purge(connection: Connection, beforeMs: number, limit: number, from: PurgePlace): Promise<Purged> {
    const values = [beforeMs, limit, purgeBytes, purgeSeen, from.createdMs, Buffer.from(from.gid)];
    const [[row = []] = []] = await connection.call(this.#purge, values);
    const next = row[3] === 1 ? undefined : { createdMs: numberAt(row, 0), gid: textAt(row, 1) };
    return { changed: numberAt(row, 2), next };
  }

  async note(connection: Connection, { gid, owner, version }: NotedRow, incident: string): Promise<boolean> {
    const [[row = []] = []] = await connection.call(this.#note, [
      Buffer.from(gid),
      owner,
      version,
      Buffer.from(incident),
    ]);
    return row[0] === 1;
  }

  async makeDue(connection: Connection, gid: string, nowMs: number): Promise<boolean> {
    const [[row = []] = []] = await connection.call(this.#makeDue, [Buffer.from(gid), nowMs]);
    return row[0] === 'd';
  }

  async makeManyDue(
    connection: Connection,
    afterMs: number,
    limit: number,
    nowMs: number,
  ): Promise<{ changed: number; hasMore: boolean }> {
    const [[row = []] = []] = await connection.call(this.#makeManyDue, [afterMs, limit, nowMs]);
    return { changed: numberAt(row, 0), hasMore: row[1] === 1 };
  }

  async owned(connection: Connection, incarnation: string, afterId: number, limit: number): Promise<OwnedRow[]> {
    const rows = await connection.query(this.#owned, [Buffer.from(incarnation), afterId, String(limit)]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: roughNumberAt(row, 1), place: String(row[2]) }));
  }

  async changed(connection: Connection, seen: readonly SeenRow[]): Promise<ChangedRow[]> {
    const asked = JSON.stringify(seen.map(({ gid, version }) => [gid, version]));
    const rows = await connection.query(this.#changed, [asked]);
    return rows.map((row) => ({ gid: textAt(row, 0), version: numberAt(row, 1), owner: roughTextAt(row, 2) || null }));
  }

  async counts(connection: Connection, nowMs: number): Promise<Counts> {
    return toCounts(await connection.query(this.#counts, [nowMs, nowMs]));
  }

  async listValues(connection: Connection, category: string, afterKey: string, limit: number): Promise<KeyValue[]> {
    const rows = await connection.query(this.#values, [Buffer.from(category), Buffer.from(afterKey), String(limit)]);
    return rows.map((row) => toKeyValue(category, row));
  }

  async getValue(connection: Connection, category: string, key: string): Promise<KeyValue | undefined> {
    const [row] = await connection.query(this.#value, [Buffer.from(category), Buffer.from(key)]);
    return row === undefined ? undefined : toKeyValue(category, row);
  }

  async putValue(connection: Connection, value: KeyValue): Promise<boolean> {
    const values = [value.category, value.key, value.value, value.version, value.updatedMs];
    const [[row = []] = []] = await connection.call(this.#putValue, values);
    return row[0] === 1;
  }

  async deleteValue(connection: Connection, category: string, key: string): Promise<boolean> {
    const [[row = []] = []] = await connection.call(this.#deleteValue, [category, key]);
    return row[0] === 1;
  }
}
