import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aBranch, aDefinition, aProgress, append, create, numbers, put, startMs } from '../contract/fixtures.ts';
import { migrate, migrations } from './migrate.ts';
import { QuietDatabase } from './quiet-database.ts';
import { SqliteStore } from './sqlite-store.ts';
import { type Survey, survey } from './survey.ts';
import { damageRow } from './testing/damage-row.ts';

const temporary = tmpdir();

/** Runs with a store that holds a few transactions; its folder is there for copies, too. */
async function withStore(run: (store: SqliteStore, dataDir: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(temporary, 'holdfast-survey-'));
  const dataDir = join(folder, 'data');
  mkdirSync(join(folder, 'tmp'));
  process.env['TMPDIR'] = join(folder, 'tmp');
  const store = new SqliteStore({ dataDir });
  try {
    await store.open();
    const tcc = (gid: string) => create(gid, { definition: aDefinition(gid, { type: 'tcc', steps: [] }) });
    await put(store, create('a'), create('b'), tcc('tcc'), create('end', { progress: aProgress('succeed') }));
    await put(store, append('tcc', [aBranch('01', { url: 'u-1' }), aBranch('02')], { type: 'tcc' }));
    await store.putValue('topics', 't', '[]', 0, 1);
    await run(store, dataDir, folder);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** Every file of a folder with its content and times. */
function imageOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map(
      (path) => `${path} ${statSync(path).mtimeMs} ${statSync(path).ctimeMs} ${readFileSync(path).toString('base64')}`,
    )
    .sort();
}

/** As `holdfast check` does. The folder is as it was, which is asserted. */
async function surveyed(dataDir: string, drive: () => void = () => undefined): Promise<Survey> {
  const before = imageOf(dataDir);
  const path = join(dataDir, 'holdfast.db');
  const quiet = await QuietDatabase.open(path, () => undefined);
  try {
    return survey(quiet.db, path, { drive });
  } finally {
    assert.equal(quiet.hasChanged(), false);
    quiet.close();
    assert.deepEqual(imageOf(dataDir), before, 'nothing was touched');
  }
}

test('what is whole: after a clean stop, and as kill -9 leaves it, with all of it in the WAL', async () => {
  await withStore(async (store, dataDir, folder) => {
    const killed = join(folder, 'killed');
    cpSync(dataDir, killed, { recursive: true });
    assert.ok(statSync(join(killed, 'holdfast.db-wal')).size > 0);
    await store.close();
    for (const where of [killed, dataDir]) {
      const { problems, transactions, branches, topics, newestMs, withoutChecksum } = await surveyed(where);
      assert.deepEqual(problems, []);
      assert.deepEqual(transactions, { prepared: 3, succeed: 1 });
      assert.deepEqual([branches, topics, newestMs, withoutChecksum], [2, 1, startMs, 0]);
    }
    assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'copies are removed');
  });
});

test('every damaged transaction is named, and the others are read all the same', async () => {
  await withStore(async (store, dataDir) => {
    await store.close();
    const path = join(dataDir, 'holdfast.db');
    damageRow(path, 'a', { kind: 'changed', what: 'progress' });
    damageRow(path, 'end', { kind: 'lost', what: 'definition' });
    damageRow(path, 'tcc', { kind: 'changed', what: 'branch' });
    const db = new DatabaseSync(path);
    db.exec(`insert into branches values (99, '01', 'try', 0, 'x', null)`);
    db.exec(`update transactions set definition_bytes = definition_bytes + 1 where gid = 'b'`);
    db.exec(`update key_values set value = '[' where key = 't'`);
    db.exec(`insert into key_values values ('topics', 'u', '[]', 'x', 1, 1)`);
    db.exec(`update clock set highest_ms = 'x'`);
    db.close();
    const { problems, problemCount, transactions } = await surveyed(dataDir);
    assert.deepEqual(
      problems.map(({ gid }) => gid),
      ['a', 'b', 'tcc', 'end', '', 'topics t', 'topics u', ''],
    );
    assert.equal(problemCount, problems.length);
    assert.match(problems[1]?.what ?? '', /another size of its definition/);
    assert.match(problems[4]?.what ?? '', /branches of 1 transactions that are not there/);
    for (const { what } of problems.slice(5, 7)) assert.match(what, /damaged: delete the topic and subscribe again/);
    assert.match(problems[7]?.what ?? '', /^the stored time of the coordinator is damaged: the next start takes it/);
    assert.deepEqual(transactions, { prepared: 3, succeed: 1 });
  });
});

test('what this version cannot drive is named; what has ended need not be driven', async () => {
  await withStore(async (store, dataDir) => {
    await store.close();
    const { problems } = await surveyed(dataDir, () => {
      throw new Error('orders: no');
    });
    assert.deepEqual(
      problems.map(({ gid, what }) => [gid, what]),
      ['a', 'b', 'tcc'].map((gid) => [gid, 'orders: no']),
    );
  });
});

test('a file that SQLite finds damaged, that is no database, that is empty', async () => {
  await withStore(async (store, dataDir) => {
    await put(store, ...numbers(300).map((index) => create(`g${index}`)));
    await store.close();
    const path = join(dataDir, 'holdfast.db');
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    for (let at = 8 * 4096; at + 4096 < damaged.length; at += 3 * 4096) damaged.fill(0xa5, at, at + 4096);
    for (const content of [damaged, Buffer.alloc(8192, 'x'), Buffer.alloc(0), whole.subarray(0, 5 * 4096)]) {
      writeFileSync(path, content);
      const { problems } = await surveyed(dataDir);
      assert.ok(problems.length > 0, `${content.length} bytes`);
    }
    writeFileSync(path, whole);
    assert.deepEqual((await surveyed(dataDir)).problems, []);
  });
});

test('an earlier version is read as it is, and stays as it is; a newer one cannot be checked', async () => {
  await withStore(async (store, dataDir) => {
    await store.close();
    const path = join(dataDir, 'holdfast.db');
    rmSync(path);
    const old = new DatabaseSync(path);
    migrate(old, migrations.slice(0, 2));
    old.exec(`insert into transactions values (1, 'old', 'saga', 'failed', null, 1, 1, 0, 5, 6, 7, '', 'c', 'w', 0, 9, 0, '',
      '[1,{"operations":"","retries":{},"attempts":[],"attemptCount":0,"intervalMs":0,"submittedMs":0}]')`);
    old.exec(`insert into definitions values (1, '[1,{"gid":"old","type":"saga","createdMs":5}]')`);
    old.exec(`update transactions set definition_bytes = (select length(definition) from definitions)`);
    old.close();
    const { problems, withoutChecksum, transactions, newestMs } = await surveyed(dataDir);
    assert.deepEqual([problems, withoutChecksum, transactions, newestMs], [[], 1, { failed: 1 }, 7]);
    const newer = new DatabaseSync(path);
    newer.exec('pragma user_version = 99');
    newer.close();
    await assert.rejects(surveyed(dataDir), { code: 'version', message: /start the newer Holdfast/ });
  });
});

test('what changes while it is read is noticed', async () => {
  await withStore(async (store, dataDir) => {
    const quiet = await QuietDatabase.open(join(dataDir, 'holdfast.db'), () => undefined);
    assert.equal(quiet.hasChanged(), false);
    await put(store, create('new'));
    assert.equal(quiet.hasChanged(), true);
    quiet.close();
    assert.ok(existsSync(join(dataDir, 'holdfast.db-wal')));
  });
});
