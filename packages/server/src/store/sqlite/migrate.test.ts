import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  claim,
  create,
  found,
  gidsOf,
  put,
  startMs,
  update,
} from '../contract/fixtures.ts';
import { StoreError } from '../store.ts';
import { migrate, migrations } from './migrate.ts';
import { sql as first } from './migrations/001-transactions.ts';
import { unfinished } from './rows/transaction-row.ts';
import { SqliteStore } from './sqlite-store.ts';
import { readNumber, readText } from './values.ts';

const second = 'create table extra (a text); insert into extra select gid from transactions;';

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-migrate-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const refusedAs = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === code && pattern.test(error.message);

test('a database of version 1 goes forward step by step, and keeps what it holds', async () => {
  await inFolder(async (folder) => {
    const store = new SqliteStore({ dataDir: folder });
    await store.open();
    await put(store, create('g'));
    await store.close();
    const db = new DatabaseSync(join(folder, 'holdfast.db'));
    migrate(db, [...migrations, second]);
    assert.equal(readNumber(db, 'pragma user_version'), migrations.length + 1);
    assert.equal(readNumber(db, 'select count(*) from extra'), 1);
    migrate(db, [...migrations, second]);
    assert.equal(readNumber(db, 'select count(*) from extra'), 1, 'and a step is not done twice');
    db.close();
  });
});

test('a database as version 1 made it is opened by the code of now', async () => {
  await inFolder(async (folder) => {
    const db = new DatabaseSync(join(folder, 'holdfast.db'));
    migrate(db, [first]);
    db.close();
    const store = new SqliteStore({ dataDir: folder });
    await store.open();
    await put(store, create('g'));
    assert.equal((await found(store, 'g')).version, 1);
    await store.close();
  });
});

test('what an earlier version wrote without a checksum is read as before, and has one from its next write on', async () => {
  await inFolder(async (folder) => {
    const dataDir = folder;
    const before = new SqliteStore({ dataDir });
    await before.open();
    await put(before, create('g', { definition: aDefinition('g', { type: 'tcc' }) }));
    await put(before, append('g', [aBranch('01')], { type: 'tcc' }));
    await before.close();
    const db = new DatabaseSync(join(folder, 'holdfast.db'));
    for (const table of ['transactions', 'definitions', 'branches'])
      db.exec(`alter table ${table} drop column checksum`);
    db.exec('drop index transactions_alert');
    for (const column of ['alert_ms', 'alert_tries']) db.exec(`alter table transactions drop column ${column}`);
    for (const table of ['identity', 'set_aside']) db.exec(`drop table ${table}`);
    rmSync(join(folder, 'holdfast.state'));
    db.exec('pragma user_version = 2');
    const store = new SqliteStore({ dataDir });
    await store.open();
    const missing = (table: string) => readNumber(db, `select count(*) from ${table} where checksum is null`);
    assert.deepEqual(['transactions', 'definitions', 'branches'].map(missing), [1, 1, 1]);
    const { definition, branches } = await found(store, 'g');
    assert.deepEqual(branches, [aBranch('01')]);
    await put(store, update('g', { definition }));
    await put(store, append('g', [aBranch('02')], { type: 'tcc', whileStatus: 'submitted' }));
    assert.deepEqual(['transactions', 'definitions', 'branches'].map(missing), [0, 0, 1]);
    assert.equal((await found(store, 'g')).branches.length, 2);
    db.close();
    await store.close();
  });
});

test('what needed somebody before alerts were owed is owed one', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, migrations.slice(0, 3));
  for (const [gid, status, incident] of [
    ['in need', 'submitted', 'failing'],
    ['fine', 'submitted', ''],
    ['over', 'failed', 'was one'],
  ]) {
    db.exec(`insert into transactions (gid, type, status, handed_back, version, due_ms, created_ms, updated_ms, finished_ms,
      incident, create_token, write_token, branch_count, definition_bytes, branches_bytes, reason, progress)
      values ('${gid}', 'saga', '${status}', 1, 1, 1, 1, 1, 0, '${incident}', '', '', 0, 0, 0, '', '')`);
  }
  migrate(db);
  assert.equal(readText(db, 'select group_concat(gid) from transactions where alert_ms > 0'), 'in need');
  db.close();
});

