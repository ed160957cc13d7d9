import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RemoteError } from '../remote/judged.ts';
import { numberAt } from '../remote/values.ts';
import { StoreError } from '../store.ts';
import type { Connection } from './connection.ts';
import { tables } from './migrations/001-transactions.ts';
import { procedures } from './migrations/002-procedures.ts';

/**
 * In order; the first brings a new schema to version 1. Each statement can be run again. They only add: the program
 * before goes on beside this one. A released one is never edited.
 */
export const migrations: readonly (readonly string[])[] = [tables, procedures];

/** The number of this program: a schema names the oldest that may use it. */
const program = 1;

/** Of tables of which many rows die: autovacuum comes early, and does not sleep. */
const busy = `autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05`;

/** A statement of a migration, for this schema. */
export const forSchema = (statement: string, schema: string) =>
  statement.replaceAll('{schema}', schema).replaceAll('{busy}', busy);

const leaseSeconds = 30;
const patienceMs = 60_000;
const lookEveryMs = 100;

interface State {
  readonly version: number;
  readonly oldestProgram: number;
}

/**
 * Brings the schema to the version of this program, or finds that it is there: then it needs no right to create. Any
 * number of programs may start at once: one of them does the work, under a lease in a row, and the others wait.
 *
 * @throws StoreError `version` where only newer programs may use the schema; RemoteError
 */
export async function migrate(connection: Connection, schema: string): Promise<void> {
  const found = await readState(connection, schema);
  refuseNewer(found, schema);
  if (found !== undefined && found.version >= migrations.length) return;
  await createState(connection, schema);
  const me = randomUUID();
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const state = await readState(connection, schema);
    refuseNewer(state, schema);
    if (state !== undefined && state.version >= migrations.length) return;
    if (await takeLease(connection, schema, me)) {
      await migrateFrom(connection, schema, me, state?.version ?? 0);
    } else if (performance.now() > untilMs) {
      throw new StoreError(
        'locked',
        `the schema ${schema} is being changed by another Holdfast: wait for it, then start again`,
      );
    } else {
      await pause(lookEveryMs);
    }
  }
}

async function migrateFrom(connection: Connection, schema: string, me: string, version: number): Promise<void> {
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    for (const statement of statements) {
      await connection.query(forSchema(statement, schema));
      if (!(await takeLease(connection, schema, me))) return;
    }
    await connection.query(
      `update ${schema}.state set version = $1, lease_until = now() where id = 1 and lease_owner = $2`,
      [index + 1, me],
    );
    if (!(await takeLease(connection, schema, me))) return;
  }
  await connection.query(`update ${schema}.state set lease_until = now() where id = 1 and lease_owner = $1`, [me]);
}

function refuseNewer(state: State | undefined, schema: string): void {
  if (state === undefined || state.oldestProgram <= program) return;
  throw new StoreError(
    'version',
    `the schema ${schema} has version ${state.version}, this Holdfast knows up to ${migrations.length}: start a newer Holdfast`,
  );
}

/** Undefined: there is none yet. */
async function readState(connection: Connection, schema: string): Promise<State | undefined> {
  const [there = []] = await connection.query('select to_regclass($1) is not null', [`${schema}.state`]);
  if (there[0] !== true) return undefined;
  const [row] = await connection.query(`select version, oldest_program from ${schema}.state where id = 1`);
  return row === undefined ? undefined : { version: numberAt(row, 0), oldestProgram: numberAt(row, 1) };
}

/** Two that create the same at once: one of them is refused, and finds it there when it tries again. */
async function createState(connection: Connection, schema: string): Promise<void> {
  const statements = [
    `create schema if not exists ${schema}`,
    `create table if not exists ${schema}.state (
       id integer primary key, version integer not null, oldest_program integer not null,
       lease_owner text not null, lease_until timestamptz not null)`,
    `insert into ${schema}.state values (1, 0, 1, '', now()) on conflict do nothing`,
  ];
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [there = []] = await connection.query('select to_regnamespace($1) is not null', [schema]);
      for (const statement of there[0] === true ? statements.slice(1) : statements) await connection.query(statement);
      return;
    } catch (error) {
      const isRace = error instanceof RemoteError && ['data', 'again', 'refused'].includes(error.judgement);
      if (!isRace || attempt >= 5) throw error;
      await pause(lookEveryMs);
    }
  }
}

async function takeLease(connection: Connection, schema: string, me: string): Promise<boolean> {
  const rows = await connection.query(
    `update ${schema}.state set lease_owner = $1, lease_until = now() + make_interval(secs => $2)
     where id = 1 and (lease_owner = $1 or lease_until <= now()) returning id`,
    [me, leaseSeconds],
  );
  return rows.length > 0;
}
