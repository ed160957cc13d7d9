import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { create } from '../store/contract/fixtures.ts';
import { StoreError } from '../store/store.ts';
import { askedMessage, askedSaga, askedTcc, defaults } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
const failure: Outcome = { kind: 'failure', message: 'no FAILURE' };

/** A saga of that many steps whose first action gave an error: it was handed back, and due in 20 s. */
async function sleeping(world: EngineWorld, steps = 1) {
  await world.done(world.engine.submit(askedSaga('g', steps), false));
  await world.answer(error);
  assert.equal(world.row('g').owner, null);
}

test('a prepared saga is due at its time-out, whatever the default is', async () => {
  const world = await new EngineWorld({ settings: { defaults: { ...defaults, timeoutToFailMs: 10_000 } } }).start();
  await world.done(world.engine.prepare(askedSaga('g', 1)));
  const { progress, definition } = world.row('g');
  assert.equal(progress.dueMs - definition.createdMs, 10_000);
});

test('a status that is still being written is not told; what has happened is', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  const told = async () => {
    const found = (await world.done(engine.explain('g'))) ?? assert.fail();
    return [found.transaction.progress.status, found.transaction.progress.attemptCount, found.explanation.next.kind];
  };
  await world.done(engine.submit(askedSaga('g', 2), false));
  await world.answer({ kind: 'success' });
  const commit = world.hold('commit', 'request');
  await world.answer(failure);
  assert.equal(world.row('g').progress.status, 'submitted');
  assert.deepEqual(await told(), ['submitted', 2, 'move']);
  commit();
  await world.runtime.settle();
  assert.equal(world.row('g').progress.status, 'aborting');
  assert.deepEqual(await told(), ['aborting', 2, 'wait']);
});

test('B5: it has started while a backlog is still being read, and serves what is new', async () => {
  const world = new EngineWorld();
  const backlog = Array.from({ length: 1000 }, (_, index) => create(`old ${index}`));
  await world.store.open();
  await world.store.commit(backlog);
  const claimed = world.hold('claim', 'request');
  await world.done(world.engine.start());
  await world.done(world.engine.submit(askedSaga('new', 1), false));
  assert.equal(world.calls.length, 1);
  assert.equal(await world.answer({ kind: 'success' }), 'http://a/1');
  assert.equal(world.row('new').progress.status, 'succeed');
  claimed();
});

test('stopped while a page with it is being claimed, by who read it before: nothing is called any more', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await sleeping(world);
  await runtime.advance(19_500);
  const read = world.hold('read', 'request');
  const stopped = engine.forceStop('g');
  const claim = world.hold('claim', 'answer');
  await runtime.advance(1000);
  assert.notEqual(world.row('g').owner, null, 'claimed');
  const commit = world.hold('commit', 'request');
  read();
  await runtime.settle();
  claim();
  await runtime.settle();
  commit();
  await world.done(stopped);
  assert.equal(world.row('g').progress.status, 'failed');
  assert.equal(calls.length, 0);
});

test('made due while the page that claims it is on its way, and was held by a change: it is driven at once', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await sleeping(world);
  await runtime.advance(19_500);
  const claim = world.hold('claim', 'answer');
  await runtime.advance(1000);
  await assert.rejects(world.done(engine.prepare(askedSaga('g', 1))));
  await world.done(engine.makeDue('g'));
  assert.equal(world.row('g').version, 4);
  claim();
  await runtime.settle();
  assert.equal(calls.length, 1);
  assert.equal(engine.defectCount, 0);
});

test('made due while it is being handed back: answered when that is durable', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  const { done } = world.send() ?? assert.fail('it does not go out');
  const commit = world.hold('commit', 'request');
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  await runtime.settle();
  const refused = world.hold('change', 'request');
  const asked = engine.makeDue('g');
  refused(new StoreError('not-done', 'away'));
  await assert.rejects(world.done(asked), { code: 'UNAVAILABLE' });
  await world.done(engine.makeDue('g'));
  assert.ok(world.row('g').progress.dueMs <= engine.clock.nowMs());
  commit();
  await runtime.settle();
  assert.equal(calls.length, 1, 'its driver goes on with it');
});

