import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perSecond } from '../../bench/drain.ts';

test('what ended in each second from the first call on lies on straight lines between the looks', () => {
  const marks = [
    { timeMs: 0, ended: 7 },
    { timeMs: 1500, ended: 57 },
    { timeMs: 2500, ended: 157 },
    { timeMs: 3600, ended: 377 },
  ];
  // From 1000: 50 in the half second until 1500, half of the next 100 until 2000; then 50 and half a second at 200.
  assert.deepEqual(perSecond({ marks, firstCallMs: 1000, peakMib: 1 }), [100, 150]);
});

test('before the first call nothing has ended, and a second that has not passed does not count', () => {
  const marks = [
    { timeMs: 0, ended: 0 },
    { timeMs: 5900, ended: 90 },
  ];
  assert.deepEqual(perSecond({ marks, firstCallMs: 5000, peakMib: 1 }), []);
});
