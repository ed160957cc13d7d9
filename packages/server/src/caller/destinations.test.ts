import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BranchCall, CallResult, Runtime, SentAnswer } from '../engine/ports.ts';
import { DestinationCaller } from './destinations.ts';
import { type DestinationLimits, defaultDestinationLimits } from './limits.ts';

interface Timed {
  readonly atMs: number;
  readonly action: () => void;
}

/** One call as the test made it. */
interface Made {
  readonly url: string;
  readonly atMs: number;
  readonly results: CallResult[];
  /** When it went out; undefined: it has not. */
  sentMs: number | undefined;
  endedMs: number | undefined;
  answer: ((health?: SentAnswer['health']) => void) | undefined;
}

/** A caller on a manual clock, with a sender that the test answers for. */
class World {
  nowMs = 1_000_000;
  readonly made: Made[] = [];
  readonly caller: DestinationCaller;
  #timers: Timed[] = [];
  #soon: (() => void)[] = [];
  #sending: Made[] = [];

  constructor(limits: Partial<DestinationLimits> = {}) {
    const runtime: Runtime = {
      wallMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      setTimer: (delayMs, action) => {
        const timer = { atMs: this.nowMs + delayMs, action };
        this.#timers.push(timer);
        return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
      },
      soon: (action) => this.#soon.push(action),
      random: () => 0,
      newId: () => 'id',
    };
    const sender = {
      send: (call: BranchCall, done: (answer: SentAnswer) => void) => {
        const made = this.made[Number(call.gid)];
        assert.ok(made !== undefined && made.sentMs === undefined, 'a call was sent twice');
        made.sentMs = this.nowMs;
        this.#sending.push(made);
        made.answer = (health = 'ok') => {
          made.answer = undefined;
          this.#sending = this.#sending.filter((other) => other !== made);
          const outcome =
            health === 'ok'
              ? ({ kind: 'success' } as const)
              : ({ kind: 'error', message: health, retryAfterMs: 0 } as const);
          done({ outcome, durationMs: this.nowMs - (made.sentMs ?? 0), health });
        };
      },
    };
    this.caller = new DestinationCaller({ sender, runtime, limits: { ...defaultDestinationLimits, ...limits } });
  }

  call(url: string, { mayGo = true, timeoutMs = 3000, payload = '' } = {}): Made {
    const made: Made = {
      url,
      atMs: this.nowMs,
      results: [],
      sentMs: undefined,
      endedMs: undefined,
      answer: undefined,
    };
    let hasReturned = false;
    const call: BranchCall = {
      gid: `${this.made.push(made) - 1}`,
      type: 'saga',
      branchId: '01',
      op: 'action',
      url,
      protocol: 'http',
      payload,
      headers: {},
      timeoutMs,
    };
    this.caller.call(
      call,
      () => mayGo,
      (result) => {
        assert.ok(hasReturned, 'done came before call returned');
        made.results.push(result);
        made.endedMs = this.nowMs;
        assert.equal(made.results.length, 1, 'done came twice');
      },
    );
    hasReturned = true;
    return made;
  }

  calls(count: number, url: string): Made[] {
    return Array.from({ length: count }, () => this.call(url));
  }

  /** What is in flight, the longest first. */
  get inFlight(): readonly Made[] {
    return this.#sending;
  }

  /** Runs what waits for the event loop now. */
  turnOnce(): void {
    for (const action of this.#soon.splice(0)) action();
  }

  /** Runs all of it. */
  turn(): void {
    while (this.#soon.length > 0) this.turnOnce();
  }

  advance(byMs: number): void {
    const toMs = this.nowMs + byMs;
    this.turn();
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > toMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.action();
      this.turn();
    }
    this.nowMs = toMs;
  }
}

function untilMsOf(made: Made): number {
  const [result] = made.results;
  assert.ok(result?.kind === 'not-called' && result.untilMs !== undefined, 'it was to be refused');
  return result.untilMs;
}

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
        send: (_call, done) => {
          if (behaviour === 'throw') throw new Error('a defect');
          done(answer);
          if (behaviour === 'twice') done(answer);
        },
      },
    });
    const call = { gid: '', type: 'saga', branchId: '', op: 'action', url: a, protocol: 'http' } as const;
    caller.call(
      { ...call, payload: '', headers: {}, timeoutMs: 1 },
      () => true,
      (result) => results.push(result),
    );
    assert.equal(results.length, 0);
    for (const action of soon.splice(0)) action();
    assert.deepEqual(
      results[0]?.kind === 'answered' && results[0].outcome.kind,
      behaviour === 'throw' ? 'error' : 'success',
    );
    assert.deepEqual([results.length, caller.state().inFlight, caller.state().calls], [1, 0, 0]);
  }
});