test('no more are active than may be: what is submitted beyond that waits, due now, and goes on later', async () => {
  const world = await new EngineWorld({
    settings: { active: { maxActive: 4, maxActiveBytes: 1e7, claimRows: 4 } },
  }).start();
  const { engine, runtime, calls } = world;
  const messages = Array.from({ length: 10 }, (_, index) => askedMessage(`g${index}`, 1, 'http://query'));
  for (const message of messages) await world.done(engine.prepare(message));
  for (const message of messages) await world.done(engine.submit(message, false));
  assert.equal(engine.activeCount, 4);
  for (const { gid } of messages) assert.equal(world.row(gid).progress.status, 'submitted');
  for (let answered = 0; answered < 10; answered += 1) {
    if (calls.length === 0) await runtime.advance(20);
    await world.answer({ kind: 'success' });
    assert.ok(engine.activeCount <= 4);
  }
  for (const { gid } of messages) assert.equal(world.row(gid).progress.status, 'succeed');
});

test('B20: a backlog that comes due at once takes half of what may be active, and new transactions go on', async () => {
  const world = await new EngineWorld({
    settings: { active: { maxActive: 10, maxActiveBytes: 1e7, claimRows: 10 } },
  }).start();
  const { engine, runtime, calls } = world;
  for (let index = 0; index < 20; index += 1) {
    await world.done(engine.prepare(askedMessage(`old${index}`, 1, 'http://query')));
  }
  await runtime.advance(36_000);
  assert.equal(engine.activeCount, 5);
  for (let index = 0; index < 3; index += 1) await world.done(engine.submit(askedSaga(`new${index}`, 1), false));
  await assert.rejects(world.done(engine.submit(askedSaga('new3', 1), false)), { code: 'OVERLOADED' });
  assert.equal(engine.activeCount, 8);
  // Of the backlog, and more of it follows at once: what is new does not keep it waiting.
  await world.answer({ kind: 'failure', message: 'FAILURE' });
  await world.answer({ kind: 'failure', message: 'FAILURE' });
  await runtime.advance(20);
  assert.equal(engine.activeCount, 8);
  assert.equal(calls.filter(({ call }) => call.op === 'msg').length, 5);
});

test('D4: overloaded, it takes nothing new, and everything of what it has; beyond the hard bound nothing at all', async () => {
  const journal = { batchRows: 1, batchBytes: 1e6, softRows: 3, softBytes: 1e7, hardRows: 6, hardBytes: 1e7 };
  const world = await new EngineWorld({ settings: { journal } }).start();
  const { engine } = world;
  for (const gid of ['a', 'b', 'c', 'd']) await world.done(engine.prepare(askedTcc(gid)));
  const release = world.hold('commit', 'request');
  const writing = ['w1', 'w2', 'w3'].map((gid) => engine.prepare(askedTcc(gid)));
  await world.runtime.settle();
  await assert.rejects(world.done(engine.prepare(askedTcc('new'))), { code: 'OVERLOADED' });
  const following = ['a', 'b', 'c'].map((gid) => engine.submit(askedTcc(gid), false));
  await world.runtime.settle();
  await assert.rejects(world.done(engine.submit(askedTcc('d'), false)), { code: 'UNAVAILABLE' });
  release();
  await world.done(Promise.all([...writing, ...following]));
  for (const gid of ['a', 'b', 'c']) assert.equal(world.row(gid).progress.status, 'succeed');
  assert.equal(world.row('d').progress.status, 'prepared');
  await world.done(engine.prepare(askedTcc('new')));
});

