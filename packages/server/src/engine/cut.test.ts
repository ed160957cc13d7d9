import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskedTransaction } from './coordinator.ts';
import { askedSaga } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

function concurrent(gid: string, steps: number): AskedTransaction {
  return { ...askedSaga(gid, steps), customData: '{"concurrent":true}' };
}

test('not to wait cuts what is out; its branch is compensated 10 s later, and what it answers changes nothing', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime } = world;
  await world.done(engine.submit(askedSaga('g', 1, { requestTimeoutMs: 3_600_000 }), false));
  const out = world.send() ?? assert.fail('it goes out');
  const told = await world.done(engine.rollback('g', { reason: '', doNotWait: true }));
  assert.deepEqual([told.waitsFor.length, told.doesNotWaitFor.length], [0, 1]);
  assert.equal(told.compensatesFromMs, told.transaction.progress.updatedMs + 10_000);
  out.done({ kind: 'answered', outcome: { kind: 'success' }, durationMs: 30_000 });
  await runtime.advance(9_999);
  assert.equal(world.calls.length, 0);
  await runtime.advance(1);
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/1');
  const { status, attempts } = world.row('g').progress;
  assert.equal(status, 'failed');
  assert.deepEqual(
    attempts.map(({ operation, reason }) => [operation, reason]),
    [
      [1, 'cut: an operator decided not to wait for it; it may have run'],
      [0, ''],
    ],
  );
});

test('a service has its 10 s after a cut, also where engine time leaps meanwhile', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime } = world;
  await world.done(engine.submit(askedSaga('g', 1, { requestTimeoutMs: 3_600_000 }), false));
  world.send();
  await world.done(engine.rollback('g', { reason: '', doNotWait: true }));
  await runtime.advance(5000);
  engine.clock.moveTo(engine.clock.nowMs() + 3_600_000);
  await world.done(engine.makeDue('g'));
  await runtime.advance(4999);
  assert.equal(world.calls.length, 0);
  await runtime.advance(1);
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/1');
});

test('a stop cuts what is out and withdraws what waits; the attempt of what was out says so', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(concurrent('g', 3), false));
  assert.equal(world.calls.length, 3);
  world.send();
  const waiting = world.calls[0] ?? assert.fail();
  const commit = world.hold('commit', 'request');
  const stopped = engine.forceStop('g');
  await world.runtime.settle();
  assert.equal(waiting.mayGo(), false, 'from the request on');
  assert.deepEqual(world.calls, [], 'what waits is withdrawn');
  commit();
  await world.done(stopped);
  assert.equal(engine.activeCount, 0);
  const { status, attempts, operations } = world.row('g').progress;
  assert.deepEqual([status, operations], ['failed', 'pmpppp']);
  assert.deepEqual(
    attempts.map(({ operation, reason }) => [operation, reason]),
    [[1, 'cut: an operator stopped the transaction; it may have run']],
  );
  assert.deepEqual(
    world.told.filter((line) => line.includes('error')),
    ['g: 1 error'],
  );
});

test('a stop that another node was asked for cuts what is out here', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  const other = await new EngineWorld({ beside: world }).start();
  await world.done(world.engine.submit(askedSaga('g', 1, { requestTimeoutMs: 3_600_000 }), false));
  world.send();
  await world.done(other.engine.forceStop('g'));
  await world.runtime.advance(5_000);
  assert.equal(world.engine.activeCount, 0);
  assert.deepEqual(
    world.told.filter((line) => line.includes('error')),
    ['g: 1 error'],
  );
});

test('any other rollback cuts nothing, and waits for nothing that has not gone out', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(concurrent('g', 3), false));
  const out = world.send() ?? assert.fail('it goes out');
  const failing = world.send() ?? assert.fail('it goes out');
  failing.done({ kind: 'answered', outcome: { kind: 'failure', message: 'FAILURE' }, durationMs: 1 });
  await world.runtime.settle();
  assert.equal(world.row('g').progress.status, 'aborting');
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/2', 'the third never went, and is not compensated');
  assert.equal(world.calls.length, 0, 'the first is waited for');
  out.done({ kind: 'answered', outcome: { kind: 'success' }, durationMs: 1 });
  await world.runtime.settle();
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/1');
  assert.equal(world.row('g').progress.status, 'failed');
});

test('a node that has lost its lease cuts what is out', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  await world.done(world.engine.submit(askedSaga('g', 1), false));
  world.send();
  world.failing.set('heartbeat', new Error('cut off'));
  await world.runtime.advance(6_000);
  assert.deepEqual(
    world.told.filter((line) => line.includes('error')),
    ['g: 1 error'],
  );
  assert.equal(world.row('g').progress.attempts.length, 0, 'it is not written any more');
});

test('what this machine lacks uses up no retry; a destination that does not take the call does', async () => {
  for (const isLocal of [true, false]) {
    const world = await new EngineWorld().start();
    await world.done(world.engine.submit(askedSaga('g', 1, { retryLimit: 1 }), false));
    const refused = world.calls.shift() ?? assert.fail('it is called');
    const untilMs = world.runtime.monotonicMs() + 1000;
    refused.done({ kind: 'not-called', untilMs, ...(isLocal && { isLocal }) });
    await world.runtime.advance(isLocal ? 1000 : 100);
    assert.equal(world.calls.length, 1, 'it is called again');
    const { retries, operations } = world.row('g').progress;
    if (isLocal) assert.deepEqual([retries, operations.replaceAll('p', '')], [{}, ''], 'nor may it have run');
    const { transaction } = (await world.done(world.engine.explain('g'))) ?? assert.fail();
    assert.deepEqual(transaction.progress.retries, isLocal ? {} : { 1: 1 });
  }
});

test('a note of the sender is stored with the attempt', async () => {
  const world = await new EngineWorld().start();
  await world.done(world.engine.submit(askedSaga('g', 1), false));
  const { done } = world.send() ?? assert.fail('it goes out');
  done({ kind: 'answered', outcome: { kind: 'success' }, durationMs: 1, note: 'sent twice' });
  await world.runtime.settle();
  const { status, attempts } = world.row('g').progress;
  assert.deepEqual([status, attempts.map(({ reason, note }) => [reason, note])], ['succeed', [['', 'sent twice']]]);
});
