import type { EntriesOf, Entries as IsEntries } from '../../remote/dialect.ts';
import type { Place } from '../../remote/position.ts';
import type { Row } from '../../remote/values.ts';
import type { Connection } from '../connection.ts';
import { text } from './columns.ts';

const columns = `t.id, t.created_ms, ${text('t.gid')} as gid_text, ${text('t.type')}, ${text('t.status')},
  t.definition_bytes + length(t.progress), ${text('t.incident')}`;

export class Entries implements IsEntries<Connection> {
  readonly #all: string;
  readonly #ofStatus: string;
  readonly #failed: string;
  readonly #incidents: string;
  readonly #fromGid: string;

  constructor(prefix: string) {
    // A comparison of pairs would read no range of an index.
    const page = (o: string) =>
      `${o}.created_ms <= ? and ${o}.created_ms >= ? and (${o}.created_ms < ? or ${o}.gid < ?)`;
    const order = (o: string) => `order by ${o}.created_ms desc, ${o}.gid desc`;
    const entries = (table: string) => `
      select ${columns}
      from (select o.id, o.created_ms, o.gid from ${prefix}${table} o where ${page('o')} ${order('o')} limit ?) o
      straight_join ${prefix}transactions t on t.id = o.id ${order('o')}`;
    this.#all = `select ${columns} from ${prefix}transactions t where ${page('t')} ${order('t')} limit ?`;
    this.#failed = entries('failed');
    this.#incidents = entries('incidents');
    this.#ofStatus = `
      select ${columns} from ${prefix}active a straight_join ${prefix}transactions t on t.id = a.id
      where a.created_ms <= ? and a.created_ms >= ? and (a.created_ms < ? or t.gid < ?) and a.status = ?
      order by a.created_ms desc, t.gid desc limit ?`;
    this.#fromGid = `select ${columns} from ${prefix}transactions t where t.gid >= ? order by t.gid limit ?`;
  }

  newest(
    connection: Connection,
    of: EntriesOf,
    { createdMs, gid }: Place,
    createdFromMs: number,
    limit: number,
  ): Promise<Row[]> {
    const values = [createdMs, createdFromMs, createdMs, Buffer.from(gid)];
    const most = String(limit);
    if (of === 'all') return connection.query(this.#all, [...values, most]);
    if (of === 'failed') return connection.query(this.#failed, [...values, most]);
    if (of === 'incidents') return connection.query(this.#incidents, [...values, most]);
    return connection.query(this.#ofStatus, [...values, of, most]);
  }

  fromGid(connection: Connection, gid: string, limit: number): Promise<Row[]> {
    return connection.query(this.#fromGid, [Buffer.from(gid), String(limit)]);
  }
}
