import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { numberAt } from '../remote/values.ts';
import { StoreError } from '../store.ts';
import type { Connection } from './connection.ts';
import { tables } from './migrations/001-transactions.ts';
import { procedures } from './migrations/002-procedures.ts';

/**
 * In order; the first brings a new database to version 1. Each statement can be run again. They only add: the program
 * before goes on beside this one. A released one is never edited.
 */
export const migrations: readonly (readonly string[])[] = [tables, procedures];

/** The number of this program: a database names the oldest that may use it. */
const program = 1;

/** Procedures keep the mode of the session that creates them: what does not fit is an error, and is never cut off. */
const mode = "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'";

const leaseSeconds = 30;
const patienceMs = 60_000;
const lookEveryMs = 100;

/** A statement of a migration, for these tables. */
export const withPrefix = (statement: string, prefix: string) => statement.replaceAll('{p}', prefix);

interface State {
  readonly version: number;
  readonly oldestProgram: number;
}

/**
 * Brings the tables to the version of this program, or finds that they are: then it needs no right to create. Any number
 * of programs may start at once: one of them does the work, under a lease in a row, and the others wait.
 *
 * @throws StoreError `version` where only newer programs may use the tables; RemoteError
 */
export async function migrate(connection: Connection, prefix: string): Promise<void> {
  const found = await readState(connection, prefix);
  refuseNewer(found, prefix);
  if (found !== undefined && found.version >= migrations.length) return;
  await createState(connection, prefix);
  const me = randomUUID();
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const state = await readState(connection, prefix);
    refuseNewer(state, prefix);
    if (state !== undefined && state.version >= migrations.length) return;
    if (await takeLease(connection, prefix, me)) {
      await migrateFrom(connection, prefix, me, state?.version ?? 0);
    } else if (performance.now() > untilMs) {
      throw new StoreError(
        'locked',
        `the tables ${prefix}... are being changed by another Holdfast: wait for it, then start again`,
      );
    } else {
      await pause(lookEveryMs);
    }
  }
}

async function migrateFrom(connection: Connection, prefix: string, me: string, version: number): Promise<void> {
  await connection.run(mode);
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    for (const statement of statements) {
      await connection.run(withPrefix(statement, prefix));
      if (!(await takeLease(connection, prefix, me))) return;
    }
    await connection.query(`update ${prefix}state set version = ? where id = 1 and lease_owner = ?`, [index + 1, me]);
    if (!(await takeLease(connection, prefix, me))) return;
  }
  await connection.query(`update ${prefix}state set lease_until = 0 where id = 1 and lease_owner = ?`, [me]);
}

function refuseNewer(state: State | undefined, prefix: string): void {
  if (state === undefined || state.oldestProgram <= program) return;
  throw new StoreError(
    'version',
    `the tables ${prefix}... have version ${state.version}, this Holdfast knows up to ${migrations.length}: start a newer Holdfast`,
  );
}

/** Undefined: there is none yet. */
async function readState(connection: Connection, prefix: string): Promise<State | undefined> {
  const [there = []] = await connection.query(
    'select count(*) from information_schema.tables where table_schema = database() and table_name = ?',
    [`${prefix}state`],
  );
  if (numberAt(there, 0) === 0) return undefined;
  const [row] = await connection.query(`select version, oldest_program from ${prefix}state where id = 1`);
  return row === undefined ? undefined : { version: numberAt(row, 0), oldestProgram: numberAt(row, 1) };
}

async function createState(connection: Connection, prefix: string): Promise<void> {
  await connection.run(`
    create table if not exists ${prefix}state (
      id int not null primary key, version int not null, oldest_program int not null,
      lease_owner varbinary(255) not null, lease_until bigint not null) engine = InnoDB`);
  await connection.query(`insert ignore into ${prefix}state values (1, 0, 1, '', 0)`);
}

async function takeLease(connection: Connection, prefix: string, me: string): Promise<boolean> {
  await connection.query(
    `update ${prefix}state set lease_until = unix_timestamp() + ${leaseSeconds}, lease_owner = ?
     where id = 1 and (lease_owner = ? or lease_until <= unix_timestamp())`,
    [me, me],
  );
  const [row = []] = await connection.query(`select lease_owner = ? from ${prefix}state where id = 1`, [me]);
  return numberAt(row, 0) === 1;
}
