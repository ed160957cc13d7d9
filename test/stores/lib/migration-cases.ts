import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Migratable } from '../../../packages/server/src/store/capabilities.ts';
import { aBeat, claim, create, put } from '../../../packages/server/src/store/contract/fixtures.ts';
import type { Migration } from '../../../packages/server/src/store/remote/migrator.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';
import { bound } from '../../lib/bound.ts';
import { cleanEnvironment } from '../../lib/coordinator.ts';
import { nextVersion } from '../../lib/next-migration.ts';
import { until } from '../../lib/until.ts';

/** A program, as a store has it. */
export interface Program {
  /** Default: `0.0.1`. */
  readonly version?: string;
  /** Default: those of this version. */
  readonly migrations?: readonly Migration[];
  /** Default: one that may do all. */
  readonly user?: string;
}

/** A server with any number of sets of tables. */
export interface MigrationBed {
  /** `mysql` or `postgres`, and where its settings are. */
  readonly kind: 'mysql' | 'postgres';
  readonly url: string;
  readonly migrations: readonly Migration[];
  storeOf(name: string, program?: Program): Store & Migratable;
  /** The full name of a table of that set. */
  table(name: string, table: string): string;
  sql(statements: string): Promise<string[][]>;
  /** What a script prints goes through the server's own client. */
  clientCommand(): { readonly program: string; readonly args: readonly string[] };
  /** Makes a user that may use the tables, and create nothing. */
  letIn(user: string, name: string): Promise<void>;
  /** A transaction that has written to a table, and stays open until it is ended. */
  holdOpen(statement: string): Promise<() => Promise<void>>;
  /** What the next version adds and removes: a column, an index, a procedure in place of another one. */
  readonly next: Migration;
  /** Adds an index that is there, half built. Undefined: this server never leaves one. */
  leaveHalfAnIndex?(name: string): Promise<void>;
  hasIndex(name: string): Promise<boolean>;
  /** A statement that takes so long. */
  sleep(seconds: number): string;
}

const cli = join(import.meta.dirname, '../../../packages/server/src/cli.ts');

/** Two neighbouring versions on one set of tables, and how one comes after the other. */
export function migrationCases(bed: () => MigrationBed): void {
  const nextMigrations = () => [...bed().migrations, bed().next];
  const opened = async (name: string, program?: Program) => {
    const store = bed().storeOf(name, program);
    await store.open();
    return store;
  };
  it('ten that start at once on an empty database: all is made once', async () => {
    const stores = Array.from({ length: 10 }, () => bed().storeOf('ten'));
    await Promise.all(stores.map((store) => store.open()));
    // All write one row: on a busy machine ten at once would wait longer for it than each may.
    for (const store of stores) await store.ping();
    await Promise.all(stores.map((store) => store.close()));
    assert.deepEqual(await stateOf(bed(), 'ten'), ['1 1 ']);
  });

  it('two versions beside each other, until one says that the earlier one has gone', async () => {
    const early = await opened('side');
    assert.equal((await early.heartbeat(aBeat('early', { node: 'host-1' }))).refusal, undefined);
    await put(early, create('of early'));
    const late = await opened('side', { version: nextVersion, migrations: nextMigrations() });
    assert.deepEqual(await stateOf(bed(), 'side'), ['2 1 ']);
    await late.heartbeat(aBeat('late', { version: nextVersion }));
    const again = await opened('side');
    for (const [store, gid] of [
      [early, 'second of early'],
      [late, 'of late'],
      [again, 'of again'],
    ] as const) {
      await put(store, create(gid));
      assert.deepEqual(
        (await store.load(['of early', gid])).map((one) => one?.definition.gid),
        ['of early', gid],
      );
    }
    await again.close();

    await late.close();
    const finishing = bed().storeOf('side', { version: nextVersion, migrations: nextMigrations() });
    await assert.rejects(finishing.migrate({ isFinish: true }), {
      code: 'locked',
      message: /is still used by coordinators of an earlier version: host-1 \(1\.2\.3\)\. Stop them/,
    });
    assert.deepEqual(await stateOf(bed(), 'side'), ['2 1 ']);
    await early.retire('early');
    for (const _ of [1, 2]) await finishing.migrate({ isFinish: true });
    assert.deepEqual(await stateOf(bed(), 'side'), [`2 2 ${nextVersion}`]);
    await assert.rejects(bed().storeOf('side').open(), {
      code: 'version',
      message: /side.* has version 2, and this Holdfast \(0\.0\.1\) knows up to 1: start Holdfast 9\.9\.9 or later$/,
    });
    // One that nobody had heard of for a while, and that goes on now, is told with its heartbeat.
    const refusal = /side.* knows up to 1: start Holdfast 9\.9\.9 or later$/;
    assert.match((await early.heartbeat(aBeat('early'))).refusal ?? '', refusal);
    await bed().sql(`drop procedure ${bed().table('side', 'heartbeat_1')}`);
    await assert.rejects(early.heartbeat(aBeat('early')), { code: 'newer', message: refusal });
    await early.close();
    const left = await opened('side', { version: nextVersion, migrations: nextMigrations() });
    assert.equal((await claim(left, 'late', { nowMs: 4e12 })).claimed.length, 4);
    await left.close();
  });

  it('a migrator that is killed: another one goes on once its lease has ended, and not before', async () => {
    const first = await opened('killed');
    await first.close();
    const slow = [...bed().migrations, { adds: [bed().sleep(10)], removes: [] }];
    const child = await startMigrator(bed(), 'killed', slow);
    const leases = async () => (await bed().sql(`select lease_until from ${bed().table('killed', 'state')}`))[0]?.[0];
    const before = await leases();
    await until('the lease is renewed while the statement runs', async () => (await leases()) !== before);
    let isOpen = false;
    const [quick = ''] = bed().next.adds;
    const migrations = [...bed().migrations, { adds: [quick], removes: [] }];
    const waiting = opened('killed', { version: nextVersion, migrations }).finally(() => {
      isOpen = true;
    });
    const second = await leases();
    await until('it is renewed again', async () => (await leases()) !== second);
    assert.equal(isOpen, false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await waiting).close();
    assert.deepEqual(await stateOf(bed(), 'killed'), ['2 1 ']);
  });

  it('what a dry run prints is what somebody else may run; then a start needs no right to create', async () => {
    const script = await bed().storeOf('printed').migrationScript({ isFinish: false });
    assert.deepEqual(await stateOf(bed(), 'printed').catch(() => 'nothing was done'), 'nothing was done');
    await runScript(bed(), script);
    await bed().letIn('clerk', 'printed');
    const clerk = { user: 'clerk', version: nextVersion };
    const store = await opened('printed', clerk);
    await put(store, create('g'));
    await store.close();
    assert.equal(await bed().storeOf('printed', clerk).migrationScript({ isFinish: false }), '');

    const later = { ...clerk, migrations: nextMigrations() };
    await assert.rejects(bed().storeOf('printed', later).open(), {
      code: 'not-done',
      message: /cannot be migrated: .*; or have somebody who may do it run what holdfast migrate --dry-run prints$/,
    });
    await runScript(bed(), await bed().storeOf('printed', later).migrationScript({ isFinish: false }));
    await bed().letIn('clerk', 'printed');
    const next = await opened('printed', later);
    assert.equal((await next.load(['g'])).length, 1);
    await next.close();
    await runScript(bed(), await bed().storeOf('printed', later).migrationScript({ isFinish: true }));
    assert.deepEqual(await stateOf(bed(), 'printed'), [`2 2 ${nextVersion}`]);
  });

  it('an index is built while others write, and one that is half built is built anew', async () => {
    const early = await opened('busy');
    await put(early, create('g'));
    await bed().leaveHalfAnIndex?.('busy');
    assert.equal(await bed().hasIndex('busy'), false);
    const table = bed().table('busy', 'transactions');
    const end = await bed().holdOpen(`update ${table} set reason = '' where gid = 'g'`);
    let isOpen = false;
    const late = opened('busy', { version: nextVersion, migrations: nextMigrations() }).finally(() => {
      isOpen = true;
    });
    const lease = `select lease_owner <> '' from ${bed().table('busy', 'state')}`;
    await until('it has begun', async () => /^[1t]/.test((await bed().sql(lease))[0]?.[0] ?? ''));
    for (let written = 0; written < 20; written += 1) {
      const write = create(`other ${written}`);
      await until('it is written', async () => (await early.commit([write]))[0] === 'done');
    }
    assert.equal(isOpen, false, 'the open transaction holds it up');
    await end();
    await (await late).close();
    assert.equal(await bed().hasIndex('busy'), true);
    await early.close();
  });
}

