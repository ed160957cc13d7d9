import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { StoreError } from '../store.ts';
import { WalSync } from './wal-sync.ts';

/** A file whose syncs end when the test says so. */
function aFile() {
  const syncs: PromiseWithResolvers<void>[] = [];
  let isClosed = false;
  const datasync = () => {
    const sync = Promise.withResolvers<void>();
    syncs.push(sync);
    return sync.promise;
  };
  const close = async () => {
    isClosed = true;
  };
  const failures: StoreError[] = [];
  const wal = new WalSync({ datasync, close }, (error) => failures.push(error));
  return { wal, syncs, failures, isClosed: () => isClosed };
}

/** What has ended so far, by name, in order. */
function watch() {
  const ended: string[] = [];
  const named = (name: string, promise: Promise<void>) => {
    promise.then(
      () => ended.push(name),
      () => ended.push(`${name} failed`),
    );
  };
  return { ended, named };
}

test('one sync runs and one gathers: a sync covers only what was written before it began', async () => {
  const { wal, syncs } = aFile();
  const { ended, named } = watch();
  named('a', wal.written());
  for (const name of ['b', 'c', 'd']) named(name, wal.written());
  assert.equal(syncs.length, 1);
  syncs[0]?.resolve();
  await setImmediate();
  assert.deepEqual(ended, ['a']);
  assert.equal(syncs.length, 2);
  syncs[1]?.resolve();
  await setImmediate();
  assert.deepEqual(ended, ['a', 'b', 'c', 'd']);
  assert.equal(syncs.length, 2);
});

test('who has read waits for the last write before it, and causes no sync', async () => {
  const { wal, syncs } = aFile();
  const { ended, named } = watch();
  await wal.settled();
  named('a', wal.written());
  named('read a', wal.settled());
  named('b', wal.written());
  named('read b', wal.settled());
  syncs[0]?.resolve();
  await setImmediate();
  assert.deepEqual(ended, ['a', 'read a']);
  syncs[1]?.resolve();
  await setImmediate();
  assert.deepEqual(ended, ['a', 'read a', 'b', 'read b']);
  await wal.settled();
  assert.equal(syncs.length, 2);
});

for (const names of [['a'], ['a', 'b']]) {
  test(`a sync that fails is never tried again: ${names.length} who wait and all who come later are told`, async () => {
    const { wal, syncs, failures, isClosed } = aFile();
    const { ended, named } = watch();
    for (const name of names) named(name, wal.written());
    syncs[0]?.reject(new Error('EIO: i/o error, fdatasync'));
    await setImmediate();
    assert.deepEqual(
      ended,
      names.map((name) => `${name} failed`),
    );
    const isFatal = { name: 'StoreError', code: 'fatal', message: /synced to the disk: EIO/ };
    await assert.rejects(wal.written(), isFatal);
    await assert.rejects(wal.settled(), isFatal);
    assert.equal(syncs.length, 1);
    assert.equal(failures.length, 1);
    await wal.close();
    assert.ok(isClosed());
  });
}

test('closing waits for what was written', async () => {
  const { wal, syncs, isClosed } = aFile();
  const written = [wal.written(), wal.written()];
  const closing = wal.close();
  syncs[0]?.resolve();
  await setImmediate();
  assert.ok(!isClosed());
  syncs[1]?.resolve();
  await closing;
  assert.ok(isClosed());
  await Promise.all(written);
});
