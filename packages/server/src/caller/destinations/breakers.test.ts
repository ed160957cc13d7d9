import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilMsOf, World } from '../testing/world.ts';

const a = 'http://a/x?q=1';

test('failed connections open the breaker of the origin; who waits is refused at once, spread out', () => {
  const world = new World({ originInFlight: 5, breakerFailures: 5, refusedPerSecond: 100 });
  world.calls(5, a);
  const waiting = [...world.calls(200, a), ...world.calls(50, 'http://a/other')];
  const healthy = world.call('http://b/x');
  for (const made of world.inFlight.filter(({ url }) => url === a).slice(0, 4)) made.answer?.('connect');
  assert.ok(waiting.slice(4).every(({ results }) => results.length === 0));
  for (const made of world.inFlight.filter(({ url }) => url.startsWith('http://a'))) made.answer?.('connect');
  world.turn();
  const times = waiting.flatMap((made) => (made.results[0]?.kind === 'not-called' ? [untilMsOf(made)] : []));
  assert.ok(times.length >= 245);
  const sorted = times.toSorted((one, two) => one - two);
  assert.equal(sorted[0], world.nowMs + 1000);
  assert.equal(sorted.at(-1), world.nowMs + 1000 + (times.length - 1) * 10);
  const late = world.call('http://a/third');
  world.turn();
  assert.ok(untilMsOf(late) > (sorted.at(-1) ?? 0));
  assert.equal(late.sentMs, undefined);
  healthy.answer?.();
  assert.equal(world.call('http://b/x').sentMs, world.nowMs);
});

test('time-outs and 503 open the breaker of their route only', () => {
  const world = new World();
  for (let failure = 0; failure < 5; failure += 1) world.call('http://a/bad').answer?.('unavailable');
  const refused = world.call('http://a/bad?other=query');
  world.turn();
  assert.equal(untilMsOf(refused), world.nowMs + 1000);
  assert.equal(world.call('http://a/good').sentMs, world.nowMs);
});

test('a breaker that opens answers those behind it in slices, also those without a slot in sight', () => {
  const world = new World({ originInFlight: 10 });
  const failing = world.calls(5, 'http://a/bad');
  world.calls(5, 'http://a/good');
  const other = world.call('http://a/good');
  const waiting = world.calls(250, 'http://a/bad');
  for (const made of failing) made.answer?.('unavailable');
  const answered = () => waiting.filter(({ results }) => results.length > 0).length;
  assert.equal(answered(), 0);
  const counts = [1, 2, 3].map(() => {
    world.turnOnce();
    return answered();
  });
  // Four had gone out on the slots of the first ones.
  assert.deepEqual(counts, [100, 200, 246]);
  assert.notEqual(other.sentMs, undefined);
});

test('one transaction that lets its probe take an hour holds up no other', () => {
  const world = new World({ breakerOpenMaxMs: 30_000 });
  for (let failure = 0; failure < 5; failure += 1) world.call(a).answer?.('unavailable');
  world.advance(1000);
  const patient = world.call(a, { timeoutMs: 3_600_000 });
  assert.equal(patient.sentMs, world.nowMs);
  world.advance(30_000);
  const other = world.call(a);
  assert.equal(other.sentMs, world.nowMs);
  other.answer?.();
  assert.equal(world.call(a).sentMs, world.nowMs);
});

test('a destination that answered again and fails anew starts its ramp anew', () => {
  const world = new World();
  const fail = () => {
    for (let failure = 0; failure < 5; failure += 1) world.call(a).answer?.('connect');
    const [first] = world.calls(1000, a);
    world.turn();
    return first === undefined ? 0 : untilMsOf(first) - world.nowMs;
  };
  assert.equal(fail(), 1000);
  world.advance(1000);
  world.call(a).answer?.();
  assert.equal(fail(), 1000);
});

