import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../testing/world.ts';

const url = 'http://a/x';
const yearMs = 365 * 24 * 3600 * 1000;

/** Calls that nobody answers for a year. */
function hang(world: World, count: number) {
  return Array.from({ length: count }, () => world.call(url, { timeoutMs: yearMs }));
}

test('calls that hang for a year leave places to short ones, also of their own route', () => {
  const world = new World();
  hang(world, 300);
  assert.equal(world.inFlight.length, 192, 'three quarters');
  const short = world.calls(64, url);
  assert.ok(short.every(({ sentMs }) => sentMs === world.nowMs));
  const next = world.call('http://a/other');
  short[0]?.answer?.();
  assert.equal(next.sentMs, world.nowMs, 'nor does it wait behind long ones');
});

test('a long call goes out as soon as one of the share is free, and not before', () => {
  const world = new World({ originInFlight: 4 });
  const [first, , , waiting] = hang(world, 4);
  const short = world.call(url);
  short.answer?.();
  assert.equal(waiting?.sentMs, undefined);
  first?.answer?.();
  assert.equal(waiting?.sentMs, world.nowMs);
});

test('where both could go short and long calls take turns', () => {
  const world = new World({ originInFlight: 4 });
  const out = world.calls(4, url);
  const long = hang(world, 3);
  const short = world.calls(3, url);
  for (const made of out.slice(0, 2)) made.answer?.();
  const sentOf = (calls: typeof long) => calls.filter(({ sentMs }) => sentMs !== undefined).length;
  assert.deepEqual([sentOf(short), sentOf(long)], [1, 1]);
});

test('waiting long calls leave room for waiting short ones', () => {
  const world = new World({ originInFlight: 4, originWaiting: 8 });
  hang(world, 100);
  assert.equal(world.caller.state().calls, 3 + 6, 'three out, and three quarters of those that may wait');
  world.calls(4, url);
  const state = world.caller.state().origins[0];
  assert.deepEqual([state?.inFlight, state?.waiting, state?.longWaiting], [4, 8, 6]);
});

test('a call that is cut gives its place to the next; one that waits is withdrawn', () => {
  const world = new World({ originInFlight: 1 });
  const [first, second] = hang(world, 2);
  const last = world.call(url);
  second?.cut();
  world.turn();
  assert.deepEqual(second?.results, [{ kind: 'not-called', untilMs: undefined }]);
  first?.cut();
  world.turn();
  const [result] = first?.results ?? [];
  assert.ok(result?.kind === 'answered' && result.isCut === true);
  assert.equal(last.sentMs, world.nowMs);
  last.answer?.();
  assert.deepEqual([world.caller.state().calls, world.caller.state().inFlight], [0, 0]);
});

test('who holds the places is listed: the longest first, with the end of each at the latest', () => {
  const world = new World();
  hang(world, 20);
  world.nowMs += 1000;
  world.call('http://b/y');
  const [a, b] = world.caller.shown();
  assert.deepEqual([a?.origin, a?.callsOut, a?.longCallsOut, a?.places, a?.longPlaces], ['http://a', 20, 20, 256, 192]);
  assert.equal(a?.longest.length, 10);
  assert.deepEqual(a?.longest[0], {
    ...{ gid: '0', branchId: '01', op: 'action' },
    ...{ sinceMs: world.nowMs - 1000, untilMs: world.nowMs - 1000 + yearMs },
  });
  assert.deepEqual([b?.origin, b?.callsOut, b?.longCallsOut], ['http://b', 1, 0]);
});

test('what this machine lacks opens no breaker, is not counted, and is tried again soon at a bounded pace', () => {
  const world = new World({ breakerFailures: 1, refusedPerSecond: 10 });
  const made = world.calls(3, url);
  for (const one of made) one.answer?.('local');
  assert.deepEqual(
    made.map(
      ({ results: [result] }) => result?.kind === 'not-called' && [result.isLocal, (result.untilMs ?? 0) - world.nowMs],
    ),
    [1000, 1100, 1200].map((ms) => [true, ms]),
  );
  const { origins, refused } = world.caller.state();
  assert.deepEqual([origins[0]?.breaker, origins[0]?.refused, refused], ['closed', 0, 0]);
});
