import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../testing/world.ts';

test('an open breaker is named: of the route alone, or of the origin; since when, and the next probe', () => {
  const world = new World({ breakerFailures: 1 });
  assert.equal(world.caller.heldBack('http://a/x'), undefined);
  const openedMs = world.nowMs;
  world.call('http://a/bad?q=1').answer?.('unavailable');
  assert.deepEqual(world.caller.heldBack('http://a/bad?q=2'), {
    kind: 'breaker',
    destination: 'http://a/bad',
    sinceMs: openedMs,
    probeMs: openedMs + 1000,
    callsOut: 0,
  });
  assert.equal(world.caller.heldBack('http://a/good'), undefined);
  world.call('http://a/good').answer?.('connect');
  assert.equal(world.caller.heldBack('http://a/good')?.destination, 'http://a');
  world.nowMs += 1000;
  assert.equal(world.caller.heldBack('http://a/good'), undefined, 'the next call is the probe');
  world.call('http://a/good').answer?.('connect');
  assert.equal(world.caller.heldBack('http://a/good')?.sinceMs, openedMs, 'a probe that fails does not begin it anew');
});

test('want of a place is named: of the origin, or of all', () => {
  const world = new World({ originInFlight: 2, inFlight: 3 });
  world.calls(2, 'http://a/x');
  const held = { kind: 'slot', sinceMs: undefined, probeMs: undefined } as const;
  assert.deepEqual(world.caller.heldBack('http://a/never-called'), { ...held, destination: 'http://a', callsOut: 2 });
  assert.equal(world.caller.heldBack('http://b/x'), undefined);
  world.call('http://b/x');
  assert.deepEqual(world.caller.heldBack('http://b/x'), {
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
  assert.deepEqual(world.caller.heldBack('http://a/x'), { ...held, destination: 'destinations.inFlight', callsOut: 6 });
});
