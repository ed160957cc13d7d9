import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../store/store.ts';
import { askedSaga } from './testing/asked.ts';
import { EngineWorld } from './testing/engine-world.ts';

const lost = new StoreError('unknown-outcome', 'the connection was lost');

/** Two coordinators on one store; a saga is driven by the first, with a call out. */
async function two(): Promise<{ first: EngineWorld; second: EngineWorld }> {
  const first = await new EngineWorld({ exclusive: false }).start();
  const second = await new EngineWorld({ beside: first }).start();
  await first.runtime.advance(300);
  await first.done(first.engine.submit(askedSaga('g', 1), false));
  first.send();
  return { first, second };
}

test('what a silent node drove is called again by another within 7 s, and its heartbeat is taken away', async () => {
  const { first, second } = await two();
  const { runtime, database } = first;
  for (const operation of ['heartbeat', 'commit', 'read', 'claim', 'change'] as const)
    first.failing.set(operation, lost);
  const [dead] = [...database.nodes.values()].filter(({ incarnation }) => incarnation === first.row('g').owner);
  const lastBeatMs = dead?.beatMs ?? Number.NaN;
  while (second.calls.length === 0) await runtime.advance(10);
  const tookMs = runtime.wallMs() - lastBeatMs;
  assert.ok(tookMs > 5000 && tookMs < 6200, `after ${tookMs} ms`);
  await runtime.advance(2000);
  assert.equal(database.nodes.has(dead?.incarnation ?? ''), false);
  assert.equal(database.nodes.size, 1);
});

test('a node that lost its lease goes on as a new incarnation at once, with what it drove, and nobody waits for the old', async () => {
  const { first, second } = await two();
  const { runtime, database } = first;
  const before = first.row('g').owner;
  first.failing.set('heartbeat', lost);
  await runtime.advance(4200);
  second.engine.refuseNew();
  first.failing.delete('heartbeat');
  const calls = () => first.calls.length + second.calls.length;
  const backMs = runtime.monotonicMs();
  while (calls() === 0) await runtime.advance(10);
  assert.ok(runtime.monotonicMs() - backMs < 1500, `${runtime.monotonicMs() - backMs} ms`);
  assert.notEqual(first.row('g').owner, before);
  assert.equal(database.nodes.has(before ?? ''), false);
  assert.equal(database.nodes.size, 2);
});

test('a store that is away is told of once, and is asked more often than each second', async () => {
  const { first } = await two();
  const { runtime } = first;
  first.failing.set('heartbeat', lost);
  const told = first.warnings.length;
  await runtime.advance(2000);
  assert.deepEqual(first.warnings.slice(told), ['the store cannot be read']);
  first.failing.delete('heartbeat');
  await runtime.advance(400);
  await runtime.advance(20_000);
  assert.equal(first.engine.unready(), undefined);
  assert.equal(first.engine.defectCount, 0);
});

test('the clock of the server jumps: it is an incident of a ready coordinator, until an operator accepts it', async () => {
  const first = await new EngineWorld({ exclusive: false }).start();
  const { runtime, engine } = first;
  await runtime.advance(2000);
  const beforeMs = engine.clock.nowMs();
  first.serverAheadMs = 3_600_000;
  await runtime.advance(2000);
  assert.equal(engine.clock.nowMs(), beforeMs + 2000);
  assert.match(engine.clockState().held?.incident ?? '', /the clock of the store's server/u);
  assert.equal(first.warnings.length, 1);
  assert.equal(engine.unready(), undefined);
  assert.equal(await first.done(engine.acceptClock()), true);
  assert.ok(engine.clock.nowMs() >= beforeMs + 3_600_000);
  assert.equal(engine.clockState().held, undefined);
});
