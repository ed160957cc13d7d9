import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostCalls } from './calls.ts';
import { actorWorld } from './testing/actor-world.ts';
import { askedSaga } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

test('a saga of thousands of concurrent steps asks for some hundreds of calls at a time, and ends', async () => {
  const world = await new EngineWorld().start();
  const steps = 3 * mostCalls + 7;
  await world.done(world.engine.submit({ ...askedSaga('g', steps), customData: '{"concurrent":true}' }, false));
  assert.equal(world.calls.length, mostCalls);
  const { explanation } = (await world.done(world.engine.explain('g'))) ?? assert.fail();
  assert.equal(explanation.next.rule, 'in-flight');
  let most = 0;
  const called = new Set<string>();
  while (world.calls.length > 0) {
    most = Math.max(most, world.calls.length);
    called.add(await world.answer({ kind: 'success' }));
  }
  assert.deepEqual([most, called.size, world.row('g').progress.status], [mostCalls, steps, 'succeed']);
});

test('steps without a call are done some hundreds at a time, and others have their turn between them', async () => {
  const asked = askedSaga('g', 1500);
  const steps = asked.steps.map((step) => ({ ...step, action: '' }));
  const { actor, runtime, nextWrite } = actorWorld({ ...asked, steps, customData: '{"concurrent":true}' });
  const done = () => actor.snapshot.transaction.progress.operations.split('s').length - 1;
  const doneAtTurn: number[] = [];
  const soon = runtime.soon.bind(runtime);
  runtime.soon = (action) =>
    soon(() => {
      doneAtTurn.push(done());
      action();
    });
  assert.equal(done(), 0);
  await runtime.settle();
  doneAtTurn.push(done());
  const inOneTurn = doneAtTurn.map((count, turn) => count - (doneAtTurn[turn - 1] ?? 0));
  assert.ok(Math.max(...inOneTurn) <= 256, inOneTurn.join());
  assert.deepEqual([done(), nextWrite().write.progress.status], [1500, 'succeed']);
});

test('it asks for more once half of them have ended', async () => {
  const world = await new EngineWorld().start();
  await world.done(world.engine.submit({ ...askedSaga('g', 2000), customData: '{"concurrent":true}' }, false));
  for (let ended = 1; ended < mostCalls / 2; ended += 1) await world.answer({ kind: 'success' });
  assert.equal(world.calls.length, mostCalls / 2 + 1);
  await world.answer({ kind: 'success' });
  assert.equal(world.calls.length, mostCalls);
});

test('what waits for its retry lets no more out than otherwise', async () => {
  const world = await new EngineWorld().start();
  const asked = askedSaga('g', 3000, { retryLimit: 3 });
  await world.done(world.engine.submit({ ...asked, customData: '{"concurrent":true}' }, false));
  for (let failed = 0; failed < 300; failed += 1) await world.answer({ kind: 'error', message: '', retryAfterMs: 0 });
  assert.ok(world.calls.length <= mostCalls, `${world.calls.length} calls are out`);
  await world.runtime.advance(100);
  assert.ok(world.calls.length <= mostCalls + 300, `${world.calls.length} calls are out`);
  let most = 0;
  while (world.calls.length > 0) {
    most = Math.max(most, world.calls.length);
    await world.answer({ kind: 'success' });
  }
  assert.ok(most <= mostCalls + 300, `${most} calls were out`);
  assert.equal(world.row('g').progress.status, 'succeed');
});

test('a failure among thousands of steps turns it back at once, and what was never called is not compensated', async () => {
  const world = await new EngineWorld().start();
  await world.done(world.engine.submit({ ...askedSaga('g', 2000), customData: '{"concurrent":true}' }, false));
  await world.answer({ kind: 'failure', message: 'FAILURE' });
  assert.equal(world.row('g').progress.status, 'aborting');
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/1');
  assert.deepEqual([world.row('g').progress.status, world.calls.length], ['failed', 0]);
});

test('actions that hang do not hold up the compensations of others', async () => {
  const world = await new EngineWorld().start();
  await world.done(world.engine.submit({ ...askedSaga('g', 2000), customData: '{"concurrent":true}' }, false));
  for (let ended = 0; ended < mostCalls / 2; ended += 1) await world.answer({ kind: 'success' });
  const hanging = Array.from({ length: mostCalls }, () => world.send() ?? assert.fail('it goes out'));
  assert.equal(world.calls.length, 0);
  await world.done(world.engine.rollback('g', { reason: '', doNotWait: false }));
  assert.equal(world.calls.length, mostCalls / 2);
  const called = new Set<string>();
  while (world.calls.length > 0) called.add(await world.answer({ kind: 'success' }));
  assert.equal(called.size, mostCalls / 2);
  for (const { done } of hanging) done({ kind: 'answered', outcome: { kind: 'success' }, durationMs: 1 });
  await world.runtime.settle();
  assert.equal(world.calls.length, mostCalls, 'and those that have ended are compensated, so many at a time');
  while (world.calls.length > 0) await world.answer({ kind: 'success' });
  assert.equal(world.row('g').progress.status, 'failed');
});
