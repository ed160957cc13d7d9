import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyValue, StoreError } from '../store/store.ts';
import { EngineClock } from './clock.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { isJump, newRecord, purgeBeforeMs } from './clock-record.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;
const retentionMs = 7 * dayMs;

/** One stored clock over many starts of a coordinator. */
class World {
  readonly runtime = new ManualRuntime();
  readonly told: string[] = [];
  highestMs = this.runtime.wallMs();
  value: KeyValue | undefined;
  isDamaged = false;
  clock = new EngineClock(this.runtime);

  async start(): Promise<ClockKeeper> {
    this.clock = new EngineClock(this.runtime);
    const keeper = new ClockKeeper({
      store: {
        clockMs: async () => this.highestMs,
        getValue: async () => {
          if (this.isDamaged) throw new StoreError('version', 'a stored value cannot be read');
          return this.value;
        },
        deleteValue: async () => {
          this.isDamaged = false;
          this.value = undefined;
          return true;
        },
        putValue: async (category, key, value, version, nowMs) => {
          if ((this.value?.version ?? 0) !== version) return false;
          this.value = { category, key, value, version: version + 1, createdMs: nowMs, updatedMs: nowMs };
          return true;
        },
      },
      clock: this.clock,
      runtime: this.runtime,
      retentionMs,
      warned: (message) => this.told.push(message),
    });
    await keeper.begin();
    return keeper;
  }

  async runFor(keeper: ClockKeeper, ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 10_000) {
      await this.runtime.advance(10_000);
      await keeper.check();
    }
  }
}

test('a jump is a clock ahead of what is stored by more than the retention', () => {
  assert.equal(isJump(0, yearMs, retentionMs), false, 'a new store');
  assert.equal(isJump(yearMs, yearMs + retentionMs, retentionMs), false);
  assert.equal(isJump(yearMs, yearMs + retentionMs + 1, retentionMs), true);
  assert.equal(isJump(yearMs, 0, retentionMs), false);
  assert.equal(isJump(yearMs, yearMs + hourMs, 1000), false, 'a retention of a second');
});

test('a clock that is a year ahead changes nothing until it is put right', async () => {
  const world = new World();
  const beganMs = world.highestMs;
  world.runtime.wallOffsetMs += yearMs;
  const keeper = await world.start();
  assert.equal(world.clock.nowMs(), beganMs);
  assert.match(world.told.join(), /\(\d{4}-.*Z\) is ahead of the stored time \(\d{4}-.*Z\) .*holdfast clock accept/);
  await world.runFor(keeper, 50 * 60_000);
  assert.equal(world.clock.nowMs(), beganMs + 50 * 60_000);
  assert.ok((keeper.state().held?.leftMs ?? 0) <= 10 * 60_000);
  assert.equal(keeper.purgeBeforeMs(), world.clock.nowMs() - retentionMs);
  world.runtime.wallOffsetMs -= yearMs;
  await world.runFor(keeper, 10_000);
  assert.equal(keeper.state().held, undefined);
  assert.equal(world.clock.nowMs(), world.runtime.wallMs());
  // The hour begins anew.
  world.runtime.wallOffsetMs += yearMs;
  const again = await world.start();
  assert.equal(again.state().held?.leftMs, hourMs);
});

test('an hour of running, over several starts, accepts it; what ended meanwhile is kept for as long as the rest', async () => {
  const world = new World();
  const beganMs = world.highestMs;
  world.runtime.wallOffsetMs += yearMs;
  for (let start = 1; start <= 3; start += 1) {
    await world.runFor(await world.start(), 20 * 60_000 - 10_000);
    // Away meanwhile: that is no running.
    world.runtime.wallOffsetMs += dayMs;
  }
  const keeper = await world.start();
  assert.ok(keeper.state().held !== undefined);
  assert.ok(world.clock.nowMs() < beganMs + hourMs);
  await world.runFor(keeper, 5 * 60_000);
  assert.equal(keeper.state().held, undefined);
  assert.equal(world.clock.nowMs(), world.runtime.wallMs());
  assert.match(String(world.told.at(-1)), /is accepted: an hour of running has passed; time goes on from \d{4}/);
  assert.ok(keeper.purgeBeforeMs() <= beganMs);
  const later = await world.start();
  assert.equal(later.state().held, undefined, 'nor is it found again at the next start');
  assert.ok(later.purgeBeforeMs() <= beganMs);
  await world.runFor(later, 10_000);
  assert.equal(purgeBeforeMs({ ...newRecord, accepted: { fromMs: 5, toMs: 100 } }, 100 + 50, 50), 100);
  assert.equal(purgeBeforeMs({ ...newRecord, accepted: { fromMs: 5, toMs: 100 } }, 149, 50), 5);
});

test('an operator accepts it at once; without a jump there is nothing to accept', async () => {
  const world = new World();
  world.runtime.wallOffsetMs += yearMs;
  const keeper = await world.start();
  assert.equal(await keeper.accept('an operator said so'), true);
  assert.equal(world.clock.nowMs(), world.runtime.wallMs());
  assert.equal(await keeper.accept('an operator said so'), false);
});

test('an idle coordinator writes the time, so that it does not look like one that was away', async () => {
  const world = new World();
  const keeper = await world.start();
  for (let days = 0; days < 10; days += 1) {
    await world.runtime.advance(dayMs);
    await keeper.check();
  }
  assert.equal((await world.start()).state().held, undefined);
});

test('a clock behind, or one that parts while it runs, is told with both times, once', async () => {
  const world = new World();
  world.runtime.wallOffsetMs -= hourMs;
  const behind = await world.start();
  await world.runFor(behind, 30_000);
  assert.equal(world.told.length, 1);
  assert.match(String(world.told[0]), /\(\d{4}-.*Z\) is behind the coordinator's time \(\d{4}-.*Z\)/);
  world.runtime.wallOffsetMs += hourMs;
  await world.runFor(behind, 10_000);
  world.runtime.wallOffsetMs += yearMs;
  await world.runFor(behind, 30_000);
  assert.equal(world.told.length, 2);
  assert.match(
    String(world.told[1]),
    /is ahead of the coordinator's time .*the next start does not follow it before it is accepted/,
  );
});

test('a record that is damaged is made anew: time starts at what the transactions carry', async () => {
  const world = new World();
  await world.start();
  world.isDamaged = true;
  await world.start();
  assert.equal(world.isDamaged, false);
  assert.equal(world.clock.nowMs(), world.highestMs);
});
