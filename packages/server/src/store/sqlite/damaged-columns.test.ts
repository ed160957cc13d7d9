/** Values that a column cannot have, as a flipped bit in the head of a row makes them: one transaction suffers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import {
  aDefinition,
  aProgress,
  append,
  claim,
  create,
  found,
  gidsOf,
  numbers,
  put,
  startMs,
  update,
  write,
} from '../contract/fixtures.ts';
import { UnreadableError, type UnreadableRow } from '../store.ts';
import { SqliteStore } from './sqlite-store.ts';

const values = ["'FAILURE'", "''", "x'ff00'", '-5', '1.5', '9223372036854775807', '9007199254740993'];
const columns = {
  transactions: [
    ...['type', 'status', 'owner', 'handed_back', 'version', 'due_ms', 'created_ms', 'updated_ms', 'finished_ms'],
    ...['incident', 'create_token', 'write_token', 'branch_count', 'definition_bytes', 'branches_bytes', 'reason'],
    ...['progress', 'checksum', 'alert_ms', 'alert_tries'],
  ],
  definitions: ['definition', 'checksum'],
};
const due = (gid: string) => create(gid, { progress: aProgress('submitted', { dueMs: startMs, incident: 'x' }) });

const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-columns-'));
const store = new SqliteStore({ dataDir });
const damaged: string[] = [];

before(async () => {
  await store.open();
  for (const [table, names] of Object.entries(columns)) {
    for (const name of names) {
      // An empty reason is what is there.
      const gids = values
        .map((_, index) => `${table}-${name}-${index}`)
        .filter((gid) => gid !== 'transactions-reason-1');
      damaged.push(...gids);
      await put(store, ...gids.map(due));
    }
  }
  await put(store, due('fine'));
  const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
  for (const gid of damaged) {
    const [table, name, index] = gid.split('-');
    const where = table === 'transactions' ? 'gid = ?' : 'id = (select id from transactions where gid = ?)';
    db.prepare(`update ${table} set ${name} = ${values[Number(index)]} where ${where}`).run(gid);
  }
  db.close();
});

after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const isUnreadable = async (gid: string) =>
  store.load([gid]).then(
    () => false,
    (error: unknown) => {
      assert.ok(error instanceof UnreadableError, String(error));
      assert.doesNotMatch(error.message, /FAILURE/, 'it could mean an outcome');
      return true;
    },
  );

test('what is asked about many is answered', async () => {
  const gids: string[] = [];
  for (let position = ''; ; ) {
    const page = await store.list({ limit: 10, position });
    gids.push(...gidsOf(page.transactions));
    position = page.next;
    if (position === '') break;
  }
  assert.equal(new Set(gids).size, gids.length, 'each once');
  // Those whose time of creation is no time that there can be are found by their gids.
  const isLost = (gid: string) => /created_ms-[012356]$/.test(gid);
  assert.deepEqual(
    damaged.filter((gid) => !gids.includes(gid) && !isLost(gid)),
    [],
  );
  assert.ok((await store.counts(startMs)).incidents > 0);
  const alerts = { nowMs: startMs, firstRetryMs: 1000, longestRetryMs: 60_000, limit: 1000 };
  assert.ok((await store.takeAlerts(alerts)).taken.some(({ gid }) => gid === 'fine'));
  assert.equal((await store.list({ limit: 10, gid: 'transactions-created_ms-0' })).transactions.length, 1);
});

test('writes to a damaged transaction keep no other of their batch from being written', async () => {
  const others = numbers(damaged.length);
  const results = await store.commit(
    damaged.flatMap((gid, index) => [
      create(gid),
      append(gid, []),
      update(gid, { expectVersion: 99 }),
      due(`n${index}`),
    ]),
  );
  assert.deepEqual(
    others.map((index) => results[4 * index + 3]),
    others.map(() => 'done'),
  );
});

test('a claim takes what can be read, and makes an incident of the rest', async () => {
  const gids: string[] = [];
  const unreadable: UnreadableRow[] = [];
  for (let isMore = true; isMore; ) {
    const page = await claim(store, 'one', { maxCount: 50, maxBytes: 1e9 });
    gids.push(...gidsOf(page.claimed));
    unreadable.push(...(page.unreadable ?? []));
    isMore = page.nextDueMs !== undefined && page.nextDueMs <= startMs;
  }
  assert.ok(gids.includes('fine'));
  for (const index of values.keys()) assert.ok(gids.includes(`transactions-version-${index}`), 'versions begin anew');
  // Nothing is forgotten, whatever its due time says; what is in no status of these is found by whoever asks.
  const met = new Set([...gids, ...unreadable.map(({ gid }) => gid)]);
  assert.deepEqual(
    damaged.filter((gid) => !met.has(gid) && !gid.startsWith('transactions-status-')),
    [],
  );
  const covered = /-(type|created_ms|updated_ms|finished_ms|reason|progress|checksum|definition)-/;
  assert.deepEqual(
    gids.filter((gid) => covered.test(gid)),
    [],
    'nothing that a checksum covers is driven',
  );
});

test('each can be read, or be ended; what was stored is set aside', async () => {
  for (const gid of damaged) {
    if (!(await isUnreadable(gid))) continue;
    const { row } = await store.load([gid]).then(
      () => assert.fail(),
      (error: UnreadableError) => error,
    );
    const stopped = update(gid, {
      expectVersion: row.version,
      expectOwner: row.owner,
      definition: aDefinition(gid, { steps: [], createdMs: row.createdMs }),
      progress: aProgress('failed', { operations: '' }),
      setsAside: true,
    });
    assert.equal(await write(store, stopped), 'done', gid);
    assert.equal((await found(store, gid)).progress.status, 'failed', gid);
  }
});

test('a damaged value hides no other of its category', async () => {
  for (const key of ['a', 'b', 'c', 'd']) await store.putValue('topics', key, '[]', 0, startMs);
  const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
  db.exec(`update key_values set version = 'x' where key = 'a'; update key_values set value = x'ff' where key = 'b';
    update key_values set created_ms = 9223372036854775807 where key = 'c'`);
  db.close();
  const values = await store.listValues('topics', '', 10);
  assert.deepEqual(
    values.map(({ key, value }) => [key, value]),
    [
      ['a', '[]'],
      ['b', ''],
      ['c', '[]'],
      ['d', '[]'],
    ],
  );
  assert.equal((await store.getValue('topics', 'd'))?.value, '[]');
});
