import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Latencies, median, percentile, spread } from '../../bench/statistics.ts';

test('a percentile is the nearest rank, as the textbook has it', () => {
  const sorted = [15, 20, 35, 40, 50];
  assert.equal(percentile(sorted, 0.05), 15);
  assert.equal(percentile(sorted, 0.3), 20);
  assert.equal(percentile(sorted, 0.4), 20);
  assert.equal(percentile(sorted, 0.5), 35);
  assert.equal(percentile(sorted, 0.99), 50);
  assert.equal(percentile(sorted, 1), 50);
  assert.equal(percentile([], 0.5), Number.NaN);
});

test('one in a hundred is slower than the 99th percentile of a hundred', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 0.5), 50);
});

test('a percentile is one of the values, and at least its share of them is not above it', () => {
  const values = fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1, maxLength: 200 });
  const share = fc.double({ noNaN: true, min: 0.001, max: 1 });
  fc.assert(
    fc.property(values, share, (given, wanted) => {
      const sorted = Float64Array.from(given).sort();
      const found = percentile(sorted, wanted);
      const notAbove = sorted.filter((value) => value <= found).length;
      const below = sorted.filter((value) => value < found).length;
      assert.ok(sorted.includes(found));
      assert.ok(notAbove >= wanted * sorted.length);
      assert.ok(below < wanted * sorted.length);
    }),
  );
});

test('the median of an even number of values lies between the two in the middle, sorted as numbers', () => {
  assert.equal(median([10, 9, 100]), 10);
  assert.equal(median([10, 9, 100, 2]), 9.5);
  assert.equal(median([]), Number.NaN);
  assert.deepEqual(spread([3, 1, 20]), { median: 3, low: 1, high: 20 });
});

test('latencies grow beyond their first room and start anew when they were taken', () => {
  const latencies = new Latencies();
  for (let value = 10_000; value >= 1; value -= 1) latencies.add(value);
  assert.deepEqual(latencies.take(), { p50Ms: 5000, p99Ms: 9900, maxMs: 10_000 });
  latencies.add(7);
  assert.deepEqual(latencies.take(), { p50Ms: 7, p99Ms: 7, maxMs: 7 });
  assert.ok(Number.isNaN(latencies.take().p50Ms));
});
