import { setTimeout as pause } from 'node:timers/promises';
import type { Use } from '../remote/dialect.ts';
import type { Schema, SchemaState } from '../remote/migrator.ts';
import { numberAt, textAt } from '../remote/values.ts';
import type { Connection } from './connection.ts';
import { clockMs } from './procedures/common.ts';

/** Of tables of which many rows die: autovacuum comes early, and does not sleep. */
const busy = `autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05`;

/** A statement of a migration, for this schema. */
export const forSchema = (statement: string, schema: string) =>
  statement.replaceAll('{schema}', schema).replaceAll('{busy}', busy);

/** An index that is built without blocking writes. It cannot be built in a transaction, and may be left half done. */
const concurrentIndex = /^\s*create (?:unique )?index concurrently if not exists (\w+)/;
const lookEveryMs = 200;
/** A coordinator counts as running that has not said so for so long; the clock of the server may have been set. */
const freshMs = 60_000;

export interface SchemaParts {
  readonly connection: Connection;
  /** On another connection, while that one is busy. */
  readonly beside: Use<Connection>;
  /** A name in small letters: it goes into statements as it is. */
  readonly schema: string;
}

export class PostgresSchema implements Schema {
  readonly name: string;
  readonly #parts: SchemaParts;

  constructor(parts: SchemaParts) {
    this.#parts = parts;
    this.name = `the schema ${parts.schema}`;
  }

  async readState(): Promise<SchemaState | undefined> {
    const { connection, schema } = this.#parts;
    const [there = []] = await connection.query('select to_regclass($1) is not null', [`${schema}.state`]);
    if (there[0] !== true) return undefined;
    const [row] = await connection.query(
      `select version, oldest_program, oldest_name from ${schema}.state where id = 1`,
    );
    return row && { version: numberAt(row, 0), oldest: numberAt(row, 1), oldestName: textAt(row, 2) };
  }

  /** Where the schema is there, no right on the database is needed. */
  async creation(): Promise<readonly string[]> {
    const { connection, schema } = this.#parts;
    const [there = []] = await connection.query('select to_regnamespace($1) is not null', [schema]);
    return [
      ...(there[0] === true ? [] : [`create schema if not exists ${schema}`]),
      `create table if not exists ${schema}.state (
  id integer primary key, version integer not null, oldest_program integer not null, oldest_name text not null,
  lease_owner text not null, lease_until timestamptz not null)`,
      `insert into ${schema}.state values (1, 0, 1, '', '', now()) on conflict do nothing`,
    ];
  }

  named(statement: string): string {
    return forSchema(statement, this.#parts.schema);
  }

  reached(version: number): string {
    return `update ${this.#parts.schema}.state set version = ${version} where id = 1 and version < ${version}`;
  }

  onlyFrom(version: number, name: string): string {
    return `update ${this.#parts.schema}.state set oldest_program = ${version}, oldest_name = ${quoted(name)}
where id = 1 and oldest_program < ${version}`;
  }

  async run(statement: string): Promise<void> {
    const index = concurrentIndex.exec(statement)?.[1];
    if (index === undefined) {
      // One message is one transaction.
      await this.#parts.connection.query(`set local lock_timeout = '1s'; ${statement}`);
    } else {
      while (!(await this.#isBuilt(index))) await this.#parts.connection.query(statement);
    }
  }

  takeLease(me: string, seconds: number): Promise<boolean> {
    const { beside, schema } = this.#parts;
    return beside(async (connection) => {
      const rows = await connection.query(
        `update ${schema}.state set lease_owner = $1, lease_until = clock_timestamp() + make_interval(secs => $2)
         where id = 1 and (lease_owner = $1 or lease_until <= clock_timestamp()) returning id`,
        [me, seconds],
      );
      return rows.length > 0;
    });
  }

  async releaseLease(me: string): Promise<void> {
    const { beside, schema } = this.#parts;
    await beside((connection) =>
      connection.query(`update ${schema}.state set lease_until = clock_timestamp() where id = 1 and lease_owner = $1`, [
        me,
      ]),
    );
  }

  async olderNodes(version: number): Promise<readonly string[]> {
    const { connection, schema } = this.#parts;
    const rows = await connection.query(
      `select node || ' (' || version || ')' from ${schema}.nodes
       where format < $1 and beat_ms > ${clockMs} - $2 order by node`,
      [version, freshMs],
    );
    return rows.map((row) => textAt(row, 0));
  }

  /**
   * Waits while somebody builds it. What is left of a build that was ended slows down every write and helps nobody: it
   * is removed.
   */
  async #isBuilt(index: string): Promise<boolean> {
    const { connection, schema } = this.#parts;
    for (;;) {
      const [row] = await connection.query(
        `select i.indisvalid, exists (select 1 from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
         from pg_index i where i.indexrelid = to_regclass($1)`,
        [`${schema}.${index}`],
      );
      if (row === undefined) return false;
      if (row[0] === true) return true;
      if (row[1] === true) await pause(lookEveryMs);
      else await connection.query(`drop index concurrently if exists ${schema}.${index}`);
    }
  }
}

/** Of our own package's version: nothing from outside is ever put into a statement. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** For psql. Each statement is a transaction of its own, as some of them must be. */
export const scriptOf = (statements: readonly string[]) => statements.map((one) => `${one.trim()};\n`).join('\n');
