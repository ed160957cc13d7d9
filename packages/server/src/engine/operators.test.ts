/** What operators ask of the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { askedSaga } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
/** A saga of that many steps whose first action gave an error: it was handed back, and due in 20 s. */
async function sleeping(world: EngineWorld, gid: string, steps: number) {
  await world.done(world.engine.submit(askedSaga(gid, steps), false));
  await world.answer(error);
}

test('explain: what ends while it is read is told as ended, and what is taken as driven', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  const read = world.hold('read', 'answer');
  const told = engine.explain('g');
  await world.answer({ kind: 'success' });
  assert.equal(world.row('g').progress.status, 'succeed');
  read();
  assert.equal((await world.done(told))?.explanation.status, 'succeed');

  await sleeping(world, 'asleep', 1);
  const late = world.hold('read', 'answer');
  const asleep = engine.explain('asleep');
  await world.runtime.settle();
  await world.runtime.advance(21_000);
  assert.equal(world.calls.length, 1, 'it was taken and called meanwhile');
  late();
  const explained = await world.done(asleep);
  assert.deepEqual([explained?.isDrivenHere, explained?.stored.owner === null], [true, false]);
});

test('a rollback is one write where it is driven here, and nothing is compensated before that', async () => {
  const world = await new EngineWorld().start();
  await sleeping(world, 'g', 2);
  const commit = world.hold('commit', 'request');
  const asked = world.engine.rollback('g', { reason: '', doNotWait: false });
  await world.runtime.settle();
  assert.deepEqual([world.row('g').progress.status, world.calls.length], ['submitted', 0]);
  const { version } = world.row('g');
  commit();
  assert.equal((await world.done(asked)).transaction.progress.status, 'aborting');
  assert.equal(world.row('g').version, version + 1);
  assert.equal(await world.answer({ kind: 'success' }), 'http://c/1');
  assert.equal(world.row('g').progress.status, 'failed');
});

test('where nothing is out there is nothing to wait for: it is compensated at once, also with doNotWait', async () => {
  const world = await new EngineWorld().start();
  await sleeping(world, 'g', 2);
  const told = await world.done(world.engine.rollback('g', { reason: '', doNotWait: true }));
  assert.deepEqual([told.transaction.progress.status, told.compensatesFromMs], ['aborting', undefined]);
  assert.equal(await world.answer(error), 'http://c/1');
  const { version } = world.row('g');
  await world.done(world.engine.rollback('g', { reason: '', doNotWait: true }));
  assert.deepEqual([world.row('g').version, world.calls.length], [version, 0], 'and it is no retry');
});
