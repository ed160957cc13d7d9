import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { StoreError } from '../store/store.ts';
import { askedSaga, askedTcc } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const success: Outcome = { kind: 'success' };
const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
const minuteMs = 60_000;

async function withSleeping(...gids: readonly string[]): Promise<EngineWorld> {
  const world = await new EngineWorld().start();
  for (const gid of gids) {
    await world.done(world.engine.submit(askedSaga(gid, 1), false));
    await world.answer(error);
  }
  return world;
}

test('explained while it is driven, asleep, and unknown', async () => {
  const world = await withSleeping('asleep');
  const { engine } = world;
  await world.done(engine.submit(askedSaga('driven', 1), false));
  world.send();
  const driven = await world.done(engine.explain('driven'));
  assert.deepEqual([driven?.isDrivenHere, driven?.explanation.inFlight.length], [true, 1]);
  const asleep = await world.done(engine.explain('asleep'));
  assert.deepEqual([asleep?.isDrivenHere, asleep?.explanation.inFlight], [false, []]);
  assert.equal(asleep?.explanation.nextAtMs, world.row('asleep').progress.dueMs);
  assert.equal(await world.done(engine.explain('unknown')), undefined);
  assert.equal(await world.done(engine.query('unknown')), undefined);
  assert.equal((await world.done(engine.query('asleep')))?.definition.gid, 'asleep');
});

test('what is made due is called at once; a gid that is not stored is refused', async () => {
  const world = await withSleeping('g');
  await assert.rejects(world.done(world.engine.makeDue('unknown')), { code: 'NOT_FOUND' });
  assert.equal(world.calls.length, 0);
  await world.done(world.engine.makeDue('g'));
  await world.runtime.advance(1);
  assert.equal(await world.answer(success), 'http://a/1');
});

test('B9: many are made due: so many as asked for, of those that are due later than asked for', async () => {
  const world = await withSleeping('a', 'b', 'c');
  const { engine, runtime } = world;
  assert.deepEqual(await world.done(engine.makeManyDue(minuteMs, 10)), { changed: 0, hasMore: false });
  assert.deepEqual(await world.done(engine.makeManyDue(1000, 2)), { changed: 2, hasMore: true });
  await runtime.advance(1);
  assert.equal(world.calls.length, 2);
});

test('a rollback tells which calls it waits for; without a driver it waits for none', async () => {
  const world = await withSleeping('asleep');
  const { engine } = world;
  await world.done(engine.submit(askedSaga('driven', 2, { concurrent: false }), false));
  world.send();
  const asked = { reason: 'why', doNotWait: false };
  const driven = await world.done(engine.rollback('driven', asked));
  assert.deepEqual([driven.isDrivenHere, driven.waitsFor.map(({ branchId }) => branchId)], [true, ['01']]);
  assert.deepEqual([driven.doesNotWaitFor, driven.compensatesFromMs], [[], undefined]);
  const without = await world.done(engine.rollback('driven', { ...asked, doNotWait: true }));
  assert.deepEqual([without.waitsFor, without.doesNotWaitFor.map(({ branchId }) => branchId)], [[], ['01']]);
  assert.equal((without.compensatesFromMs ?? 0) - world.runtime.wallMs(), 10_000);
  await assert.rejects(world.done(engine.rollback('unknown', asked)), { code: 'NOT_FOUND' });
});

test('it is ready while it has its lease and the store can write, and says why it is not', async () => {
  const world = new EngineWorld();
  assert.equal(world.engine.unready(), 'no lease on the store');
  world.engine.waits('the disk is full');
  assert.equal(world.engine.unready(), 'the disk is full');
  world.engine.waits(undefined);
  await world.start();
  assert.equal(world.engine.unready(), undefined);
  world.engine.refuseNew();
  assert.equal(world.engine.unready(), 'shutting down');
  await assert.rejects(world.done(world.engine.prepare(askedTcc('new'))), { code: 'UNAVAILABLE', retryAfterMs: 2000 });
});

