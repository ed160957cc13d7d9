import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineClock } from './clock.ts';
import { ServerClock } from './server-clock.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

const startMs = 1_700_000_000_000;

/** A server whose clock is asked every second, as heartbeats do. */
class Followed {
  readonly runtime = new ManualRuntime();
  readonly clock = new EngineClock(this.runtime);
  readonly warnings: string[] = [];
  readonly followed = new ServerClock({
    clock: this.clock,
    runtime: this.runtime,
    warned: (message) => void this.warnings.push(message),
  });
  /** From this machine's monotonic time to the server's clock. */
  serverMs = startMs;

  constructor() {
    this.followed.begin(this.serverMs, 0, 0);
  }

  measure(tripMs = 0): void {
    const nowMs = this.runtime.monotonicMs();
    this.followed.measure(nowMs - tripMs / 2 + this.serverMs, nowMs - tripMs, nowMs);
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await this.runtime.advance(1000);
      this.measure();
    }
  }

  /** How far engine time is ahead of the server's clock as it was at the start. */
  get aheadMs(): number {
    return this.clock.nowMs() - this.runtime.monotonicMs() - startMs;
  }
}

test('time starts at the clock of the server, in the middle of the round trip', async () => {
  const world = new Followed();
  assert.equal(world.aheadMs, 0);
  await world.runtime.advance(100);
  const other = new ServerClock({ clock: world.clock, runtime: world.runtime, warned: assert.fail });
  other.begin(startMs + 1050, 0, 100);
  assert.equal(world.aheadMs, 1000);
});

test('a slow round trip does not count while a better one is known, and does after a while', async () => {
  const world = new Followed();
  world.serverMs += 80;
  await world.runtime.advance(1000);
  world.measure(200);
  assert.equal(world.clock.offsetMs, startMs);
  world.serverMs -= 30;
  await world.runtime.advance(99_000);
  world.measure(200);
  assert.equal(world.clock.offsetMs, startMs + 50);
});

test('a slow round trip counts where what is known cannot be true, and after everything is forgotten', async () => {
  const world = new Followed();
  world.serverMs += 200;
  await world.runtime.advance(1000);
  world.measure(200);
  assert.equal(world.clock.offsetMs, startMs + 200);
  world.serverMs += 20;
  world.followed.forget();
  world.measure(400);
  assert.equal(world.clock.offsetMs, startMs + 220);
});

for (const byMs of [900, 6000, 9500]) {
  test(`the server's clock is ${byMs / 1000} s off: time follows smoothly, in either direction`, async () => {
    for (const sign of [1, -1]) {
      const world = new Followed();
      world.serverMs += sign * byMs;
      world.measure();
      assert.equal(world.aheadMs, 0);
      await world.pass(5);
      assert.equal(world.aheadMs, sign * Math.min(byMs, 500));
      await world.pass(100);
      assert.equal(world.aheadMs, sign * byMs);
      assert.deepEqual(world.warnings, []);
    }
  });
}

test('a jump ahead is not followed before it has stood for a minute; it is an incident meanwhile', async () => {
  const world = new Followed();
  await world.pass(3);
  world.serverMs += 3_600_000;
  await world.pass(1);
  assert.match(world.followed.held?.incident ?? '', /has jumped and is ahead of/u);
  assert.equal(world.followed.held?.fromMs, startMs + 4000);
  await world.pass(59);
  assert.equal(world.aheadMs, 0);
  assert.equal(world.followed.held?.leftMs, 1000);
  await world.pass(1);
  assert.equal(world.aheadMs, 3_600_000);
  assert.equal(world.followed.held, undefined);
  await world.pass(60);
  assert.equal(world.aheadMs, 3_600_000);
  assert.equal(world.warnings.length, 2);
  assert.match(world.warnings[1] ?? '', /is followed: it has stood for a minute/u);
});

test('a jump that goes away within a minute was none; another one begins anew', async () => {
  const world = new Followed();
  world.serverMs += 11_000;
  await world.pass(50);
  world.serverMs -= 11_000;
  await world.pass(1);
  assert.equal(world.followed.held, undefined);
  assert.match(world.warnings[1] ?? '', /was put right/u);
  world.serverMs += 11_000;
  await world.pass(50);
  world.serverMs += 3_600_000;
  await world.pass(50);
  assert.equal(world.aheadMs, 0, 'neither of them has stood for a minute');
  await world.pass(11);
  assert.equal(world.aheadMs, 3_611_000);
});

test('after a jump back time stands still for no longer than a minute: it goes on, slower, until the clock is there', async () => {
  const world = new Followed();
  await world.pass(1);
  world.serverMs -= 3_600_000;
  let lastMs = world.clock.nowMs();
  for (let second = 0; second < 300; second += 1) {
    await world.pass(1);
    const nowMs = world.clock.nowMs();
    assert.ok(nowMs - lastMs >= 899 && nowMs - lastMs <= 1000, `${nowMs - lastMs} ms in a second`);
    lastMs = nowMs;
  }
  assert.equal(world.aheadMs, -100 * (300 - 61));
});

test('an operator accepts a jump: time follows at once', async () => {
  const world = new Followed();
  assert.equal(world.followed.accept('why not'), false);
  world.serverMs += 20_000;
  await world.pass(1);
  assert.equal(world.followed.accept('an operator said so'), true);
  assert.equal(world.aheadMs, 20_000);
  assert.equal(world.followed.held, undefined);
});

test('a machine that slept, as its own clock tells too, is no jump of the server', async () => {
  for (const sleptMs of [3000, 3_600_000]) {
    const world = new Followed();
    await world.pass(1);
    world.serverMs += sleptMs;
    world.runtime.wallOffsetMs += sleptMs;
    await world.pass(1);
    assert.equal(world.aheadMs, sleptMs);
    assert.deepEqual(world.warnings, []);
  }
});