test('a broken driver’s row is never treated as handed back', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime } = world;
  await world.done(engine.submit(askedSaga('g', 2), false));
  world.breakCalls = true;
  await world.answer({ kind: 'success' });
  assert.deepEqual([engine.activeCount, engine.defectCount], [0, 1]);
  assert.deepEqual([world.row('g').handedBack, world.row('g').progress.operations], [true, 'pppp']);
  world.breakCalls = false;
  await world.done(engine.submit(askedSaga('g', 2), false));
  assert.equal(world.row('g').progress.operations, 'pmpm', 'its calls may have run');
  await world.answer(error);
  await runtime.advance(20_000);
  await world.answer(failure);
  assert.deepEqual(
    [await world.answer({ kind: 'success' }), await world.answer({ kind: 'success' })],
    ['http://c/2', 'http://c/1'],
  );
});

test('shared: who ends with a call out leaves the heartbeat to age, and takes it back where all is handed back', async () => {
  for (const isAnswered of [true, false]) {
    const world = await new EngineWorld({ exclusive: false }).start();
    const { engine, runtime, database } = world;
    await world.done(engine.submit(askedSaga('g', 1), false));
    const { done } = world.send() ?? assert.fail('it does not go out');
    const stopped = engine.stop(2000);
    if (isAnswered) done({ kind: 'answered', outcome: error, durationMs: 1 });
    await runtime.advance(4000);
    await world.done(stopped);
    assert.equal(world.row('g').owner === null, isAnswered);
    assert.equal(database.nodes.size, isAnswered ? 0 : 1);
  }
});

test('shared: a lease that lapses during the shutdown is not followed by another', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  const { engine, runtime, database } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  world.send();
  const [incarnation] = database.nodes.keys();
  const stopped = engine.stop(8000);
  runtime.wallOffsetMs += 10_000;
  await runtime.advance(10_000);
  await world.done(stopped);
  assert.deepEqual([...database.nodes.keys()], [incarnation]);
});

test('B4: a late page does not bring back what was driven to its end while its row was read', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await sleeping(world);
  await runtime.advance(19_500);
  const claim = world.hold('claim', 'answer');
  await runtime.advance(1000);
  const changing = world.hold('read', 'answer');
  const submitted = engine.submit(askedSaga('g', 1), false);
  await runtime.settle();
  const commit = world.hold('commit', 'request');
  changing();
  await runtime.settle();
  claim();
  await runtime.settle();
  const read = world.hold('read', 'answer');
  commit();
  await world.done(submitted);
  await world.answer({ kind: 'success' });
  assert.equal(world.row('g').progress.status, 'succeed');
  read();
  await runtime.settle();
  assert.equal(calls.length, 0);
});

test('a shutdown during which the store is lost comes to its end', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, failing, fatal } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  failing.set('commit', new StoreError('not-done', 'away'));
  await world.answer(error);
  const stopped = engine.stop(60_000);
  let hasEnded = false;
  stopped.then(() => {
    hasEnded = true;
  });
  failing.set('read', new StoreError('fatal', 'disk gone'));
  await runtime.advance(20_000);
  assert.deepEqual([fatal.length, hasEnded], [1, true]);
});

test('B1: a shutdown waits for the page that is being claimed, and hands it back', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime } = world;
  await sleeping(world, 2);
  await runtime.advance(19_500);
  const claim = world.hold('claim', 'answer');
  await runtime.advance(1000);
  assert.notEqual(world.row('g').owner, null, 'claimed');
  const stopped = engine.stop(8000);
  await runtime.settle();
  claim();
  await world.done(stopped);
  const { owner, progress } = world.row('g');
  assert.deepEqual([owner, progress.operations], [null, 'pmpp']);
});

test('shared: what was claimed, with the answer lost, is driven soon, also while other pages are being claimed', async () => {
  const world = await new EngineWorld({ exclusive: false }).start();
  const { engine, runtime, calls } = world;
  await sleeping(world);
  await runtime.advance(19_500);
  const claim = world.hold('claim', 'answer');
  await runtime.advance(1000);
  assert.notEqual(world.row('g').owner, null, 'claimed');
  world.hold('claim', 'answer');
  claim(new StoreError('unknown-outcome', 'the connection was lost'));
  await runtime.advance(4000);
  assert.equal(calls.length, 1);
  assert.equal(engine.defectCount, 0, 'as far as this node can know it comes with the page that is being claimed');
});

