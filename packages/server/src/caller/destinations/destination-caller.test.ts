import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SentAnswer } from '../../engine/ports.ts';
import { World } from '../testing/world.ts';

type Step =
  | {
      readonly kind: 'call';
      readonly origin: number;
      readonly route: number;
      readonly mayGo: boolean;
      readonly timeoutMs: number;
      readonly bytes: number;
    }
  | { readonly kind: 'cut'; readonly which: number }
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
      timeoutMs: fc.constantFrom(1500, 3000),
      bytes: fc.nat(30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), which: fc.nat(50) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(20),
      health: fc.constantFrom(
        'ok' as const,
        'ok' as const,
        'connect' as const,
        'unavailable' as const,
        'local' as const,
      ),
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
  reserveShare: 0.2,
  longCallMs: 2000,
  longCallShare: 0.7,
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
    assert.ok(origin.longInFlight <= 2 && origin.longWaiting <= 2);
    assert.ok(origin.inFlight + origin.waiting <= 12 * 0.7 + 1);
    assert.equal(
      origin.waiting,
      origin.routes.reduce((sum, route) => sum + route.waiting, 0),
    );
    // No slot lies idle while somebody could use it; the last is kept for origins that have none, or have earned it.
    const isTaken = origin.inFlight === 3 || state.inFlight === 5 || (state.inFlight === 4 && origin.inFlight > 0);
    const areLong = origin.longInFlight === 2 && origin.waiting === origin.longWaiting;
    assert.ok(origin.waiting === 0 || isTaken || areLong, 'a call waits beside a free slot');
  }
}

test('whatever happens: within the limits, every call ends once, nobody waits beside a free slot or beyond its time-out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const world = new World(propertyLimits);
      for (const one of steps) {
        if (one.kind === 'call') {
          const url = `http://o${one.origin}/r${one.route}`;
          world.call(url, { mayGo: one.mayGo, timeoutMs: one.timeoutMs, payload: 'x'.repeat(one.bytes) });
        } else if (one.kind === 'cut') {
          const made = world.made[one.which % Math.max(1, world.made.length)];
          made?.cut();
          made?.cut();
        } else if (one.kind === 'pass') world.advance(one.ms);
        else if (world.inFlight.length > 0) world.inFlight[one.which % world.inFlight.length]?.answer?.(one.health);
        world.turn();
        checkLimits(world);
      }
      world.advance(3000);
      for (const made of world.made) {
        assert.ok(made.sentMs === undefined || made.sentMs - made.atMs <= made.timeoutMs);
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