test('a probe of a route that found no connection leaves its place to the next', () => {
  const world = new World();
  for (let failure = 0; failure < 5; failure += 1) world.call(a).answer?.('unavailable');
  world.advance(1000);
  world.call(a).answer?.('connect');
  const next = world.call(a);
  assert.equal(next.sentMs, world.nowMs);
  next.answer?.();
  assert.equal(world.call(a).sentMs, world.nowMs);
});

test('one probe at a time; when it succeeds everybody just goes', () => {
  const world = new World();
  for (let failure = 0; failure < 5; failure += 1) world.call(a).answer?.('connect');
  world.advance(999);
  assert.equal(world.call(a).sentMs, undefined);
  world.advance(1);
  const probe = world.call(a);
  const second = world.call(a);
  world.turn();
  assert.equal(probe.sentMs, world.nowMs);
  assert.equal(second.sentMs, undefined);
  assert.ok(untilMsOf(second) >= world.nowMs + 1000);
  probe.answer?.('connect');
  world.advance(1999);
  assert.equal(world.call(a).sentMs, undefined);
  world.advance(1);
  world.call(a, { mayGo: false });
  world.turn();
  const again = world.call(a);
  assert.equal(again.sentMs, world.nowMs, 'a probe that did not go leaves its place to the next');
  again.answer?.('ok');
  assert.ok(world.calls(100, a).every(({ sentMs }) => sentMs === world.nowMs));
});

for (const failure of ['connect', 'unavailable'] as const) {
  for (const end of ['withdrawn', 'cut', 'local'] as const) {
    test(`after ${failure}: a probe that ends as ${end} leaves its place to the next`, () => {
      const world = new World();
      for (let count = 0; count < 5; count += 1) world.call(a).answer?.(failure);
      world.advance(1000);
      world.call(a).answer?.(end);
      const next = world.call(a);
      assert.equal(next.sentMs, world.nowMs);
      next.answer?.('ok');
      assert.ok(world.calls(10, a).every(({ sentMs }) => sentMs === world.nowMs));
    });
  }
}

test('while slots are taken by calls that hang, the probe waits for one; those behind it are refused', () => {
  const world = new World({ originInFlight: 7 });
  const first = world.calls(7, a);
  for (const made of first.slice(0, 5)) made.answer?.('connect');
  world.advance(1000);
  const hung = world.inFlight.length;
  assert.equal(hung, 2);
  world.calls(5, a);
  assert.equal(world.inFlight.length, hung + 1, 'the probe');
});

test('a backlog on a dead service comes back within the ramp, and the service is probed all along', () => {
  const world = new World({ refusedPerSecond: 200, refusedMaxMs: 600_000 });
  for (let failure = 0; failure < 5; failure += 1) world.call(a).answer?.('connect');
  const due: number[] = [];
  for (const made of world.calls(5000, a)) {
    world.turn();
    due.push(untilMsOf(made));
  }
  let sent = 0;
  for (const atMs of due.toSorted((one, two) => one - two)) {
    world.advance(Math.max(0, atMs - world.nowMs));
    const made = world.call(a);
    if (made.sentMs !== undefined) sent += 1;
    made.answer?.('connect');
  }
  // 25 seconds: probes after 1, 3, 7, 15 seconds.
  assert.equal(sent, 4);
});

test('operators are told once when a destination stops serving, and when it serves again', () => {
  const world = new World();
  for (let failure = 0; failure < 5; failure += 1) world.call('http://a/bad').answer?.('unavailable');
  assert.equal(world.told.length, 1);
  assert.match(world.told[0] ?? '', /^http:\/\/a\/bad opened: ./);
  world.advance(1000);
  world.call('http://a/bad').answer?.('unavailable');
  assert.equal(world.told.length, 1, 'a probe that fails is no news');
  world.advance(2000);
  world.call('http://a/bad').answer?.('ok');
  assert.deepEqual(world.told.slice(1), ['http://a/bad closed']);
});
