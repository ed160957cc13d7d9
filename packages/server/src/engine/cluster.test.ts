import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreOperation } from '../../../simulator/src/store/link.ts';
import { aProgress, create, numbers } from '../store/contract/fixtures.ts';
import { askedSaga } from './testing/asked.ts';
import { EngineWorld, type settings } from './testing/engine-world.ts';

const error = { kind: 'error', message: 'down', retryAfterMs: 0 } as const;
const success = { kind: 'success' } as const;

/** Coordinators on one store and one machine, whose heartbeats come at different moments. */
async function coordinators(
  count: number,
  options: { settings?: Partial<typeof settings> } = {},
): Promise<EngineWorld[]> {
  const first = await new EngineWorld({ exclusive: false, ...options }).start();
  const worlds = [first];
  while (worlds.length < count) {
    await first.runtime.advance(Math.round(1000 / count));
    first.runtime.nextRandom = (worlds.length * 0.37) % 1;
    worlds.push(await new EngineWorld({ beside: first, ...options }).start());
  }
  return worlds;
}

function two(worlds: readonly EngineWorld[]): [EngineWorld, EngineWorld] {
  const [first, second] = worlds;
  return [first ?? assert.fail(), second ?? assert.fail()];
}

const sum = (worlds: readonly EngineWorld[], operation?: StoreOperation) =>
  worlds
    .flatMap(({ asked }) => (operation === undefined ? Object.values(asked) : [asked[operation]]))
    .reduce((total, count) => total + count, 0);

test('a hundred idle coordinators ask their store 110 times a second at most, all together', async () => {
  const worlds = await coordinators(100);
  const [{ runtime }] = two(worlds);
  await runtime.advance(5000);
  const before = sum(worlds);
  const beats = sum(worlds, 'heartbeat');
  await runtime.advance(60_000);
  const aSecond = (sum(worlds) - before) / 60;
  assert.ok(aSecond <= 110, `${aSecond} a second`);
  assert.ok((sum(worlds, 'heartbeat') - beats) / 60 >= 90, 'each sends its heartbeats');
});

test('what sleeps without owner is taken when it is due, by one, without a claim of each', async () => {
  const worlds = await coordinators(10);
  const [first] = two(worlds);
  const { runtime } = first;
  await first.done(first.engine.submit(askedSaga('g', 1), false));
  await first.answer(error);
  await first.engine.stop(0);
  const others = worlds.slice(1);
  const dueMs = first.row('g').progress.dueMs;
  await runtime.advance(dueMs - runtime.wallMs() - 2000);
  const claims = sum(others, 'claim');
  await runtime.advance(2100);
  assert.notEqual(first.row('g').owner, null);
  assert.equal(sum(others, 'claim') - claims, 1);
  assert.equal(others.filter(({ calls }) => calls.length > 0).length, 1);
});

test('wait_result at another node than the one that drives: answered at most a second later, with what it says there', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime } = first;
  const asked = askedSaga('g', 2);
  await first.done(first.engine.submit(asked, false));
  const elsewhere = second.engine.submit(asked, true);
  let answeredMs = 0;
  elsewhere.then(
    () => (answeredMs = runtime.monotonicMs()),
    () => assert.fail(),
  );
  await runtime.advance(7300);
  assert.equal(answeredMs, 0, 'while it runs nobody is answered');
  await first.answer(success);
  await first.answer(success);
  const endedMs = runtime.monotonicMs();
  await runtime.advance(3000);
  assert.ok(answeredMs > endedMs && answeredMs <= endedMs + 1000, `${answeredMs - endedMs} ms later`);
  assert.equal((await first.done(elsewhere))?.transaction.progress.status, 'succeed');
  const reads = second.asked.read;
  await runtime.advance(10_000);
  assert.equal(second.asked.read, reads, 'and then nothing is asked any more');
});

test('wait_result at another node: answered when it waits for its time, with what went wrong in this run', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime } = first;
  const asked = askedSaga('g', 1);
  await first.done(first.engine.submit(asked, false));
  const waiting = Array.from({ length: 30 }, () => second.engine.submit(asked, true));
  await runtime.advance(2500);
  const reads = second.asked.read;
  await runtime.advance(3000);
  assert.ok(second.asked.read - reads <= 4, `all together ask once a second, not ${second.asked.read - reads} times`);
  await first.answer(error);
  // A submit of what runs asks to go on at once.
  await first.answer(error);
  assert.equal(first.row('g').owner, null);
  await runtime.advance(1100);
  for (const one of waiting) {
    const standing = await first.done(one);
    assert.equal(standing?.transaction.progress.status, 'submitted');
    assert.deepEqual(standing?.trouble, { kind: 'error', message: 'down', retryAfterMs: 0 });
  }
});

