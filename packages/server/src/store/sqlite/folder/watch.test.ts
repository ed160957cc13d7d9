import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { create, put } from '../../contract/fixtures.ts';
import { SqliteStore } from '../sqlite-store.ts';
import { FolderWatch, type Look } from './watch.ts';

async function withStore(run: (folder: string, store: SqliteStore) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-watch-'));
  const folder = join(root, 'data');
  const store = new SqliteStore({ dataDir: folder });
  await store.open();
  try {
    await run(folder, store);
  } finally {
    await store.close();
    rmSync(root, { recursive: true });
  }
}

/** A watch whose looks the test makes and answers. */
function aWatch(folder: string) {
  const told: string[] = [];
  let answer: Look = (path) => stat(path, { bigint: true });
  let nowMs = 0;
  const watch = new FolderWatch({
    folder,
    events: {
      doubted: (reason) => told.push(reason ?? 'sure again'),
      lost: ({ code, message }) => told.push(`lost: ${code} ${message}`),
    },
    look: (path) => answer(path),
    nowMs: () => nowMs,
  });
  const look = async (with_: Look | undefined, atMs: number) => {
    answer = with_ ?? ((path) => stat(path, { bigint: true }));
    nowMs = atMs;
    await watch.look();
  };
  const at = (ms: number) => {
    nowMs = ms;
  };
  return { watch, told, look, at };
}

const failing: Look = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
const gone: Look = () => Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }));
const others: Look = () => Promise.resolve({ dev: 1n, ino: 1n });

test('one odd look is a doubt, a second one in a row is the end', async () => {
  for (const odd of [gone, others]) {
    await withStore(async (folder) => {
      const { watch, told, look } = aWatch(folder);
      await look(undefined, 0);
      assert.deepEqual(told, []);
      await look(odd, 1000);
      assert.match(watch.doubt ?? '', /holdfast\.db is (gone|not the file that is open)/);
      await look(undefined, 2000);
      assert.equal(watch.doubt, undefined);
      await look(odd, 3000);
      assert.equal(told.length, 3);
      await look(odd, 4000);
      assert.match(told[3] ?? '', /^lost: fatal .*holdfast\.db .*put the folder back as it was, or restore a backup/);
      await look(odd, 5000);
      assert.equal(told.length, 4, 'and it is told once');
      watch.close();
    });
  }
});

test('a file system that cannot tell is a doubt for ten seconds, then the end', async () => {
  await withStore(async (folder) => {
    const { watch, told, look } = aWatch(folder);
    await look(failing, 0);
    assert.match(watch.doubt ?? '', /cannot be looked at \(EIO\)/);
    await look(failing, 9000);
    await look(undefined, 9500);
    assert.equal(watch.doubt, undefined);
    await look(failing, 10_000);
    await look(failing, 19_999);
    assert.equal(told.filter((one) => one.startsWith('lost')).length, 0);
    await look(failing, 20_000);
    assert.equal(told.filter((one) => one.startsWith('lost')).length, 1);
    watch.close();
  });
});

test('a look that does not end within five seconds counts as one that cannot tell', async () => {
  await withStore(async (folder) => {
    const { watch, told, look, at } = aWatch(folder);
    const held = Promise.withResolvers<{ dev: bigint; ino: bigint }>();
    const first = look(() => held.promise, 0);
    for (let second = 1; second < 5; second += 1) watch.tick();
    assert.equal(watch.doubt, undefined, 'a busy machine');
    at(5000);
    watch.tick();
    assert.match(watch.doubt ?? '', /does not answer/);
    at(15_000);
    watch.tick();
    assert.match(told.at(-1) ?? '', /^lost: /);
    held.resolve({ dev: 1n, ino: 1n });
    await first;
    watch.close();
  });
});

test('a database that was moved away: no backup, nothing made in its place, and the end is told', async () => {
  await withStore(async (folder, store) => {
    await put(store, create('before'));
    const lost = new Promise<Error>((resolve) => store.watch({ doubted: () => undefined, lost: resolve }));
    renameSync(folder, `${folder}-moved`);
    await assert.rejects(store.backup(), { code: 'not-done', message: /holdfast\.db is gone/ });
    assert.equal(existsSync(folder), false);
    await assert.rejects(store.commit([create('after')]), { code: 'not-done', message: /nothing was written/ });
    assert.match((await lost).message, /holdfast\.db is gone: it was deleted or moved/);
    await assert.rejects(store.commit([create('after')]), { code: 'fatal' });
    renameSync(`${folder}-moved`, folder);
  });
});