/** The command, which is the same on every server. */
export function commandCase(bed: () => MigrationBed): void {
  it('holdfast migrate: prints the SQL, makes the tables, and finishes', async () => {
    const run = async (...args: readonly string[]) => {
      const settings = { HOLDFAST_STORE_URL: bed().url, HOLDFAST_STORE_SCHEMA: 'by_hand' };
      const child = spawn(process.execPath, ['--conditions=source', cli, 'migrate', ...args], {
        env: { ...cleanEnvironment(), ...settings },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let printed = '';
      child.stdout.on('data', (bytes) => {
        printed += bytes;
      });
      const [code] = await once(child, 'close');
      assert.equal(code, 0);
      return printed;
    };
    assert.match(await run('--dry-run'), /create table if not exists by_hand.transactions/);
    assert.match(await run(), /^holdfast \d\S+ at 127\.0\.0\.1:.* by_hand.*: all is there that it needs$/m);
    assert.equal(await run('--dry-run'), '');
    assert.match(await run('--finish'), /: there is nothing left that only earlier versions need$/m);
    assert.deepEqual(await stateOf(bed(), 'by_hand'), ['1 1 ']);
  });
}

async function stateOf(bed: MigrationBed, name: string): Promise<string[]> {
  const rows = await bed.sql(`select version, oldest_program, oldest_name from ${bed.table(name, 'state')}`);
  return rows.map((row) => row.join(' '));
}

/** Resolves once it has the lease. */
async function startMigrator(
  { kind, url }: MigrationBed,
  name: string,
  migrations: readonly Migration[],
): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'migrator-process.ts');
  const args = ['--conditions=source', script, JSON.stringify({ kind, url, name, migrations })];
  const child = spawn(...bound(process.execPath, args), { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout?.on('data', (bytes) => {
    printed += bytes;
  });
  await until('it migrates', () => printed.includes('migrates'));
  return child;
}

async function runScript(bed: MigrationBed, script: string): Promise<void> {
  const { program, args } = bed.clientCommand();
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (bytes) => {
    complaint += bytes;
  });
  child.stdin?.end(script);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, complaint);
}
