import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestFirst, slowest } from './durations.ts';

test('the longest file is started first, one that was never timed before all', () => {
  const files = ['short', 'new b', 'long', 'new a', 'middle'];
  assert.deepEqual(longestFirst(files, { short: 1, middle: 2, long: 30, gone: 99 }), [
    'new b',
    'new a',
    'long',
    'middle',
    'short',
  ]);
});

test('the end of a run names the slowest files, with their seconds', () => {
  assert.deepEqual(slowest({ a: 0.21, b: 12, c: 3 }, 2), ['   12.0 s  b', '    3.0 s  c']);
});
