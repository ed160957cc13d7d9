import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextInterval, retryDelay, retryWithinRunDelay } from './backoff.ts';
import { planOf } from './plan.ts';
import { defaults, saga } from './testing/definitions.ts';

const plan = planOf(saga(1), defaults);

test('Q11: the interval doubles, up to ten minutes', () => {
  const seen: number[] = [];
  for (let interval = 10_000; seen.length < 8; ) {
    interval = nextInterval(interval, plan);
    seen.push(interval / 1000);
  }
  assert.deepEqual(seen, [20, 40, 80, 160, 320, 600, 600, 600]);
});

test('a retry_interval above the cap is the cap', () => {
  const slow = planOf(saga(1, { options: { retryIntervalMs: 3_600_000 } }), defaults);
  assert.equal(nextInterval(3_600_000, slow), 3_600_000);
  assert.equal(nextInterval(400_000, planOf(saga(1, { options: { retryIntervalMs: 400_000 } }), defaults)), 600_000);
});

test('D5: Retry-After counts where it is later than the interval, and within the cap', () => {
  assert.equal(retryDelay(20_000, 0, 0, plan), 20_000);
  assert.equal(retryDelay(20_000, 5000, 0, plan), 20_000);
  assert.equal(retryDelay(20_000, 90_000, 0, plan), 90_000);
  assert.equal(retryDelay(20_000, 86_400_000, 0, plan), 600_000);
});

test('Q11: jitter makes it up to a tenth later, never earlier, in whole milliseconds', () => {
  assert.equal(retryDelay(20_000, 0, 1, plan), 22_000);
  assert.equal(retryDelay(20_000, 0, 0.5, plan), 21_000);
  assert.ok(Number.isInteger(retryDelay(20_001, 0, 0.333, plan)));
});

test('Q28: pauses within a run: 100 ms doubling, at most a second', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map(retryWithinRunDelay), [100, 200, 400, 800, 1000, 1000, 1000]);
});
