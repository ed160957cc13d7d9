import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  aDefinition,
  aProgress,
  claim,
  create,
  found,
  numbers,
  put,
  startMs,
  update,
} from 'holdfast/store/contract/fixtures';
import { connect, workerSettings } from 'holdfast/store/sqlite/connection';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { readNumber } from 'holdfast/store/sqlite/values';
import type { WalFile } from 'holdfast/store/sqlite/wal-sync';

/** The real WAL, whose syncs a test can hold back, let fail, and watch. */
class WatchedWal implements WalFile {
  readonly #file: FileHandle;
  count = 0;
  /** Awaited by each sync before it ends. */
  gate: Promise<void> = Promise.resolve();
  begins: () => void = () => undefined;
  ends: () => void = () => undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async datasync(): Promise<void> {
    this.count += 1;
    this.begins();
    await this.#file.datasync();
    await this.gate;
    this.ends();
  }

  async inode(): Promise<number> {
    return (await this.#file.stat()).ino;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

interface World {
  readonly dataDir: string;
  readonly store: SqliteStore;
  readonly wal: WatchedWal;
}

async function openWatched(dataDir: string): Promise<World> {
  let wal: WatchedWal | undefined;
  const store = new SqliteStore({ dataDir }, async (path) => {
    wal = new WatchedWal(await open(path, 'r+'));
    return wal;
  });
  await store.open();
  assert.ok(wal !== undefined);
  return { dataDir, store, wal };
}

function testStore(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-durability-'));
    const world = await openWatched(dataDir);
    try {
      await run(world);
    } finally {
      await world.store.close();
      rmSync(dataDir, { recursive: true });
    }
  });
}

/** Holds back the syncs from now on. */
function hold({ wal }: World): PromiseWithResolvers<void> {
  const held = Promise.withResolvers<void>();
  held.promise.catch(() => undefined);
  wal.gate = held.promise;
  return held;
}

const due = (gid: string) => create(gid, { progress: aProgress('submitted', { dueMs: startMs }) });

/** A job of the worker thread, behind those it has: what does not wait for the sync has ended by then. */
async function meanwhile({ store }: World): Promise<void> {
  await store.purge(0, 1);
  await setImmediate();
}

testStore('nothing is acknowledged before a sync that began after it has ended', async (world) => {
  const { store } = world;
  await put(store, due('a'), due('b'), create('c'));
  assert.equal(await store.putValue('topics', 'old', 'x', 0, 1), true);
  const writes: Record<string, () => Promise<unknown>> = {
    commit: () => store.commit([create('d')]),
    'commit of an update': () => store.commit([update('c')]),
    claim: () => claim(store, 'one'),
    makeDue: () => store.makeDue('a', startMs),
    putValue: () => store.putValue('topics', 'new', 'x', 0, 1),
    deleteValue: () => store.deleteValue('topics', 'old'),
    ping: () => store.ping(),
  };
  for (const [name, write] of Object.entries(writes)) {
    const held = hold(world);
    let isDone = false;
    const done = write().then(() => {
      isDone = true;
    });
    await meanwhile(world);
    assert.ok(!isDone, `${name} did not wait for the sync`);
    held.resolve();
    await done;
  }
});

testStore('nothing is read before what was read is on the disk', async (world) => {
  const { store, wal } = world;
  await put(store, create('old'));
  const reads: Record<string, () => Promise<unknown>> = {
    load: () => store.load(['new']),
    list: () => store.list({ limit: 10 }),
    counts: () => store.counts(startMs),
    owned: () => store.owned('one', '', 10),
    clockMs: () => store.clockMs(),
    getValue: () => store.getValue('topics', 'a'),
    listValues: () => store.listValues('topics', '', 10),
  };
  const syncs = wal.count;
  await Promise.all(Object.values(reads).map((read) => read()));
  assert.equal(wal.count, syncs, 'a read alone syncs nothing');
  const held = hold(world);
  const done: string[] = [];
  const all = [store.commit([create('new')]).then(() => done.push('commit'))];
  for (const [name, read] of Object.entries(reads)) all.push(read().then(() => done.push(name)));
  await meanwhile(world);
  assert.deepEqual(done, []);
  held.resolve();
  await Promise.all(all);
  assert.equal((await found(store, 'new')).version, 1);
});

testStore('that nothing is there is told at once, whatever waits for the disk', async (world) => {
  const { store } = world;
  const held = hold(world);
  const written = store.commit([create('new')]);
  assert.deepEqual(await store.load(['missing']), [undefined]);
  let isBothRead = false;
  const both = store.load(['missing', 'new']).then((found) => {
    isBothRead = true;
    return found;
  });
  await meanwhile(world);
  assert.ok(!isBothRead);
  held.resolve();
  await written;
  assert.deepEqual(
    (await both).map((one) => one?.definition.gid),
    [undefined, 'new'],
  );
});

testStore('commits that come during a sync share the next one', async (world) => {
  const { store, wal } = world;
  const held = hold(world);
  const before = wal.count;
  const commits = numbers(20).map((index) => store.commit([create(`g${index}`)]));
  await meanwhile(world);
  held.resolve();
  await Promise.all(commits);
  assert.equal(wal.count - before, 2);
});

testStore('the worker thread syncs by itself, and its writes cause no other sync', async ({ dataDir, store, wal }) => {
  await put(store, create('a', { progress: aProgress('submitted', { dueMs: startMs + 1000 }) }));
  const before = wal.count;
  assert.deepEqual(await store.makeManyDue(startMs, 10, startMs), { changed: 1, hasMore: false });
  assert.equal(wal.count, before);
  const db = connect(join(dataDir, 'holdfast.db'), workerSettings);
  assert.equal(readNumber(db, 'pragma synchronous'), 2, 'full');
  db.close();
});

testStore('a sync that fails ends the store: nothing is tried again', async (world) => {
  const { store, wal } = world;
  await put(store, create('safe'));
  const held = hold(world);
  const isFatal = { name: 'StoreError', code: 'fatal', message: /could not be synced to the disk: EIO/ };
  const waiting = [store.commit([create('a')]), store.load(['a']), store.commit([create('b')])];
  const told = waiting.map((one) => assert.rejects(one, isFatal));
  await setImmediate();
  const before = wal.count;
  held.reject(new Error('EIO: i/o error, fdatasync'));
  await Promise.all(told);
  wal.gate = Promise.resolve();
  for (const later of [() => store.commit([create('c')]), () => store.load(['safe']), () => store.ping()]) {
    await assert.rejects(later, isFatal);
  }
  await assert.rejects(store.counts(startMs), isFatal);
  assert.equal(wal.count, before);
});

test('opening syncs what a killed process may have left, and fails where that fails', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-durability-'));
  try {
    const { store, wal } = await openWatched(dataDir);
    assert.equal(wal.count, 1);
    await store.close();
    const broken = { datasync: () => Promise.reject(new Error('EIO')), close: () => Promise.resolve() };
    await assert.rejects(new SqliteStore({ dataDir }, async () => broken).open(), { code: 'fatal' });
    const again = await openWatched(dataDir);
    await again.store.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

testStore('the descriptor stays that of the WAL, which is begun anew and cut but never replaced', async (world) => {
  const { dataDir, store, wal } = world;
  const path = join(dataDir, 'holdfast.db-wal');
  const reader = new DatabaseSync(join(dataDir, 'holdfast.db'), { readOnly: true });
  reader.exec('begin');
  assert.equal(readNumber(reader, 'select count(*) from transactions'), 0);
  const large = (gid: string) => {
    const payload = 'x'.repeat(500_000);
    return create(gid, {
      definition: aDefinition(gid, { steps: [{ branchId: '01', action: 'u', compensate: '', payload }] }),
    });
  };
  let count = 0;
  const write = async () => {
    await put(store, ...numbers(8).map((index) => large(`g${count}-${index}`)));
    count += 1;
    await setImmediate();
  };
  while (statSync(path).size < 80 * 1024 * 1024) await write();
  reader.close();
  while (statSync(path).size > 64 * 1024 * 1024) await write();
  assert.equal(statSync(path).ino, await wal.inode());
});

/** The files as they are now; the WAL last, because a checkpoint copies from it to the database. */
function copyFiles(dataDir: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  for (const name of ['holdfast.db', 'holdfast.db-wal']) {
    if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(target, name));
  }
}

/**
 * What a power cut leaves at least: the files as they were when the last sync that has ended began. Everything written
 * after that is taken as lost.
 */
testStore('after a power cut all that was acknowledged is there', async (world) => {
  const { dataDir, store, wal } = world;
  const folder = (name: string) => join(dataDir, name);
  let begun = 0;
  let ended = 0;
  wal.begins = () => copyFiles(dataDir, folder(`begun${++begun}`));
  wal.ends = () => {
    rmSync(folder(`begun${ended}`), { recursive: true, force: true });
    ended += 1;
  };
  const acknowledged: string[] = [];
  const writer = async (name: string) => {
    for (const round of numbers(20)) {
      const gid = `${name}-${round}`;
      await put(store, create(gid));
      await put(store, update(gid, { owner: name }));
      acknowledged.push(gid);
      if (round % 10 === 9) await cut();
    }
  };
  const cut = async () => {
    const gids = [...acknowledged];
    const image = folder(`image${begun}-${acknowledged.length}`);
    copyFiles(folder(`begun${ended}`), image);
    const copy = new SqliteStore({ dataDir: image });
    await copy.open();
    const versions = (await copy.load(gids)).map((one) => one?.version);
    assert.deepEqual(
      versions,
      gids.map(() => 2),
    );
    await copy.close();
    rmSync(image, { recursive: true });
  };
  await put(store, create('first'));
  await Promise.all(numbers(6).map((index) => writer(`w${index}`)));
  assert.equal(acknowledged.length, 120);
});
