import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activity } from './activity.ts';
import { ManualClockRuntime } from './manual-clock-runtime.ts';

function clockAt(nowMs: number) {
  const activity = new Activity();
  const runtime = new ManualClockRuntime(activity, () => 'id');
  runtime.moveTo(nowMs);
  const fired: string[] = [];
  const arm = (name: string, delayMs: number) =>
    runtime.setTimer(delayMs, () => fired.push(`${name} ${runtime.wallMs()}`));
  const rest = () => activity.rest({ deadlineMs: performance.now() + 5000, callMs: 0 });
  return { activity, runtime, fired, arm, rest };
}

test('time stands still; what is due now runs by itself, and counts as running until then', async () => {
  const { activity, runtime, fired, arm, rest } = clockAt(1000);
  await rest();
  arm('later', 1);
  arm('now', 0);
  arm('never', Number.POSITIVE_INFINITY);
  assert.deepEqual([fired, activity.isIdle], [[], false]);
  await rest();
  assert.deepEqual([fired, activity.isIdle], [['now 1000'], true]);
  assert.deepEqual([runtime.wallMs(), runtime.monotonicMs(), runtime.nextMs], [1000, 1000, 1001]);
});

test('a move runs what it passes, in the order of time, then of arming', async () => {
  const { runtime, fired, arm, rest } = clockAt(0);
  arm('c', 20);
  arm('a', 10);
  arm('b', 10);
  const cancelled = arm('cancelled', 15);
  cancelled.cancel();
  runtime.moveTo(20);
  await rest();
  assert.deepEqual(fired, ['a 20', 'b 20', 'c 20']);
  assert.equal(runtime.nextMs, Number.POSITIVE_INFINITY);
});

test('an action may cancel another that is due with it, and arm one that is due at once', async () => {
  const { runtime, fired, arm, rest } = clockAt(0);
  runtime.setTimer(5, () => {
    other.cancel();
    arm('armed', 0);
  });
  const other = arm('other', 5);
  runtime.moveTo(5);
  await rest();
  assert.deepEqual(fired, ['armed 5']);
});

test('time is whole milliseconds and never goes back; there is no chance', async () => {
  const { runtime, arm, rest, fired } = clockAt(100);
  arm('fraction', 0.2);
  assert.equal(runtime.nextMs, 101);
  runtime.moveTo(50);
  assert.equal(runtime.wallMs(), 100);
  assert.equal(runtime.random(), 0);
  await rest();
  assert.deepEqual(fired, []);
});
