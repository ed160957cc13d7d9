import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NodeBeat } from '../store/nodes.ts';
import { Neighbours } from './neighbours.ts';

const serverStartMs = 1_700_000_000_000;

/** A server with its clock, and one node that hears of it: times are in ms since the beginning. */
class Told {
  readonly neighbours = new Neighbours();
  server = 'one';
  /** How far the clock of the server is from true time. */
  offsetMs = serverStartMs;
  readonly beats = new Map<string, NodeBeat>();
  nowMs = 0;

  beat(incarnation: string): void {
    const clockMs = Math.floor(this.nowMs + this.offsetMs);
    const known = this.beats.get(incarnation);
    const said = { incarnation, node: incarnation, version: '1', format: 1, isDraining: false };
    const { startedMs = clockMs, count = 0 } = known ?? {};
    this.beats.set(incarnation, { ...said, startedMs, beatMs: clockMs, count: count + 1, isDrainAsked: false });
  }

  /** The judging node's own heartbeat; who it judges dead then. */
  hear(tripMs = 0): string[] {
    this.beat('me');
    const sentMs = this.nowMs;
    this.nowMs += tripMs;
    const clockMs = Math.floor(sentMs + tripMs / 2 + this.offsetMs);
    const heard = {
      clockMs,
      server: this.server,
      nodes: [...this.beats.values()],
      nextDueMs: undefined,
      refusal: undefined,
    };
    this.neighbours.hear(heard, 'me', sentMs, this.nowMs);
    return this.neighbours.dead.map(({ incarnation }) => incarnation);
  }

  /** A heartbeat of the judging node every second until then; others, who live, just before it. */
  until(endMs: number, ...living: string[]): string[] {
    let dead = this.neighbours.dead.map(({ incarnation }) => incarnation);
    while (this.nowMs + 1000 <= endMs) {
      this.nowMs += 1000;
      for (const incarnation of living) this.beat(incarnation);
      dead = this.hear();
    }
    this.nowMs = endMs;
    return dead;
  }
}

/** A neighbour that has sent its last heartbeat at 0, which is heard at once. */
function silent(): Told {
  const told = new Told();
  told.hear();
  told.beat('b');
  told.hear();
  return told;
}

test('a neighbour is dead once its heartbeat is older than 5 s by both clocks', () => {
  const told = silent();
  assert.deepEqual(told.until(5000), []);
  told.nowMs = 5001;
  assert.deepEqual(told.hear(), ['b']);
  assert.deepEqual(told.neighbours.dead, [{ incarnation: 'b', count: 1 }]);
});

test('one more heartbeat, and it is not dead any more', () => {
  const told = silent();
  assert.deepEqual(told.until(6000), ['b']);
  told.beat('b');
  assert.deepEqual(told.hear(), []);
  assert.deepEqual(told.until(11_000), []);
  assert.deepEqual(told.until(12_000), ['b']);
});

test('who was retired is forgotten, and so is this node itself', () => {
  const told = silent();
  assert.deepEqual(told.until(7000), ['b']);
  told.beats.delete('b');
  assert.deepEqual(told.hear(), []);
  const alone = new Told();
  alone.hear();
  assert.deepEqual(alone.until(60_000), []);
});

test('an old heartbeat is no proof by itself: a node that has just started watches for 5 s', () => {
  const told = new Told();
  told.beat('b');
  told.nowMs = 3_600_000;
  assert.deepEqual(told.hear(), []);
  assert.deepEqual(told.until(3_605_000), []);
  assert.deepEqual(told.until(3_606_000), ['b']);
});

test('a slow answer counts from when it came, and the next from when it was sent', () => {
  const told = new Told();
  told.hear();
  told.nowMs = 1000;
  told.beat('b');
  told.hear(700);
  told.nowMs = 6500;
  assert.deepEqual(told.hear(600), [], 'unchanged for 4.8 s is what is known');
  told.nowMs = 6800;
  assert.deepEqual(told.hear(), ['b']);
});

for (const stepMs of [1500, 6000, 3_600_000, -1500, -6000, -3_600_000]) {
  test(`the clock of the server steps by ${stepMs / 1000} s: it is watched anew, and nobody who lives is dead`, () => {
    const told = silent();
    told.beat('c');
    assert.deepEqual(told.until(4000, 'c'), []);
    told.offsetMs += stepMs;
    assert.deepEqual(told.until(9000, 'c'), [], 'neither the silent one, for 4 s and more after the step');
    assert.deepEqual(told.until(11_000, 'c'), ['b']);
  });
}

test('a smaller step of the clock changes nothing by itself', () => {
  const told = silent();
  told.until(2000);
  told.offsetMs += 900;
  assert.deepEqual(told.until(5000), []);
  assert.deepEqual(told.until(6000), ['b']);
});

test('another process of the server: it is watched anew, whatever its clock shows', () => {
  for (const aheadMs of [0, 6000, 3_600_000, -3_600_000]) {
    const told = silent();
    told.beat('c');
    told.until(4000, 'c');
    told.server = 'two';
    told.offsetMs += aheadMs;
    assert.deepEqual(told.until(9000, 'c'), []);
    assert.deepEqual(told.until(11_000, 'c'), ['b']);
  }
});

test('a clock of this machine that runs too fast kills nobody whose heartbeat is young by the server', () => {
  const told = silent();
  // By the server 3 s have passed; this node thinks 6 s, in steps that are no jump.
  for (let step = 0; step < 6; step += 1) {
    told.nowMs += 1000;
    told.offsetMs -= 500;
    assert.deepEqual(told.hear(), []);
  }
});

/** Anything that may happen to who lives, beats at least every 2 s, and is judged. */
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('hear' as const), tripMs: fc.integer({ min: 0, max: 900 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -40_000, max: 40_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('failover' as const),
      ms: fc.integer({ min: -4_000_000, max: 4_000_000 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 1500 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), ms: fc.integer({ min: 0, max: 30_000 }) }) },
);

test('whatever clocks and servers do, nobody is dead before 5 s of silence in true time, and everybody is who stays silent', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), (events, diesAfter) => {
      const told = new Told();
      let lastBeatMs = 0;
      let index = 0;
      const beat = () => {
        if (index > diesAfter) return;
        told.beat('b');
        lastBeatMs = told.nowMs;
      };
      const judge = (dead: readonly string[]) => {
        if (dead.length > 0) assert.ok(told.nowMs - lastBeatMs > 5000, `dead after ${told.nowMs - lastBeatMs} ms`);
      };
      beat();
      for (const one of events) {
        index += 1;
        if (one.kind === 'hear') judge(told.hear(one.tripMs));
        else if (one.kind === 'step') told.offsetMs += one.ms;
        else if (one.kind === 'failover') {
          told.server += "'";
          told.offsetMs += one.ms;
        } else told.nowMs += one.ms;
        // The judging node may be away for long; who lives beats all the same.
        if (told.nowMs - lastBeatMs > 500) beat();
      }
      index = Number.POSITIVE_INFINITY;
      assert.deepEqual(told.until(told.nowMs + 13_000), ['b']);
    }),
    { numRuns: 500 },
  );
});