test('before it has started, and after it has ended, it serves nothing that needs its lease', async () => {
  const world = new EngineWorld();
  await world.store.open();
  const submit = () => world.done(world.engine.submit(askedSaga('g', 1), false));
  await assert.rejects(submit(), { code: 'UNAVAILABLE', retryAfterMs: 1000 });
  await world.engine.start();
  await world.runtime.settle();
  const stopped = world.engine.stop(1000);
  await world.runtime.advance(2000);
  await stopped;
  await assert.rejects(submit(), { code: 'UNAVAILABLE' });
  assert.equal(world.engine.unready(), 'shutting down');
});

test('what has been finished for longer than it is kept is deleted, every minute', async () => {
  const world = new EngineWorld({ settings: { retentionMs: 10 * minuteMs } });
  await world.start();
  const { engine, runtime, database } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(success);
  await runtime.advance(9 * minuteMs);
  assert.ok(database.rows.has('g'));
  await runtime.advance(3 * minuteMs);
  assert.ok(!database.rows.has('g'));
});

test('a purge that fails is told, and tried again a minute later', async () => {
  const world = new EngineWorld({ settings: { retentionMs: minuteMs } });
  await world.start();
  const { engine, runtime, database } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(success);
  world.failing.set('change', new StoreError('not-done', 'away'));
  await runtime.advance(3 * minuteMs);
  assert.ok(database.rows.has('g'));
  assert.ok(world.warnings.includes('a periodic task failed'), world.warnings.join());
  world.failing.clear();
  await runtime.advance(minuteMs);
  assert.ok(!database.rows.has('g'));
});

test('a store that is lost in a periodic task ends it', async () => {
  const world = new EngineWorld({ settings: { retentionMs: minuteMs } });
  await world.start();
  world.failing.set('change', new StoreError('fatal', 'the disk is gone'));
  await world.runtime.advance(2 * minuteMs);
  assert.equal(world.fatal.length, 1);
  assert.equal(world.engine.unready(), 'shutting down');
});

test('times go on from what is stored where the clock of the machine is behind, and a large gap is told', async () => {
  for (const [aheadMs, isTold] of [
    [minuteMs, false],
    [minuteMs + 1, true],
  ] as const) {
    const first = await withSleeping('g');
    const world = new EngineWorld();
    await world.store.open();
    const row = first.database.rows.get('g') ?? assert.fail();
    const laterMs = world.runtime.wallMs() + aheadMs;
    const later = { ...row, progress: { ...row.progress, updatedMs: laterMs, dueMs: laterMs } };
    world.database.put('g', later, { kind: 'update', by: 'test', write: undefined });
    await world.done(world.engine.start());
    assert.equal(world.warnings.length > 0, isTold, world.warnings.join());
    await world.done(world.engine.prepare(askedTcc('new')));
    assert.equal(world.row('new').definition.createdMs, laterMs);
  }
});

test('shared: a lease that lapses ends its incarnation, and another one takes over what it drove', async () => {
  const world = new EngineWorld({ exclusive: false });
  await world.start();
  const { engine, runtime } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  const { owner } = world.row('g');
  world.failing.set('heartbeat', new StoreError('not-done', 'away'));
  await runtime.advance(6000);
  assert.equal(engine.unready(), 'no lease on the store: away');
  await assert.rejects(world.done(engine.submit(askedSaga('h', 1), false)), { code: 'UNAVAILABLE' });
  world.failing.clear();
  await runtime.advance(20_000);
  assert.equal(engine.unready(), undefined);
  assert.notEqual(world.row('g').owner, owner);
});

test('shared: what is out is cut when the lease lapses, also while a heartbeat hangs', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  const { engine, runtime, told } = world;
  await world.done(engine.submit(askedSaga('g', 1, { requestTimeoutMs: 3_600_000 }), false));
  world.send();
  const answer = world.hold('heartbeat', 'answer');
  await runtime.advance(1000);
  await runtime.advance(2999);
  assert.equal(engine.activeCount, 1);
  assert.ok(!told.includes('g: 1 error'));
  await runtime.advance(1);
  assert.equal(engine.activeCount, 0);
  assert.ok(told.includes('g: 1 error'), told.join());
  answer();
  await runtime.advance(20_000);
  assert.equal(engine.unready(), undefined, 'it goes on as a new incarnation');
  await world.done(engine.stop(0));
  assert.equal(runtime.timerCount, 0);
});
