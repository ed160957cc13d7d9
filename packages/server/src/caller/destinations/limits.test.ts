import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallResult } from '../../engine/ports.ts';
import { askedCall, uncut } from '../../engine/testing/calls.ts';
import { type Made, untilMsOf, World } from '../testing/world.ts';
import { DestinationCaller } from './destination-caller.ts';
import { defaultDestinationLimits } from './limits.ts';

const a = 'http://a/x?q=1';

test('a call goes out at once and its answer comes back', () => {
  const world = new World();
  const made = world.call(a);
  assert.equal(made.sentMs, world.nowMs);
  world.nowMs += 20;
  made.answer?.();
  assert.deepEqual(made.results, [{ kind: 'answered', outcome: { kind: 'success' }, durationMs: 20 }]);
});

test('a sender that answers at once, twice, or throws ends the call once and later', () => {
  for (const behaviour of ['at once', 'twice', 'throw'] as const) {
    const soon: (() => void)[] = [];
    const results: CallResult[] = [];
    const answer = { outcome: { kind: 'success' }, durationMs: 0, health: 'ok' } as const;
    const caller = new DestinationCaller({
      runtime: {
        wallMs: () => 0,
        monotonicMs: () => 0,
        setTimer: () => ({ cancel: () => undefined }),
        soon: (action) => soon.push(action),
        random: () => 0,
        newId: () => '',
      },
      limits: defaultDestinationLimits,
      sender: {
        send: (sending) => {
          if (behaviour === 'throw') throw new Error('a defect');
          sending.ended(answer);
          if (behaviour === 'twice') sending.ended(answer);
          return uncut;
        },
      },
    });
    const call = { gid: '', type: 'saga', branchId: '', op: 'action', url: a, protocol: 'http' } as const;
    caller.call(askedCall({ ...call, payload: '', headers: {}, timeoutMs: 1 }, (result) => results.push(result)));
    assert.equal(results.length, 0);
    for (const action of soon.splice(0)) action();
    assert.deepEqual(
      results[0]?.kind === 'answered' && results[0].outcome.kind,
      behaviour === 'throw' ? 'error' : 'success',
    );
    assert.deepEqual([results.length, caller.state().inFlight, caller.state().calls], [1, 0, 0]);
  }
});

test('B25: mayGo is asked last; a call that may not go takes no slot', () => {
  const world = new World({ originInFlight: 1 });
  const dropped = world.call(a, { mayGo: false });
  const [first] = world.calls(1, a);
  const waiting = world.call(a, { mayGo: false });
  const last = world.call(a);
  world.turn();
  assert.deepEqual(dropped.results, [{ kind: 'not-called', untilMs: undefined }]);
  assert.equal(waiting.results.length, 0, 'not asked while it waits');
  first?.answer?.();
  world.turn();
  assert.deepEqual(waiting.results, [{ kind: 'not-called', untilMs: undefined }]);
  assert.notEqual(last.sentMs, undefined);
});

test('an origin has its limit; what is beyond waits, first come first served', () => {
  const world = new World({ originInFlight: 3 });
  const made = world.calls(5, a);
  const other = world.call('http://b/x');
  assert.deepEqual(
    made.map(({ sentMs }) => sentMs !== undefined),
    [true, true, true, false, false],
  );
  assert.notEqual(other.sentMs, undefined);
  made[1]?.answer?.();
  assert.notEqual(made[3]?.sentMs, undefined);
  assert.equal(made[4]?.sentMs, undefined);
});

test('a slow route keeps at most half of the slots while another one waits', () => {
  const world = new World({ originInFlight: 8 });
  const slow = world.calls(20, 'http://a/slow');
  assert.equal(world.inFlight.length, 8, 'alone it may have all of them');
  world.calls(20, 'http://a/quick');
  const running = (path: string) => world.inFlight.filter(({ url }) => url.endsWith(path)).length;
  for (let answered = 0; answered < 4; answered += 1) slow[answered]?.answer?.();
  assert.deepEqual([running('slow'), running('quick')], [4, 4]);
  for (let round = 0; round < 16; round += 1) {
    world.inFlight.find(({ url }) => url.endsWith('quick'))?.answer?.();
    assert.equal(running('slow'), 4 + Math.max(0, round - 15));
  }
});

test('many routes are served in turn', () => {
  const world = new World({ originInFlight: 1 });
  const paths = ['p', 'q', 'r', 's'];
  world.call('http://a/p');
  for (const path of paths) world.calls(path === 'p' ? 50 : 3, `http://a/${path}`);
  const order: string[] = [];
  for (let answered = 0; answered < 12; answered += 1) {
    world.inFlight[0]?.answer?.();
    order.push(world.inFlight[0]?.url.slice(-1) ?? '');
  }
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(order.slice(round * 4, round * 4 + 4).toSorted(), paths);
  }
});

