import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineClock } from './clock.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

test('engine time goes on from where it is started, whatever the wall clock does', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(5_000_000);
  runtime.wallOffsetMs -= 3_600_000;
  await runtime.advance(250);
  assert.equal(clock.nowMs(), 5_000_250);
});

test('Q36: a difference is taken smoothly: it runs a tenth faster or slower, and never goes back', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(10_000);
  clock.steer(9000);
  assert.equal(clock.nowMs(), 10_000);
  await runtime.advance(1000);
  assert.equal(clock.nowMs(), 10_900);
  await runtime.advance(9000);
  assert.equal(clock.nowMs(), 19_000, 'caught up');
  await runtime.advance(1000);
  assert.equal(clock.nowMs(), 20_000);
  clock.steer(10_000);
  await runtime.advance(5000);
  assert.equal(clock.nowMs(), 25_500);
  await runtime.advance(10_000);
  assert.equal(clock.nowMs(), 36_000);
});

test('it is moved forward at once, and never back', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(10_000);
  clock.moveTo(20_000);
  assert.equal(clock.nowMs(), 20_000);
  clock.moveTo(15_000);
  assert.equal(clock.nowMs(), 20_000);
});

test('a timer at an engine time fires then, and at once where it has passed', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(1000);
  const fired: string[] = [];
  clock.timerAt(1500, () => fired.push(`late ${clock.nowMs()}`));
  clock.timerAt(10, () => fired.push(`past ${clock.nowMs()}`));
  await runtime.advance(600);
  assert.deepEqual(fired, ['past 1000', 'late 1500']);
});
