import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../testing/world.ts';

const heldBack = (world: World, url: string, timeoutMs = 3000) => world.caller.heldBack(url, timeoutMs);

/** Only what is there, without the calls that hold the places. */
function reasonOf(world: World, url: string): object {
  const { longest: _, ...held } = heldBack(world, url) ?? assert.fail('nothing holds it back');
  return held;
}

test('an open breaker is named: of the route alone, or of the origin; since when, and the next probe', () => {
  const world = new World({ breakerFailures: 1 });
  assert.equal(heldBack(world, 'http://a/x'), undefined);
  const openedMs = world.nowMs;
  world.call('http://a/bad?q=1').answer?.('unavailable');
  assert.deepEqual(heldBack(world, 'http://a/bad?q=2'), {
    kind: 'breaker',
    destination: 'http://a/bad',
    sinceMs: openedMs,
    probeMs: openedMs + 1000,
    callsOut: 0,
    longest: [],
  });
  assert.equal(heldBack(world, 'http://a/good'), undefined);
  world.call('http://a/good').answer?.('connect');
  assert.equal(heldBack(world, 'http://a/good')?.destination, 'http://a');
  world.nowMs += 1000;
  assert.equal(heldBack(world, 'http://a/good'), undefined, 'the next call is the probe');
  world.call('http://a/good').answer?.('connect');
  assert.equal(heldBack(world, 'http://a/good')?.sinceMs, openedMs, 'a probe that fails does not begin it anew');
});

test('want of a place is named: of the origin, or of all', () => {
  const world = new World({ originInFlight: 2, inFlight: 3 });
  world.calls(2, 'http://a/x');
  const held = { kind: 'slot', sinceMs: undefined, probeMs: undefined } as const;
  assert.deepEqual(reasonOf(world, 'http://a/never-called'), { ...held, destination: 'http://a', callsOut: 2 });
  assert.equal(heldBack(world, 'http://b/x'), undefined);
  world.call('http://b/x');
  assert.deepEqual(reasonOf(world, 'http://b/x'), {
    ...held,
    destination: 'destinations.inFlight',
    callsOut: 3,
  });
});

test('want of a place is named where the last ones are kept for those that answer', () => {
  const world = new World({ originInFlight: 8, inFlight: 8, reserveShare: 0.25 });
  world.calls(6, 'http://a/x');
  world.call('http://a/x');
  assert.equal(world.inFlight.length, 6, 'two places are kept');
  const held = { kind: 'slot', sinceMs: undefined, probeMs: undefined } as const;
  assert.deepEqual(reasonOf(world, 'http://a/x'), { ...held, destination: 'destinations.inFlight', callsOut: 6 });
});

test('the calls that hold the places are named, the longest first', () => {
  const world = new World({ originInFlight: 4 });
  for (let index = 0; index < 4; index += 1) {
    world.call('http://a/x', { timeoutMs: 5000 });
    world.nowMs += 1000;
  }
  const begunMs = world.nowMs - 4000;
  const named = heldBack(world, 'http://a/x')?.longest.map(({ gid, sinceMs, untilMs }) => [gid, sinceMs, untilMs]);
  assert.deepEqual(
    named,
    [0, 1, 2].map((index) => [`${index}`, begunMs + index * 1000, begunMs + index * 1000 + 5000]),
  );
});

test('a long call is held back where long calls have their share, a short one is not', () => {
  const world = new World({ originInFlight: 4 });
  for (let index = 0; index < 3; index += 1) world.call('http://a/x', { timeoutMs: 10_001 });
  assert.equal(heldBack(world, 'http://a/x', 10_001)?.kind, 'slot');
  assert.equal(heldBack(world, 'http://a/x', 10_000), undefined);
});
