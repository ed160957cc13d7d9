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

test('Q36: a smaller offset makes it stand still until caught up; it never goes back', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(10_000);
  assert.equal(clock.nowMs(), 10_000);
  clock.measure(9000, runtime.monotonicMs(), runtime.monotonicMs());
  assert.equal(clock.nowMs(), 10_000);
  await runtime.advance(999);
  assert.equal(clock.nowMs(), 10_000);
  await runtime.advance(500);
  assert.equal(clock.nowMs(), 10_499);
});

test('the store is taken to have shown its clock in the middle of the round trip', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(0);
  await runtime.advance(100);
  clock.measure(70_000, 0, 100);
  assert.equal(clock.nowMs(), 70_050);
});

test('a slow round trip does not count while a better one is known, and does after a while', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(1000);
  clock.measure(1000, 0, 2);
  clock.measure(1180, 0, 200);
  assert.equal(clock.nowMs(), 1000);
  await runtime.advance(99_500);
  clock.measure(200_000, 99_300, 99_500);
  assert.equal(clock.nowMs(), 200_100);
  clock.forget();
  clock.measure(300_000, 99_000, 99_500);
  assert.equal(clock.nowMs(), 300_250);
});

test('a slow round trip counts where what is known cannot be true: the monotonic clock stood still for a while', async () => {
  const runtime = new ManualRuntime();
  const clock = new EngineClock(runtime);
  clock.startAt(1000);
  clock.measure(1000, 0, 0);
  await runtime.advance(1000);
  // The machine was suspended for three seconds.
  clock.measure(5002, 1000, 1004);
  assert.equal(clock.nowMs(), 5000);
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
