import type { EntriesOf, Entries as IsEntries } from '../../remote/dialect.ts';
import type { Place } from '../../remote/position.ts';
import type { Row } from '../../remote/values.ts';
import type { Connection } from '../connection.ts';

const columns = 't.id, t.created_ms, t.gid, t.type, t.status, t.definition_bytes + length(t.progress), t.incident';

export class Entries implements IsEntries<Connection> {
  readonly #all: string;
  readonly #ofStatus: string;
  readonly #failed: string;
  readonly #incidents: string;
  readonly #fromGid: string;

  constructor(schema: string) {
    const order = 'order by created_ms desc, gid desc limit $4';
    const page = '(created_ms, gid) < ($1, $2) and created_ms >= $3';
    const entries = (from: string) =>
      `select ${columns} from ${from} o cross join lateral
       (select * from ${schema}.transactions t where t.id = o.id offset 0) t`;
    this.#all = `select ${columns} from ${schema}.transactions t where ${page} ${order}`;
    this.#failed = entries(`(select id from ${schema}.failed where ${page} ${order})`);
    this.#incidents = entries(`(select id from ${schema}.incidents where ${page} ${order})`);
    // The gid alone orders those of one millisecond, and is not in this table: of the first and the last one all are looked at.
    const unfinished = (when: string) => `select id from ${schema}.active where status = $5 and created_ms ${when}`;
    this.#ofStatus = `
      select * from (${entries(`((${unfinished('= $1')}) union all (${unfinished('< $1 and created_ms >= $3')}
        order by created_ms desc fetch first $4 rows with ties))`)}) t where ${page} ${order}`;
    this.#fromGid = `select ${columns} from ${schema}.transactions t where gid >= $1 order by gid limit $2`;
  }

  newest(
    connection: Connection,
    of: EntriesOf,
    { createdMs, gid }: Place,
    createdFromMs: number,
    limit: number,
  ): Promise<Row[]> {
    const values = [createdMs, gid, createdFromMs, limit];
    if (of === 'all') return connection.query(this.#all, values);
    if (of === 'failed') return connection.query(this.#failed, values);
    if (of === 'incidents') return connection.query(this.#incidents, values);
    return connection.query(this.#ofStatus, [...values, of]);
  }

  fromGid(connection: Connection, gid: string, limit: number): Promise<Row[]> {
    return connection.query(this.#fromGid, [gid, limit]);
  }
}
