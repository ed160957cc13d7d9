import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationLines } from './destinations.ts';

const at = '2026-01-01T00:00:10.000Z';
const counts = { callsOut: 12, places: 16, longCallsOut: 12, longPlaces: 12, waiting: 8, refused: 1 };

test('each origin with its places, its breaker where it is open, and the calls that hold the places', () => {
  const longest = [{ gid: 'g', branchId: '01', op: 'action', since: at, until: at }];
  assert.deepEqual(destinationLines([{ origin: 'http://a', ...counts, breaker: 'open', probeAt: at, longest }]), [
    'http://a  12 of 16 places taken (12 of 12 by long calls), 8 wait, 1 not made',
    `  its breaker is open, the next probe may go at ${at}`,
    `  g  01 action  out since ${at}, until ${at} at the latest`,
    '  and 11 more',
  ]);
  assert.deepEqual(destinationLines([]), ['no calls are out or wait, and no breaker is open']);
});