test('what was changed at another node is told by the owner at once, though its driver has not heard of it', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime } = first;
  await first.done(first.engine.submit(askedSaga('g', 2), false));
  const sent = first.send();
  await runtime.settle();
  await second.done(second.engine.submit(askedSaga('g', 3), false));
  const told = await first.done(first.engine.explain('g'));
  assert.deepEqual([told?.isDrivenHere, told?.explanation.ignoredFields], [true, ['steps', 'payloads']]);
  assert.equal(told?.explanation.inFlight.length, 1);
  await second.done(second.engine.submit(askedSaga('stopped', 2), false));
  assert.ok(second.send());
  await runtime.settle();
  await first.done(first.engine.forceStop('stopped'));
  assert.equal((await second.done(second.engine.explain('stopped')))?.isDrivenHere, false);
  sent?.done({ kind: 'answered', outcome: success, durationMs: 1 });
  await first.answer(success);
  assert.equal(first.row('g').progress.status, 'succeed');
});

test('a stop and a rollback at another node reach the calls of the owner within 1.5 s', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime } = first;
  await first.done(first.engine.submit(askedSaga('stopped', 1), false));
  await first.done(first.engine.submit(askedSaga('turned', 2), false));
  first.send();
  const running = first.send() ?? assert.fail();
  await runtime.advance(2300);
  await second.done(second.engine.forceStop('stopped'));
  await second.done(second.engine.rollback('turned', { reason: 'asked', doNotWait: false }));
  await runtime.advance(1500);
  assert.equal(first.engine.activeCount, 1, 'what was stopped is not driven any more');
  running.done({ kind: 'answered', outcome: success, durationMs: 1 });
  await runtime.settle();
  assert.equal(first.row('turned').progress.status, 'aborting');
  assert.equal(first.calls.at(-1)?.call.url, 'http://c/1');
});

test('a store that has become slow: a hundred drivers that want to be sure ask together, and call once they are', async () => {
  const [first, second] = two(
    await coordinators(2, { settings: { active: { maxActive: 400, maxActiveBytes: 1e8, claimRows: 20 } } }),
  );
  const { runtime } = first;
  await runtime.advance(3000);
  for (const index of numbers(100)) await first.done(first.engine.submit(askedSaga(`g${index}`, 1), false));
  // The look of each second takes two, and what is known of the rows grows old.
  const slow = first.hold('read', 'answer');
  await runtime.advance(2500);
  const reads = first.asked.read;
  const another = first.hold('read', 'answer');
  for (const _ of numbers(100)) assert.equal(first.send(), undefined, 'what is known is too old to call');
  await runtime.settle();
  assert.equal(first.asked.read - reads, 1);
  await runtime.advance(2500);
  another();
  await runtime.settle();
  for (const _ of numbers(100)) assert.notEqual(first.send(), undefined, 'the answer is as fresh as it can be');
  slow();
  assert.equal(second.calls.length, 0);
});

test('a graceful stop hands over at once: another node calls within a heartbeat', async () => {
  const worlds = await coordinators(3);
  const [first] = two(worlds);
  const { runtime } = first;
  for (let index = 0; index < 8; index += 1) await first.done(first.engine.submit(askedSaga(`g${index}`, 1), false));
  const stopped = first.engine.stop(2000);
  await runtime.settle();
  const stoppedMs = runtime.monotonicMs();
  while (worlds.slice(1).flatMap(({ calls }) => calls).length < 8) await runtime.advance(20);
  assert.ok(runtime.monotonicMs() - stoppedMs <= 1300, `${runtime.monotonicMs() - stoppedMs} ms`);
  await first.done(stopped);
  assert.equal(first.database.nodes.size, 2);
});

