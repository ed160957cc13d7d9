import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { aDefinition, aProgress, create, found, listed, numbers, put, update } from 'holdfast/store/contract/fixtures';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { readNumber, readText } from 'holdfast/store/sqlite/values';

function testOpen(name: string, run: (store: SqliteStore, dataDir: string) => Promise<void>): void {
  test(name, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-load-'));
    const store = new SqliteStore({ dataDir });
    try {
      await store.open();
      await run(store, dataDir);
    } finally {
      await store.close();
      rmSync(dataDir, { recursive: true });
    }
  });
}

const step = { branchId: '01', action: 'u', compensate: 'v', payload: 'x'.repeat(8000) };
const large = (gid: string) => create(gid, { definition: aDefinition(gid, { steps: [step] }) });

/** Commits batch after batch until it is told to stop; answers with the gids in the order of their commits. */
function startCommits(store: SqliteStore, name: string): () => Promise<string[]> {
  let isStopped = false;
  const gids: string[] = [];
  const running = (async () => {
    for (let batch = 0; !isStopped; batch += 1) {
      const some = numbers(8).map((index) => `${name}-${String(batch).padStart(6, '0')}-${index}`);
      await put(store, ...some.map(large));
      gids.push(...some);
      await setImmediate();
    }
    return gids;
  })();
  return () => {
    isStopped = true;
    return running;
  };
}

testOpen('under commits without a pause the WAL stays bounded', async (store, dataDir) => {
  const wal = join(dataDir, 'holdfast.db-wal');
  let longestBytes = 0;
  for (let batch = 0; batch < 700; batch += 1) {
    await put(store, ...numbers(32).map((index) => large(`g${batch}-${index}`)));
    longestBytes = Math.max(longestBytes, statSync(wal).size);
    await setImmediate();
  }
  const writtenBytes = statSync(join(dataDir, 'holdfast.db')).size;
  assert.ok(writtenBytes > 100_000_000, `${writtenBytes} bytes are not enough to show it`);
  assert.ok(longestBytes < 96 * 1024 * 1024, `the WAL grew to ${longestBytes} bytes`);
});

testOpen('a reader from outside that stays long only delays the WAL', async (store, dataDir) => {
  const wal = join(dataDir, 'holdfast.db-wal');
  const reader = new DatabaseSync(join(dataDir, 'holdfast.db'), { readOnly: true });
  reader.exec('begin');
  assert.equal(readNumber(reader, 'select count(*) from transactions'), 0);
  const stop = startCommits(store, 'g');
  while (statSync(wal).size < 100 * 1024 * 1024) await setImmediate();
  reader.exec('rollback');
  reader.close();
  while (statSync(wal).size > 64 * 1024 * 1024) await setImmediate();
  await stop();
});

testOpen('a backup under load is one state of the store, and opens as a store of its own', async (store, dataDir) => {
  await put(store, ...numbers(500).map((index) => large(`before-${index}`)));
  assert.equal(await store.putValue('topics', 'a', 'b', 0, 1), true);
  const stop = startCommits(store, 'during');
  const { path, bytes } = await store.backup();
  const [second, third] = await Promise.all([store.backup(), store.backup()]);
  const during = await stop();
  assert.match(path, /backups\/holdfast-\d{8}T\d{6}\.\d{3}Z\.db$/);
  assert.equal(statSync(path).size, bytes);
  assert.equal(readdirSync(join(dataDir, 'backups')).length, new Set([path, second.path, third.path]).size);

  const copyDir = join(dataDir, 'copy');
  await mkdir(copyDir);
  await copyFile(path, join(copyDir, 'holdfast.db'));
  const copy = new SqliteStore({ dataDir: copyDir });
  await copy.open();
  assert.equal((await listed(copy, { gidPrefix: 'before-' })).length, 500);
  const copied = new Set(await listed(copy, { gidPrefix: 'during-' }));
  assert.deepEqual(
    [...copied].sort(),
    during.slice(0, copied.size).sort(),
    'all of the first commits, none of the later',
  );
  assert.equal(copied.size % 8, 0, 'no batch is cut');
  assert.equal((await copy.getValue('topics', 'a'))?.value, 'b');
  await put(copy, update('before-1'), large('new'));
  assert.equal((await found(copy, 'before-1')).version, 2);
  await copy.close();
  const db = new DatabaseSync(path, { readOnly: true });
  assert.equal(readText(db, 'pragma integrity_check'), 'ok');
  db.close();
});

testOpen('what a backup that was cut off has left is removed by the next', async (store, dataDir) => {
  await mkdir(join(dataDir, 'backups'));
  const left = join(dataDir, 'backups', 'holdfast-20200101T000000.000Z.db.partial');
  await copyFile(join(dataDir, 'holdfast.db'), left);
  await store.backup();
  assert.ok(!existsSync(left));
  assert.equal(readdirSync(join(dataDir, 'backups')).length, 1);
});

testOpen('a purge under load removes all it should, and commits go on in between', async (store) => {
  for (const batch of numbers(20)) {
    const writes = numbers(100).map((index) => large(`old-${batch}-${index}`));
    await put(store, ...writes.map((one) => ({ ...one, progress: aProgress('succeed', { finishedMs: 10 }) })));
  }
  const stop = startCommits(store, 'new');
  let isPurging = true;
  let between = 0;
  const purging = store.purge(11, 5000).finally(() => {
    isPurging = false;
  });
  while (isPurging) {
    await put(store, create(`between-${between}`));
    between += 1;
    await setImmediate();
  }
  assert.equal(await purging, 2000);
  assert.ok(between > 5, `only ${between} commits came in between`);
  const during = await stop();
  assert.deepEqual(await listed(store, { gidPrefix: 'old-' }), []);
  assert.equal((await listed(store, { gidPrefix: 'new-' })).length, during.length);
});
