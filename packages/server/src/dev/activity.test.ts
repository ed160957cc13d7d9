import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../store/store.ts';
import { Activity } from './activity.ts';
import { watchedRuntime, watchedStore } from './watched.ts';

const within = (ms: number, callMs = Number.POSITIVE_INFINITY) => ({ deadlineMs: performance.now() + ms, callMs });
const long = 30_000;

/** Whether it has come to rest, without waiting for it. */
async function hasCome(rest: Promise<void>): Promise<boolean> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([rest.then(() => true), new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
}

test('it rests when nothing runs, also what begins when something else ends', async () => {
  const activity = new Activity();
  await activity.rest(within(long));
  const first = activity.begin();
  const rest = activity.rest(within(long));
  assert.equal(await hasCome(rest), false);
  first();
  first();
  const second = activity.begin();
  assert.equal(await hasCome(rest), false);
  assert.equal(activity.isIdle, false);
  second();
  await rest;
  assert.equal(activity.isIdle, true);
});

test('it waits for a call as long as it is asked to; never for one that is held back', async () => {
  const activity = new Activity();
  const call = activity.call('a');
  const again = activity.call('a');
  const patient = activity.rest(within(long));
  assert.equal(await hasCome(patient), false);
  await activity.rest(within(long, 20));
  assert.deepEqual(activity.inCall, ['a']);
  call.hold();
  assert.equal(await hasCome(patient), false);
  again.end();
  await patient;
  assert.deepEqual([activity.inCall, activity.isIdle], [['a'], false]);
  call.end();
  assert.equal(activity.isIdle, true);
});

test('the deadline ends the wait, whatever runs', async () => {
  const activity = new Activity();
  activity.begin();
  activity.call('a');
  await activity.rest(within(20));
  assert.equal(activity.isIdle, false);
});

test('who was driven is told once, in the order of the first drive', () => {
  const activity = new Activity();
  for (const gid of ['b', 'a', 'b']) activity.drove(gid);
  assert.deepEqual(activity.takeDriven(), ['b', 'a']);
  assert.deepEqual(activity.takeDriven(), []);
});

test('operations of a watched store run until they have ended, well or not', async () => {
  const activity = new Activity();
  const claim = Promise.withResolvers<Awaited<ReturnType<Store['claim']>>>();
  const ping = Promise.withResolvers<void>();
  const store = { name: 'test', claim: () => claim.promise, ping: () => ping.promise } as unknown as Store;
  const watched = watchedStore(store, activity);
  assert.equal(watched.name, 'test');
  const asked = { incarnation: 'i', nowMs: 0, dead: [], maxCount: 1, maxBytes: 1 };
  const operations = [watched.claim(asked), watched.ping()];
  assert.equal(activity.isIdle, false);
  claim.resolve({ claimed: [], nextDueMs: undefined });
  ping.reject(new Error('away'));
  await Promise.allSettled(operations);
  assert.equal(activity.isIdle, true);
});

test('who waits for the store in real time is not at rest until the timer has fired or was cancelled', () => {
  const activity = new Activity();
  const fires: (() => void)[] = [];
  const watched = watchedRuntime(
    {
      wallMs: () => 0,
      monotonicMs: () => 0,
      random: () => 0,
      newId: () => 'id',
      soon: (action) => void fires.push(action),
      setTimer: (_, action) => {
        fires.push(action);
        return { cancel: () => undefined };
      },
    },
    activity,
  );
  const timer = watched.setTimer(20, () => undefined);
  assert.equal(activity.isIdle, false);
  timer.cancel();
  assert.equal(activity.isIdle, true);
  watched.setTimer(20, () => undefined);
  watched.soon(() => undefined);
  for (const fire of fires.slice(1)) {
    assert.equal(activity.isIdle, false);
    fire();
  }
  assert.equal(activity.isIdle, true);
});