test('of a backlog that comes due at once none of three takes over 1.5 times its share', async () => {
  const active = { maxActive: 400, maxActiveBytes: 1e8, claimRows: 20 };
  const worlds = await coordinators(3, { settings: { active } });
  const [{ runtime, database, store, engine }] = two(worlds);
  const count = 1500;
  const progress = aProgress('submitted', { dueMs: engine.clock.nowMs(), submittedMs: engine.clock.nowMs() });
  const rows = numbers(count).map((index) => create(`g${index}`, { progress }));
  await store.commit(rows);
  const taken = new Map<string, number>();
  database.watch((_, after, { kind }) => {
    const owner = kind === 'claim' ? after?.owner : undefined;
    if (typeof owner === 'string') taken.set(owner, (taken.get(owner) ?? 0) + 1);
  });
  const isOver = () => [...database.rows.values()].every((row) => row.progress.status === 'succeed');
  while (!isOver()) {
    await runtime.advance(50);
    // Each serves as much as the others.
    for (const world of worlds) {
      for (const { mayGo, done } of world.calls.splice(0, 40)) {
        if (mayGo()) done({ kind: 'answered', outcome: success, durationMs: 1 });
        else done({ kind: 'not-called', untilMs: undefined });
      }
    }
    await runtime.settle();
  }
  assert.equal(taken.size, 3);
  const most = Math.max(...taken.values());
  assert.ok(most <= (1.5 * count) / 3, [...taken.values()].join(', '));
  assert.equal(
    [...taken.values()].reduce((total, one) => total + one, 0),
    count,
  );
});

test('the coordinators of a store are known to each, and one that was asked to drain hands over and takes nothing new', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime, engine } = first;
  await first.done(engine.submit(askedSaga('g', 1), false));
  await first.answer(error);
  await first.done(engine.submit(askedSaga('h', 1), false));
  await runtime.advance(1100);
  const [own, other] = [...second.engine.nodes()].sort((one, next) => Number(next.isThis) - Number(one.isThis));
  assert.deepEqual([own?.isThis, other?.isThis, other?.isDraining, other?.isDead], [true, false, false, false]);
  assert.equal(other?.id, first.row('h').owner);
  assert.equal((await second.done(second.engine.explain('h')))?.ownerName, 'test');
  await second.done(second.engine.drain(other?.id ?? ''));
  await runtime.advance(1200);
  assert.equal(engine.unready(), 'drained: an operator asked for it');
  assert.equal(first.row('h').owner, own?.id, 'what was not called yet is handed over');
  await assert.rejects(first.done(engine.submit(askedSaga('new', 1), false)), /shutting down|stop/u);
  await runtime.advance(25_000);
  assert.equal(engine.activeCount, 0);
  assert.equal(first.row('g').owner, own?.id);
  assert.equal(
    second.engine.nodes().find(({ isThis }) => !isThis)?.isDraining,
    true,
    'it goes on to say that it lives',
  );
  await assert.rejects(second.done(second.engine.drain('nobody')), { code: 'NOT_FOUND' });
});

test('one that may not use the store any more hands over, takes nothing new, is not ready, and says once what to do', async () => {
  const [first, second] = two(await coordinators(2));
  const { runtime, engine, database } = first;
  await first.done(engine.submit(askedSaga('g', 1), false));
  const called = first.send() ?? assert.fail('it does not go out');
  database.oldestFormat = 1;
  await runtime.advance(3000);
  assert.equal(engine.unready(), undefined, 'it knows as much as is needed');
  database.oldestFormat = 2;
  await runtime.advance(1200);
  const reason = 'only programs of format 2 may use it';
  assert.equal(engine.unready(), reason);
  called.done({ kind: 'answered', outcome: error, durationMs: 1 });
  await runtime.settle();
  assert.deepEqual([engine.activeCount, first.row('g').owner, first.row('g').handedBack], [0, null, true]);
  await runtime.advance(30_000);
  assert.equal(first.calls.length + second.calls.length, 0, 'it is due, and for newer ones to take');
  const told = first.warnings.filter((line) => line.includes(reason));
  assert.deepEqual(told, [`this coordinator takes nothing new and hands over what it drives: ${reason}`]);
  await assert.rejects(first.done(engine.submit(askedSaga('new', 1), false)), { code: 'UNAVAILABLE' });
  assert.equal(second.engine.unready(), reason);
});

test('a store for one coordinator has one, which is stopped and not drained', async () => {
  const { engine, done } = await new EngineWorld().start().then((world) => ({
    engine: world.engine,
    done: <Value>(promise: Promise<Value>) => world.done(promise),
  }));
  const [node, ...others] = engine.nodes();
  assert.deepEqual([node?.name, node?.isThis, node?.isDraining, others.length], ['test', true, false, 0]);
  await assert.rejects(done(engine.drain(node?.id ?? '')), { code: 'WRONG_STATUS' });
});