test('rows of an earlier version are in the indexes of now', async () => {
  await inFolder(async (dataDir) => {
    const progress = aProgress('submitted');
    const before = new SqliteStore({ dataDir });
    await before.open();
    await put(before, create('due', { progress }), create('owned', { progress, owner: 'dead' }), create('over'));
    await put(before, update('over', { progress: aProgress('succeed') }));
    await put(
      before,
      create('in need', { progress: aProgress('aborting', { incident: 'failing', dueMs: startMs + 3_600_000 }) }),
    );
    await before.close();
    const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
    const indexes = ['due', 'owned', 'incident'].map((name) => `transactions_${name}`);
    const former = "status in ('prepared', 'submitted', 'aborting')";
    for (const name of indexes) {
      const now = readText(db, `select sql from sqlite_schema where name = '${name}'`);
      db.exec(`drop index ${name}; ${now.replace(unfinished, former)}`);
    }
    assert.equal(
      readNumber(db, `select count(*) from sqlite_schema where sql like '%${former.replaceAll("'", "''")}%'`),
      3,
    );
    db.exec('pragma user_version = 6');
    db.close();
    const store = new SqliteStore({ dataDir });
    await store.open();
    assert.equal((await store.list({ hasIncident: true, limit: 10 })).transactions.length, 1);
    assert.equal((await store.counts(startMs * 3)).owned, 1);
    assert.deepEqual(gidsOf((await claim(store, 'a', { nowMs: startMs + 10_000 })).claimed).sort(), ['due', 'owned']);
    await store.close();
  });
});

test('a step that fails leaves the database as it was before that step', () => {
  const db = new DatabaseSync(':memory:');
  assert.throws(() => migrate(db, [first, second, 'create table broken (a); nonsense']), /nonsense/);
  assert.equal(readNumber(db, 'pragma user_version'), 2);
  assert.equal(readNumber(db, "select count(*) from sqlite_schema where name = 'broken'"), 0);
  db.close();
});

test('a database newer than the code is refused, and left alone', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'holdfast.db');
    const db = new DatabaseSync(path);
    migrate(db, [...migrations, second]);
    db.close();
    const store = new SqliteStore({ dataDir: folder });
    await assert.rejects(store.open(), refusedAs('version', /start the newer Holdfast/));
    const again = new DatabaseSync(path);
    assert.equal(readNumber(again, 'pragma user_version'), migrations.length + 1);
    again.close();
    // The refused one has let go of the lock.
    const other = new SqliteStore({ dataDir: folder });
    await assert.rejects(other.open(), refusedAs('version', /start the newer Holdfast/));
  });
});

test('a database names the first version that can open it', async () => {
  await inFolder(async (folder) => {
    const store = new SqliteStore({ dataDir: folder, version: '1.2.3' });
    await store.open();
    await store.close();
    const db = new DatabaseSync(join(folder, 'holdfast.db'));
    assert.equal(readText(db, 'select version from program'), '1.2.3');
    migrate(db, [...migrations, second], '4.5.6-rc.1');
    // What comes later and changes nothing does not put itself in its place.
    migrate(db, [...migrations, second], '4.6.0');
    db.close();
    const early = new SqliteStore({ dataDir: folder, version: '1.2.3' });
    await assert.rejects(early.open(), refusedAs('version', /knows up to \d: start Holdfast 4\.5\.6-rc\.1 or later$/));
  });
});

test('a database of something else is refused, and left alone', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'holdfast.db');
    const db = new DatabaseSync(path);
    db.exec('create table customers (name text)');
    db.close();
    await assert.rejects(
      new SqliteStore({ dataDir: folder }).open(),
      refusedAs('version', /not a database of Holdfast/),
    );
    const again = new DatabaseSync(path);
    assert.equal(readNumber(again, 'select count(*) from sqlite_schema'), 1);
    assert.equal(readText(again, 'pragma journal_mode'), 'delete');
    again.close();
  });
});
