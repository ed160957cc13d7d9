import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../store/store.ts';
import { EngineWorld } from './testing/engine-world.ts';

const silent = new StoreError('unknown-outcome', 'the database has not answered for 800 ms');

async function starting(error: unknown): Promise<{ world: EngineWorld; started: Promise<unknown> }> {
  const world = new EngineWorld({ exclusive: false });
  world.failing.set('heartbeat', error);
  const started = world.start().catch((failure: unknown) => failure);
  await world.runtime.settle();
  return { world, started };
}

test('a start whose first heartbeats are not answered goes on with one that is', async () => {
  const { world, started } = await starting(silent);
  await world.runtime.advance(5000);
  assert.ok(world.asked.heartbeat > 5, `${world.asked.heartbeat} heartbeats`);
  world.failing.delete('heartbeat');
  await world.runtime.advance(1000);
  assert.equal(await started, world);
  assert.equal(world.engine.unready(), undefined);
});

test('a start that gets no answer for ten seconds fails, with what the store says', async () => {
  const { world, started } = await starting(silent);
  await world.runtime.advance(11_000);
  assert.equal(await started, silent);
});

test('a start that is refused does not ask again', async () => {
  const refused = new StoreError('version', 'a newer schema');
  const { world, started } = await starting(refused);
  assert.equal(await started, refused);
  assert.equal(world.asked.heartbeat, 1);
});
