import type { Use } from '../remote/dialect.ts';
import type { Schema, SchemaState } from '../remote/migrator.ts';
import { numberAt, textAt } from '../remote/values.ts';
import type { Connection } from './connection.ts';
import { isThereAlready } from './errors.ts';
import { clockMs } from './procedures/common.ts';

/** A statement of a migration, for these tables. */
export const withPrefix = (statement: string, prefix: string) => statement.replaceAll('{p}', prefix);

/**
 * Procedures keep the mode of the session that creates them: what does not fit is an error, and is never cut off. A
 * statement that changes a table waits shortly for those who use it.
 */
const session = `
  set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', session lock_wait_timeout = 1,
    session innodb_lock_wait_timeout = 1`;
const usualSession = `
  set session sql_mode = default, session lock_wait_timeout = default, session innodb_lock_wait_timeout = default`;
/** A coordinator counts as running that has not said so for so long; the clock of the server may have been set. */
const freshMs = 60_000;

export interface SchemaParts {
  readonly connection: Connection;
  /** On another connection, while that one is busy. */
  readonly beside: Use<Connection>;
  /** Of the names of the tables, in small letters: it goes into statements as it is. */
  readonly prefix: string;
}

export class MySqlSchema implements Schema {
  readonly name: string;
  readonly #parts: SchemaParts;

  constructor(parts: SchemaParts) {
    this.#parts = parts;
    this.name = `the set of tables ${parts.prefix}...`;
  }

  async readState(): Promise<SchemaState | undefined> {
    const { connection, prefix } = this.#parts;
    const [there = []] = await connection.query(
      'select count(*) from information_schema.tables where table_schema = database() and table_name = ?',
      [`${prefix}state`],
    );
    if (numberAt(there, 0) === 0) return undefined;
    const [row] = await connection.query(
      `select version, oldest_program, convert(oldest_name using utf8mb4) from ${prefix}state where id = 1`,
    );
    return row && { version: numberAt(row, 0), oldest: numberAt(row, 1), oldestName: textAt(row, 2) };
  }

  async creation(): Promise<readonly string[]> {
    const { prefix } = this.#parts;
    return [
      `create table if not exists ${prefix}state (
  id int not null primary key, version int not null, oldest_program int not null, oldest_name varbinary(255) not null,
  lease_owner varbinary(255) not null, lease_until bigint not null) engine = InnoDB`,
      `insert ignore into ${prefix}state values (1, 0, 1, '', '', 0)`,
    ];
  }

  named(statement: string): string {
    return withPrefix(statement, this.#parts.prefix);
  }

  reached(version: number): string {
    return `update ${this.#parts.prefix}state set version = ${version} where id = 1 and version < ${version}`;
  }

  onlyFrom(version: number, name: string): string {
    return `update ${this.#parts.prefix}state set oldest_program = ${version}, oldest_name = ${quoted(name)}
where id = 1 and oldest_program < ${version}`;
  }

  /** MySQL has no `if not exists` for procedures, columns and indexes: what it says is there already, is. */
  async run(statement: string): Promise<void> {
    const { connection } = this.#parts;
    await connection.run(session);
    try {
      await connection.run(statement);
    } catch (error) {
      if (!isThereAlready(error)) throw error;
    } finally {
      if (!connection.isLost) await connection.run(usualSession);
    }
  }

  takeLease(me: string, seconds: number): Promise<boolean> {
    const { beside, prefix } = this.#parts;
    return beside(async (connection) => {
      await connection.query(
        `update ${prefix}state set lease_until = ${clockMs} + ? * 1000, lease_owner = ?
         where id = 1 and (lease_owner = ? or lease_until <= ${clockMs})`,
        [seconds, me, me],
      );
      const [row = []] = await connection.query(`select lease_owner = ? from ${prefix}state where id = 1`, [me]);
      return numberAt(row, 0) === 1;
    });
  }

  async releaseLease(me: string): Promise<void> {
    const { beside, prefix } = this.#parts;
    await beside((connection) =>
      connection.query(`update ${prefix}state set lease_until = 0 where id = 1 and lease_owner = ?`, [me]),
    );
  }

  async olderNodes(version: number): Promise<readonly string[]> {
    const { connection, prefix } = this.#parts;
    const rows = await connection.query(
      `select convert(concat(node, ' (', version, ')') using utf8mb4) from ${prefix}nodes
       where format < ? and beat_ms > ${clockMs} - ? order by node`,
      [version, freshMs],
    );
    return rows.map((row) => textAt(row, 0));
  }
}

/** Of our own package's version: nothing from outside is ever put into a statement. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** For the clients `mysql` and `mariadb`, which must not end a statement at each semicolon in a procedure. */
export function scriptOf(statements: readonly string[]): string {
  if (statements.length === 0) return '';
  const all = [session, ...statements].map((one) => `${one.trim()}$$\n`).join('\n');
  return `delimiter $$\n\n${all}\ndelimiter ;\n`;
}