test('mayGo is asked last; a call that may not go takes no slot', () => {
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

test('who waits longer than its own time-out is told to come back', () => {
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
  const again = world.call(a);
  assert.equal(again.sentMs, world.nowMs, 'a probe that did not go leaves its place to the next');
  again.answer?.('ok');
  assert.ok(world.calls(100, a).every(({ sentMs }) => sentMs === world.nowMs));
});

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
        waiting: 1,
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

type Step =
  | {
      readonly kind: 'call';
      readonly origin: number;
      readonly route: number;
      readonly mayGo: boolean;
      readonly bytes: number;
    }
  | { readonly kind: 'answer'; readonly which: number; readonly health: SentAnswer['health'] }
  | { readonly kind: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      origin: fc.nat(2),
      route: fc.nat(2),
      mayGo: fc.integer({ min: 0, max: 9 }).map((chance) => chance > 0),
      bytes: fc.nat(30),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(20),
      health: fc.constantFrom('ok' as const, 'ok' as const, 'connect' as const, 'unavailable' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2500 }) }) },
);

const propertyLimits = {
  originInFlight: 3,
  inFlight: 5,
  originWaiting: 4,
  originWaitingBytes: 60,
  calls: 12,
  callBytes: 200,
  originShare: 0.7,
  breakerFailures: 2,
  origins: 2,
  originRoutes: 2,
};

function checkLimits(world: World): void {
  const state = world.caller.state();
  assert.equal(state.inFlight, world.inFlight.length);
  assert.ok(state.inFlight <= 5);
  assert.ok(state.calls <= 12);
  for (const origin of state.origins) {
    assert.ok(origin.inFlight <= 3);
    assert.ok(origin.waiting <= 4);
    assert.ok(origin.inFlight + origin.waiting <= 12 * 0.7 + 1);
    assert.equal(
      origin.waiting,
      origin.routes.reduce((sum, route) => sum + route.waiting, 0),
    );
    // No slot lies idle while somebody could use it.
    assert.ok(origin.waiting === 0 || origin.inFlight === 3 || state.inFlight === 5, 'a call waits beside a free slot');
  }
}

test('whatever happens: within the limits, every call ends once, nobody waits beside a free slot or beyond its time-out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const world = new World(propertyLimits);
      for (const one of steps) {
        if (one.kind === 'call') {
          const url = `http://o${one.origin}/r${one.route}`;
          world.call(url, { mayGo: one.mayGo, payload: 'x'.repeat(one.bytes) });
        } else if (one.kind === 'pass') world.advance(one.ms);
        else if (world.inFlight.length > 0) world.inFlight[one.which % world.inFlight.length]?.answer?.(one.health);
        world.turn();
        checkLimits(world);
      }
      world.advance(3000);
      for (const made of world.made) {
        assert.ok(made.sentMs === undefined || made.sentMs - made.atMs <= 3000);
        assert.ok(made.sentMs !== undefined || made.results.length === 1, 'a call waits beyond its time-out');
        const [result] = made.results;
        if (result?.kind !== 'not-called' || result.untilMs === undefined) continue;
        assert.ok(result.untilMs > (made.endedMs ?? 0) && result.untilMs <= (made.endedMs ?? 0) + 600_000);
      }
      while (world.inFlight.length > 0) world.inFlight[0]?.answer?.();
      world.turn();
      assert.ok(world.made.every(({ results }) => results.length === 1));
      const { calls, callBytes, inFlight, origins } = world.caller.state();
      assert.deepEqual([calls, callBytes, inFlight], [0, 0, 0]);
      assert.ok(origins.length <= 2 && origins.every(({ routes }) => routes.length <= 2));
    }),
    { numRuns: 500 },
  );
});
