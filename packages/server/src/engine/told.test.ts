import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { StoreError } from '../store/store.ts';
import { askedSaga, askedTcc, defaults } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const success: Outcome = { kind: 'success' };
const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
const failure: Outcome = { kind: 'failure', message: 'no FAILURE' };

test('the outside is told of creations, attempts and moves, each once and in order', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(failure);
  await world.answer(success);
  assert.deepEqual(world.told, [
    'g: created submitted',
    'g: 1 failure',
    'g: submitted to aborting',
    'g: 0 success',
    'g: aborting to failed',
  ]);
});

test('what changes while it sleeps is told as well', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.prepare(askedTcc('g')));
  await world.done(engine.prepare(askedTcc('g')));
  await world.done(engine.abort('g', 'tcc', 'why'));
  assert.deepEqual(world.told, ['g: created prepared', 'g: prepared to aborting', 'g: aborting to failed']);
});

test('nothing is told before it is durable', async () => {
  const world = await new EngineWorld().start();
  const written = world.hold('commit', 'answer');
  const asked = world.engine.submit(askedSaga('g', 1), false);
  await world.runtime.settle();
  assert.deepEqual(world.told, []);
  written();
  await world.done(asked);
  assert.deepEqual(world.told, ['g: created submitted']);
});

test('an incident is told when it begins, once, and when it is over', async () => {
  const world = await new EngineWorld({ settings: { defaults: { ...defaults, alertAfterErrors: 2 } } }).start();
  const { engine, runtime } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  await world.answer(error);
  await runtime.advance(21_000);
  await world.answer(error);
  await runtime.advance(61_000);
  await world.answer(error);
  await runtime.advance(121_000);
  await world.answer(success);
  const incidents = world.told.filter((line) => line.includes("' to '"));
  assert.deepEqual(incidents, ["g: '' to 'failing: action of branch 01'", "g: 'failing: action of branch 01' to ''"]);
});

test('a store that is lost while it writes ends the engine, and that is told', async () => {
  const world = await new EngineWorld().start();
  world.failing.set('commit', new StoreError('fatal', 'the disk is gone'));
  void world.engine.submit(askedSaga('g', 1), false);
  await world.runtime.advance(2000);
  assert.deepEqual([world.fatal.length, world.engine.unready()], [1, 'shutting down']);
});

test('records are read by category and key; where the store cannot, that is said', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.topics.subscribe('t', { url: 'http://a/1', remark: '' }));
  assert.equal((await world.done(engine.getValue('topics', 't')))?.key, 't');
  assert.deepEqual(
    (await world.done(engine.listValues('topics', '', 10))).map(({ key }) => key),
    ['t'],
  );
  assert.notEqual(engine.newGid(), engine.newGid());
  world.failing.set('read', new StoreError('not-done', 'away'));
  await assert.rejects(world.done(engine.getValue('topics', 't')), { code: 'UNAVAILABLE' });
  await assert.rejects(world.done(engine.listValues('topics', '', 10)), { code: 'UNAVAILABLE' });
});

test('a wake of what is being driven makes its next call now', async () => {
  const world = await new EngineWorld().start();
  const { engine } = world;
  await world.done(engine.submit(askedSaga('g', 1), false));
  const called = world.send() ?? assert.fail('it does not go out');
  await world.done(engine.makeDue('g'));
  called.done({ kind: 'answered', outcome: error, durationMs: 1 });
  await world.runtime.settle();
  assert.equal(await world.answer(success), 'http://a/1');
});

test('what is active counts by its bytes too: urls, payloads and custom data', async () => {
  for (const step of [
    { payload: 'x'.repeat(30_000) },
    { action: `http://a/${'x'.repeat(30_000)}` },
    { compensate: `http://a/${'x'.repeat(30_000)}` },
  ]) {
    const active = { maxActive: 100, maxActiveBytes: 50_000, claimRows: 10 };
    const world = await new EngineWorld({ settings: { active } }).start();
    const { engine } = world;
    const large = (gid: string) => {
      const asked = askedSaga(gid, 1);
      return { ...asked, steps: asked.steps.map((one) => ({ ...one, ...step })) };
    };
    await world.done(engine.submit(large('a'), false));
    assert.ok(engine.activeBytes > 30_000 && engine.activeBytes < 33_000, String(engine.activeBytes));
    await world.done(engine.submit(large('b'), false));
    await assert.rejects(world.done(engine.submit(large('c'), false)), { code: 'OVERLOADED', retryAfterMs: 1000 });
    await world.answer(success);
    await world.answer(success);
    assert.deepEqual([engine.activeCount, engine.activeBytes], [0, 0]);
    await world.done(engine.submit(large('c'), false));
  }
});
