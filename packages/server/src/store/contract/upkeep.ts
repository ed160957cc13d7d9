import assert from 'node:assert/strict';
import type { Status } from '@holdfast/core';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  claim,
  create,
  found,
  gidsOf,
  listed,
  numbers,
  put,
  startMs,
  update,
  write,
} from './fixtures.ts';

const sleeping = (gid: string, dueMs: number, owner: string | null = null, status: Status = 'submitted') =>
  create(gid, { owner, progress: aProgress(status, { dueMs }) });

const finished = (gid: string, finishedMs: number, status: Status = 'succeed') =>
  create(gid, {
    definition: aDefinition(gid, { createdMs: finishedMs }),
    progress: aProgress(status, { finishedMs, updatedMs: finishedMs }),
  });

/** makeDue, makeManyDue, purge, counts, clock. */
export function testUpkeep(test: Case): void {
  test('makeDue: earlier, never later; the owner keeps it and sees the version rise', async (store) => {
    await put(store, sleeping('g', startMs + 100, 'a'));
    assert.equal(await store.makeDue('g', startMs + 10), true);
    const stored = await found(store, 'g');
    assert.deepEqual([stored.progress.dueMs, stored.owner, stored.handedBack], [startMs + 10, 'a', true]);
    assert.ok(stored.version > 1);
    assert.equal(await write(store, update('g', { expectOwner: 'a', owner: 'a' })), 'conflict');
    assert.equal(await store.makeDue('g', startMs + 50), true);
    assert.equal((await found(store, 'g')).progress.dueMs, startMs + 10);
  });

  test('makeDue: what sleeps without owner can be claimed then', async (store) => {
    await put(store, sleeping('g', startMs + 100));
    assert.deepEqual((await claim(store, 'a')).claimed, []);
    await store.makeDue('g', startMs);
    const [claimed] = (await claim(store, 'a')).claimed;
    assert.deepEqual([claimed?.definition.gid, claimed?.handedBack], ['g', true]);
  });

  test('makeDue: fine for a finished one, which stays as it is; false for an unknown one', async (store) => {
    await put(store, finished('g', startMs));
    const before = await found(store, 'g');
    assert.equal(await store.makeDue('g', 1), true);
    assert.deepEqual(await found(store, 'g'), before);
    assert.deepEqual((await claim(store, 'a')).claimed, []);
    assert.equal(await store.makeDue('unknown', startMs), false);
  });

  test('B9: makeManyDue: up to the limit, only unfinished without owner and due after the bound', async (store) => {
    await put(
      store,
      ...numbers(5).map((index) => sleeping(`far-${index}`, startMs + 1000 + index)),
      sleeping('near', startMs + 500),
      sleeping('owned', startMs + 2000, 'a'),
      sleeping('over', startMs + 2000, null, 'failed'),
    );
    const bound = startMs + 500;
    assert.deepEqual(await store.makeManyDue(bound, 3, startMs), { changed: 3, hasMore: true });
    assert.deepEqual(await store.makeManyDue(bound, 2, startMs), { changed: 2, hasMore: false });
    assert.deepEqual(await store.makeManyDue(bound, 2, startMs), { changed: 0, hasMore: false });
    const stored = await store.load([...numbers(5).map((index) => `far-${index}`), 'near', 'owned', 'over']);
    assert.deepEqual(
      stored.map((one) => (one?.progress.dueMs ?? 0) - startMs),
      [0, 0, 0, 0, 0, 500, 2000, 2000],
    );
  });

  test('makeManyDue: more than fit one page of any store', async (store) => {
    for (const page of numbers(5)) {
      await put(store, ...numbers(500).map((index) => sleeping(`g${page}-${index}`, startMs + 1000)));
    }
    assert.deepEqual(await store.makeManyDue(startMs, 1100, startMs), { changed: 1100, hasMore: true });
    assert.deepEqual(await store.makeManyDue(startMs, 100_000, startMs), { changed: 1400, hasMore: false });
    assert.equal((await store.counts(startMs)).due, 2500);
  });

  test('Q23, Q33, B23: purge: what finished before, and nothing else', async (store) => {
    await put(
      store,
      finished('old', 10),
      finished('old-failed', 10, 'failed'),
      finished('at', 20),
      finished('young', 30),
      ...(['prepared', 'submitted', 'aborting'] as const).map((status) => sleeping(status, 1, null, status)),
    );
    assert.equal(await store.purge(20, 100), 2);
    const left = ['aborting', 'at', 'prepared', 'submitted', 'young'];
    assert.deepEqual((await listed(store, {})).sort(), left);
    assert.deepEqual(await store.load(['old', 'old-failed']), [undefined, undefined]);
    assert.equal(await store.purge(20, 100), 0);
  });

  test('purge: up to the limit', async (store) => {
    await put(store, ...numbers(400).map((index) => finished(`g${index}`, index)));
    assert.equal(await store.purge(startMs, 5), 5);
    assert.equal(await store.purge(startMs, 250), 250);
    assert.equal((await listed(store, {})).length, 145);
    assert.equal(await store.purge(startMs, 1000), 145);
  });

  test('B18: purge: branches go too, and the gid can be created anew', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', [aBranch('01'), aBranch('02')]));
    await put(store, update('g', { progress: aProgress('failed') }));
    assert.equal(await store.purge(startMs + 1, 10), 1);
    assert.equal(await write(store, update('g', { expectVersion: 2 })), 'missing');
    assert.equal(await write(store, append('g', [aBranch('01')])), 'missing');
    const anew = create('g', { definition: aDefinition('g', { customData: 'anew' }) });
    await put(store, anew);
    const stored = await found(store, 'g');
    assert.deepEqual([stored.version, stored.branches, stored.definition.customData], [1, [], 'anew']);
    await put(store, append('g', [aBranch('01')]));
    assert.equal((await found(store, 'g')).branches.length, 1);
  });

  test('counts: unfinished by status, incidents, what is due without owner', async (store) => {
    assert.deepEqual(await store.counts(startMs), {
      unfinished: { prepared: 0, submitted: 0, aborting: 0 },
      incidents: 0,
      decisions: 0,
      owned: 0,
      due: 0,
      oldestDueMs: undefined,
    });
    await put(
      store,
      sleeping('p1', startMs - 10, null, 'prepared'),
      sleeping('p2', startMs + 10, null, 'prepared'),
      sleeping('s1', startMs, null),
      sleeping('s2', startMs - 20, 'a'),
      sleeping('s3', startMs - 30, 'a'),
      sleeping('ab', startMs + 1, null, 'aborting'),
      create('stuck', { progress: aProgress('prepared', { incident: 'prepared-needs-human' }) }),
      create('errs', { progress: aProgress('submitted', { incident: 'failing: action of branch 01' }) }),
      create('refuses', { progress: aProgress('submitted', { incident: 'failure-retried: action of branch 01' }) }),
      create('was', { progress: aProgress('failed', { incident: 'prepared-needs-human' }) }),
      finished('over', startMs - 99),
    );
    assert.deepEqual(await store.counts(startMs), {
      unfinished: { prepared: 3, submitted: 5, aborting: 1 },
      incidents: 3,
      decisions: 1,
      owned: 2,
      due: 2,
      oldestDueMs: startMs - 10,
    });
  });

  test('counts follow claims, moves and purges', async (store) => {
    await put(store, ...numbers(4).map((index) => sleeping(`g${index}`, startMs - index)));
    await claim(store, 'a', { maxCount: 1 });
    assert.equal((await store.counts(startMs)).due, 3);
    await put(store, update('g3', { expectOwner: 'a', expectVersion: 2, progress: aProgress('succeed') }));
    await store.purge(startMs + 1, 10);
    const { unfinished, due, oldestDueMs } = await store.counts(startMs);
    assert.deepEqual([unfinished.submitted, due, oldestDueMs], [3, 3, startMs - 2]);
  });

  test('clock: of an exclusive store the highest time it holds', async (store, { reopen }) => {
    if (!store.exclusive) {
      assert.ok((await store.clockMs()) > 0);
      return;
    }
    assert.equal(await store.clockMs(), 0);
    await put(
      store,
      create('g', { progress: aProgress('prepared', { updatedMs: startMs + 1, dueMs: startMs + 999 }) }),
    );
    assert.equal(await store.clockMs(), startMs + 1);
    await put(
      store,
      update('g', { progress: aProgress('failed', { updatedMs: startMs + 2, finishedMs: startMs + 3 }) }),
    );
    await put(store, create('older', { definition: aDefinition('older', { createdMs: 5 }) }));
    const highestMs = await store.clockMs();
    assert.ok(highestMs === startMs + 2 || highestMs === startMs + 3);
    const again = (await reopen?.()) ?? store;
    assert.equal(await again.clockMs(), highestMs);
  });

  test('close: twice is fine, and afterwards nothing is served', async (store) => {
    await store.ping();
    await store.close();
    await store.close();
    await assert.rejects(store.ping());
    await assert.rejects(store.load(['g']));
    await assert.rejects(store.commit([create('g')]));
    await assert.rejects(claim(store, 'a'));
  });

  test('what is stored is there after the store was closed and opened', async (store, { reopen }) => {
    if (reopen === undefined) return;
    await put(store, create('g', { owner: 'a' }), sleeping('sleeps', startMs), finished('over', startMs));
    await put(store, append('g', [aBranch('01')]));
    assert.equal(await store.putValue('topics', 'orders', '[]', 0, startMs), true);
    const before = await store.load(['g', 'sleeps', 'over']);
    const again = await reopen();
    assert.deepEqual(await again.load(['g', 'sleeps', 'over']), before);
    assert.equal((await again.getValue('topics', 'orders'))?.value, '[]');
    assert.deepEqual(gidsOf((await claim(again, 'b')).claimed), ['g', 'sleeps']);
  });
}
