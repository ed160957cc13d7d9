import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Made, World } from '../testing/world.ts';

/** A sixteenth of the defaults, in the same proportions; an origin may use all of its places for long calls. */
const small = { longCallShare: 1, inFlight: 256, originInFlight: 16, calls: 1250, originWaiting: 312 };
const yearMs = 365 * 24 * 3600 * 1000;
const sentOf = (calls: readonly Made[]) => calls.filter(({ sentMs }) => sentMs !== undefined).length;

/** Calls that nobody answers, to so many services. */
function hang(world: World, origins: number, callsEach: number): void {
  for (let origin = 0; origin < origins; origin += 1) {
    for (let call = 0; call < callsEach; call += 1) world.call(`http://dead${origin}/x`, { timeoutMs: yearMs });
  }
  world.turn();
}

/** One call after the other, each answered at once; how many went out. */
function oneByOne(world: World, url: string, count: number): number {
  let sent = 0;
  for (let call = 0; call < count; call += 1) {
    const made = world.call(url);
    world.turn();
    if (made.sentMs !== undefined) sent += 1;
    made.answer?.();
    world.turn();
  }
  return sent;
}

test('sixteen services that hang with long time-outs, each with a sixteenth of the total, hold up nobody', () => {
  const world = new World(small);
  hang(world, 16, 20);
  assert.equal(world.inFlight.length, 256 * 0.75 + 4, 'three quarters, and one for each that came after');
  assert.equal(oneByOne(world, 'http://healthy/x', 50), 50);
  // It has answered: now it has as many at once.
  const burst = world.calls(16, 'http://healthy/x');
  assert.equal(sentOf(burst), 16);
});

test('sixty services that hang take one place of the reserve each', () => {
  const world = new World(small);
  hang(world, 60, 20);
  assert.ok(world.inFlight.length < 256);
  assert.equal(oneByOne(world, 'http://healthy/x', 20), 20);
});

test('their waiting calls take no room from others either', () => {
  const world = new World(small);
  // Four services with as many waiting as may wait would be all.
  hang(world, 8, 400);
  const { calls } = world.caller.state();
  assert.ok(calls < 1250 * 0.76, `${calls} calls`);
  assert.equal(oneByOne(world, 'http://healthy/x', 20), 20);
  assert.equal(sentOf(world.calls(16, 'http://healthy/x')), 16);
});

test('a service that answered and then hangs keeps what it has and gets no more', () => {
  const world = new World({ inFlight: 40, originInFlight: 40 });
  for (const made of world.calls(5, 'http://was-fine/x')) made.answer?.();
  hang(world, 1, 30);
  const first = world.calls(10, 'http://was-fine/x');
  assert.equal(sentOf(first), 5, 'as many as it answered');
  world.advance(20_000);
  assert.equal(sentOf(world.calls(3, 'http://was-fine/x')), 0);
  assert.equal(oneByOne(world, 'http://healthy/x', 10), 10);
});

test('a time-out is no answer: it earns nothing', () => {
  const world = new World({ inFlight: 8, originInFlight: 8, breakerFailures: 1000 });
  hang(world, 1, 6);
  const [one, ...others] = world.calls(3, 'http://slow/x');
  assert.equal(sentOf(others), 0);
  one?.answer?.('unavailable');
  world.turn();
  assert.equal(sentOf(others), 1);
});

test('what waited for the reserve goes on as soon as the rest has room again', () => {
  const world = new World({ inFlight: 8, originInFlight: 8 });
  hang(world, 1, 6);
  const waiting = world.calls(4, 'http://other/x');
  assert.equal(sentOf(waiting), 1);
  for (const made of world.inFlight.filter(({ url }) => url.includes('dead'))) made.answer?.();
  world.turn();
  assert.equal(sentOf(waiting), 4);
});

test('without a reserve the total is shared first come, first served', () => {
  const world = new World({ inFlight: 4, originInFlight: 4, reserveShare: 0, longCallShare: 1 });
  hang(world, 1, 6);
  assert.equal(world.inFlight.length, 4);
});