test('a change that needs the branches read again is done, and driven soon, also where they cannot be read at once', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await world.done(engine.prepare(askedTcc('g')));
  const branches = (['cancel', 'confirm'] as const).map((op) => ({
    branchId: '01',
    op,
    url: `http://${op}`,
    payload: '',
  }));
  await world.done(engine.registerBranch('g', 'tcc', branches));
  const [before, after] = [world.hold('read', 'request'), world.hold('read', 'request')];
  const submitted = engine.submit(askedTcc('g'), false);
  before();
  await runtime.settle();
  assert.equal(world.row('g').progress.status, 'submitted');
  world.failing.set('read', new StoreError('not-done', 'away'));
  after();
  await world.done(submitted);
  world.failing.clear();
  await runtime.advance(1000);
  assert.deepEqual([calls[0]?.call.url, engine.defectCount], ['http://confirm', 0]);
});

test('who asks to change what is being driven is told where the store cannot write; it is answered at a shutdown too', async () => {
  for (const isStopped of [true, false]) {
    const world = await new EngineWorld().start();
    const { engine, runtime, failing } = world;
    await world.done(engine.submit(askedSaga('g', 1), false));
    world.send();
    failing.set('commit', new StoreError(isStopped ? 'not-done' : 'full', 'away'));
    const asked = assert.rejects(engine.forceStop('g'), { code: 'UNAVAILABLE' });
    await runtime.settle();
    const stopped = isStopped ? engine.stop(100) : undefined;
    await runtime.advance(500);
    await world.done(asked);
    await stopped;
  }
});

test('claimed again before the answer to its hand-back has come: it is driven all the same', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, calls } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  const { done } = world.send() ?? assert.fail('it does not go out');
  const commit = world.hold('commit', 'answer');
  done({ kind: 'answered', outcome: error, durationMs: 1 });
  await runtime.settle();
  assert.equal(world.row('g').owner, null);
  await world.done(engine.makeDue('g'));
  await runtime.advance(10);
  assert.notEqual(world.row('g').owner, null, 'claimed');
  commit();
  await runtime.settle();
  assert.equal(calls.length, 1);
  assert.equal(engine.defectCount, 0);
});

test('what is stored and cannot be read is said so, instead of asking to try again', async () => {
  const world = await new EngineWorld().start();
  await world.done(world.engine.prepare(askedTcc('t')));
  world.failing.set('read', new StoreError('version', 'a stored definition cannot be read'));
  const asked: (() => Promise<unknown>)[] = [
    () => world.engine.query('t'),
    () => world.engine.explain('t'),
    () => world.engine.forceStop('t'),
  ];
  for (const ask of asked) {
    await assert.rejects(world.done(ask()), { code: 'INTERNAL', message: 'a stored definition cannot be read' });
  }
});

test('a purge rests after each batch for as long as it took', async () => {
  const world = await new EngineWorld().start();
  const { engine, runtime, store } = world;
  const batches = [500, 500, 7];
  store.purge = async () => {
    await new Promise<void>((resolve) => runtime.setTimer(40, resolve));
    return batches.shift() ?? 0;
  };
  let isDone = false;
  void engine.purge().then(() => {
    isDone = true;
  });
  const leftAfter = async (ms: number) => {
    await runtime.advance(ms);
    return batches.length;
  };
  assert.deepEqual([await leftAfter(41), await leftAfter(38), await leftAfter(42)], [2, 2, 1]);
  await runtime.advance(100);
  assert.deepEqual([batches, isDone], [[], true]);
});

test('D4: where requests wait long for their turn nothing new is created; what is stored is served', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  let waitedMs = 0;
  engine.heedTurns(() => 0);
  engine.heedTurns(() => waitedMs);
  await world.done(engine.prepare(askedTcc('old')));
  waitedMs = 600;
  await assert.rejects(world.done(engine.prepare(askedTcc('new'))), { code: 'OVERLOADED' });
  await world.done(engine.submit(askedTcc('old'), false));
  assert.equal(world.row('old').progress.status, 'succeed');
  waitedMs = 100;
  await world.done(engine.prepare(askedTcc('new')));
});
