import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aProgress, claim, create, gidsOf, numbers, put, startMs } from '../contract/fixtures.ts';
import { StoreError } from '../store.ts';
import { toStoreError } from './errors.ts';
import { SqliteStore } from './sqlite-store.ts';
import { readNumber } from './values.ts';

async function inFolder(run: (dataDir: string, store: SqliteStore) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-damage-'));
  const store = new SqliteStore({ dataDir });
  try {
    await store.open();
    await run(dataDir, store);
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
}

const due = (gid: string) => create(gid, { progress: aProgress('submitted', { dueMs: startMs }) });

test('B6: a row that cannot be read keeps no other from being claimed, is an incident, and is told of once', async () => {
  await inFolder(async (dataDir, store) => {
    await put(store, ...['a', 'bad', 'c'].map(due));
    const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
    db.exec("update transactions set progress = '[2,{}]', checksum = null where gid = 'bad'");
    db.close();
    const first = await claim(store, 'one');
    assert.deepEqual(gidsOf(first.claimed), ['a', 'c']);
    const [told] = first.unreadable ?? [];
    assert.deepEqual([told?.gid, told?.type, told?.status], ['bad', 'saga', 'submitted']);
    assert.match(told?.incident ?? '', /^unreadable: a stored .* cannot be read/);
    const later = await claim(store, 'one', { nowMs: startMs + 3_600_000 });
    assert.deepEqual([later.claimed, later.unreadable], [[], undefined], 'looked at again, and not told again');
    const again = await claim(store, 'one');
    assert.deepEqual(again.claimed, []);
    assert.ok(again.nextDueMs !== undefined && again.nextDueMs > startMs, 'and it is not tried without a pause');
    assert.equal((await store.counts(startMs)).incidents, 1);
    await assert.rejects(store.load(['bad']), {
      code: 'version',
      message: /use the version of Holdfast that wrote it/,
    });
    assert.deepEqual(gidsOf((await store.load(['a', 'c'])).filter((one) => one !== undefined)), ['a', 'c']);
  });
});

test('a row that cannot be read hides no other from a list, and is in it with what is known', async () => {
  await inFolder(async (dataDir, store) => {
    await put(store, ...['a', 'bad', 'c'].map(due));
    const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
    db.exec(
      "update definitions set definition = '[2,{}]', checksum = null where id = (select id from transactions where gid = 'bad')",
    );
    db.close();
    await claim(store, 'one');
    const { transactions } = await store.list({ limit: 10 });
    assert.deepEqual(gidsOf(transactions), ['c', 'bad', 'a']);
    const incidents = await store.list({ limit: 10, hasIncident: true });
    assert.deepEqual(
      incidents.transactions.map(({ definition, progress }) => [definition.gid, definition.type, progress.status]),
      [['bad', 'saga', 'submitted']],
    );
    assert.match(String(incidents.transactions[0]?.progress.incident), /cannot be read \(format 2\): use the version/);
  });
});

test('a row that is not what an index says of it keeps no other from being claimed, and nothing goes round for it', async () => {
  await inFolder(async (dataDir, store) => {
    const path = join(dataDir, 'holdfast.db');
    await put(store, due('stray'), due('fine'));
    await store.close();
    const bytes = readFileSync(path);
    let at = bytes.indexOf('straysagasubmitted');
    assert.ok(at > 0);
    for (; at >= 0; at = bytes.indexOf('straysagasubmitted', at + 1)) bytes[at + 'straysaga'.length] = 0x78;
    writeFileSync(path, bytes);
    await store.open();
    const { claimed, nextDueMs = 0 } = await claim(store, 'one');
    assert.deepEqual(gidsOf(claimed), ['fine']);
    assert.ok(nextDueMs > startMs);
  });
});

test('a damaged file is fatal, and nothing is written after it', async () => {
  await inFolder(async (dataDir, store) => {
    const path = join(dataDir, 'holdfast.db');
    await put(store, ...numbers(2000).map((index) => due(`g${index}`)));
    await store.close();
    const db = new DatabaseSync(path);
    // Without the id or the time the folder would not be opened.
    const kept = ['identity', 'clock'].map((name) =>
      readNumber(db, `select rootpage from sqlite_schema where name = '${name}'`),
    );
    db.close();
    const file = openSync(path, 'r+');
    const noise = new Uint8Array(4096).fill(0xa5);
    for (let at = 4096; at + 4096 <= statSync(path).size; at += 4096) {
      if (!kept.includes(at / 4096 + 1)) writeSync(file, noise, 0, 4096, at);
    }
    closeSync(file);
    const damaged = new SqliteStore({ dataDir });
    await damaged.open();
    await assert.rejects(damaged.commit([due('new')]), { code: 'fatal' });
    await assert.rejects(damaged.ping(), { code: 'fatal' });
    await damaged.close();
  });
});

test('a backup is recommended only where damage is proven, and what is told says what to do', () => {
  const path = join(tmpdir(), 'holdfast.db');
  const told = (facts: object) => toStoreError(Object.assign(new Error('x'), facts), 'commit', path).message;
  for (const errcode of [11, 26, 267]) assert.match(told({ errcode }), /damaged.*restore a backup/);
  for (const errcode of [3, 5, 7, 8, 10, 13, 14, 266, 522, 778, 1034, 3082, 4874, 5386]) {
    assert.doesNotMatch(told({ errcode }), /is damaged|backup/, `${errcode}`);
  }
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EMFILE', 'ENFILE', 'EACCES', 'EIO']) {
    assert.doesNotMatch(told({ code, syscall: 'open' }), /damage|backup/, code);
  }
  assert.equal(told({ errcode: 13 }), 'commit: the disk is full (ENOSPC); nothing was written: make room on the disk');
  assert.match(
    told({ code: 'EDQUOT', syscall: 'write' }),
    /quota of this user is used up \(EDQUOT\); nothing was written/,
  );
});

test('what an error of SQLite means', () => {
  const path = join(tmpdir(), 'holdfast.db');
  const judged = (facts: object) => toStoreError(Object.assign(new Error('x'), facts), 'commit', path);
  const codeOf = (errcode: number) => judged({ errcode }).code;
  assert.deepEqual([5, 6, 261, 517].map(codeOf), ['not-done', 'not-done', 'not-done', 'not-done']);
  assert.equal(codeOf(13), 'full');
  // 778 and 4874: the system is asked, and it lets us write here.
  assert.deepEqual(
    [10, 11, 14, 26, 1034, 8, 778, 4874].map(codeOf),
    numbers(8).map(() => 'fatal'),
  );
  assert.deepEqual([7, 3082].map(codeOf), ['unknown-outcome', 'unknown-outcome']);
  const ofSystem = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EPERM', 'EIO'];
  assert.deepEqual(
    ofSystem.map((code) => judged({ code, syscall: 'write' }).code),
    ['full', 'full', 'full', 'not-done', 'not-done', 'not-done', 'not-done', 'not-done', 'not-done', 'fatal'],
  );
  assert.equal(toStoreError(new TypeError('x'), 'commit', path).code, 'fatal');
  const known = new StoreError('version', 'x');
  assert.equal(toStoreError(known, 'commit', path), known);
});