test('origins are served in turn where the total is what limits them', () => {
  const world = new World({ inFlight: 2 });
  world.calls(10, 'http://a/x');
  const b = world.calls(2, 'http://b/x');
  const c = world.calls(2, 'http://c/x');
  for (let answered = 0; answered < 6; answered += 1) world.inFlight[0]?.answer?.();
  assert.ok([...b, ...c].every(({ sentMs }) => sentMs !== undefined));
  assert.equal(world.inFlight.length, 2);
});

test('B25: who waits longer than its own time-out is told to come back', () => {
  const world = new World({ originInFlight: 1, overflowDelayMs: 1000 });
  const [first] = world.calls(1, a);
  const brief = world.call(a, { timeoutMs: 100 });
  const long = world.call(a, { timeoutMs: 10_000 });
  world.advance(99);
  assert.equal(brief.results.length, 0);
  world.advance(1);
  assert.equal(untilMsOf(brief), world.nowMs + 1000);
  first?.answer?.();
  assert.notEqual(long.sentMs, undefined);
  world.advance(20_000);
  assert.equal(long.results.length, 0, 'once out, time-outs are the sender its own');
});

test('the waiting list is bounded in calls and in bytes; the rest comes back later', () => {
  const counted = new World({ originInFlight: 1, originWaiting: 2 });
  const made = counted.calls(4, a);
  counted.turn();
  assert.deepEqual(
    made.map(({ results }) => results.length),
    [0, 0, 0, 1],
  );
  assert.equal(untilMsOf(made[3] as Made), counted.nowMs + 1000);

  const weighed = new World({ originInFlight: 1, originWaitingBytes: 100 });
  const payloads = [10, 99, 5000, 0].map((bytes) => weighed.call(a, { payload: 'x'.repeat(bytes) }));
  weighed.turn();
  assert.deepEqual(
    payloads.map(({ results }) => results.length),
    [0, 0, 0, 1],
  );
});

test('no origin occupies more than its share of all calls, nor of all bytes', () => {
  const world = new World({ originInFlight: 2, calls: 20, originShare: 0.25 });
  const made = world.calls(8, a);
  world.turn();
  assert.equal(made.filter(({ results }) => results.length === 0).length, 5);
  assert.equal(world.call('http://b/x').results.length, 0);

  const weighed = new World({ callBytes: 1000, originShare: 0.5 });
  weighed.call(a, { payload: 'x'.repeat(500) });
  const refused = weighed.call(a);
  const elsewhere = weighed.call('http://b/x', { payload: 'x'.repeat(500) });
  const full = weighed.call('http://c/x');
  weighed.turn();
  assert.deepEqual(
    [refused, elsewhere, full].map(({ results }) => results.length),
    [1, 0, 1],
  );
});

test('overflow of a destination that answers fast comes back as fast', () => {
  const world = new World({ originInFlight: 1, originWaiting: 0, refusedPerSecond: 10 });
  for (let answered = 0; answered < 500; answered += 1) world.call(a).answer?.();
  world.call(a);
  const refused = world.calls(500, a);
  world.turn();
  assert.ok(untilMsOf(refused[499] as Made) <= world.nowMs + 1000 + 1001);
});

test('origins and routes are remembered within their limits, those in use always', () => {
  const world = new World({ origins: 3, originRoutes: 2 });
  const held = world.call('http://held/x');
  for (let index = 0; index < 20; index += 1) {
    world.call(`http://o${index}/x`).answer?.();
    world.call(`http://held/${index}`).answer?.();
  }
  const { origins } = world.caller.state();
  assert.ok(origins.length <= 3);
  const found = origins.find(({ origin }) => origin === 'http://held');
  assert.ok(found !== undefined && found.routes.length <= 2);
  assert.ok(found.routes.some(({ path, inFlight }) => path === '/x' && inFlight === 1));
  held.answer?.();
  assert.equal(world.caller.state().inFlight, 0);
});

test('what operators see', () => {
  const world = new World({ originInFlight: 1 });
  const first = world.call(a, { payload: 'abc' });
  world.call(a, { payload: 'de' });
  assert.deepEqual(world.caller.state(), {
    calls: 2,
    callBytes: 5,
    inFlight: 1,
    refused: 0,
    origins: [
      {
        origin: 'http://a',
        inFlight: 1,
        longInFlight: 0,
        waiting: 1,
        longWaiting: 0,
        waitingBytes: 2,
        refused: 0,
        breaker: 'closed',
        probeMs: undefined,
        routes: [{ path: '/x', inFlight: 1, waiting: 1, refused: 0, breaker: 'closed', probeMs: undefined }],
      },
    ],
  });
  first.answer?.('connect');
  world.inFlight[0]?.answer?.('connect');
  for (let failure = 0; failure < 3; failure += 1) world.call(a).answer?.('connect');
  world.call(a);
  const [origin] = world.caller.state().origins;
  assert.deepEqual([origin?.breaker, origin?.refused], ['open', 1]);
  assert.equal(origin?.probeMs, world.nowMs + 1000);
});
