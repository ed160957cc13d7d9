import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LowestOwned } from './lowest-owned.ts';

test('a look begins at the lowest row of the last one, or of the claims since', () => {
  const lowest = new LowestOwned();
  assert.equal(lowest.before('a', ''), 0);
  lowest.seen('', '700');
  assert.equal(lowest.before('a', ''), 699);
  lowest.claimed([900, 650, 800]);
  assert.equal(lowest.before('a', ''), 649);
});

test('where the last look found nothing, or another incarnation asks, it begins at the first row', () => {
  const lowest = new LowestOwned();
  lowest.before('a', '');
  lowest.seen('', undefined);
  assert.equal(lowest.before('a', ''), 0);
  lowest.seen('', '700');
  assert.equal(lowest.before('b', ''), 0);
});

test('a later page of a look goes on after its place, and the look keeps its beginning', () => {
  const lowest = new LowestOwned();
  lowest.before('a', '');
  lowest.seen('', '700');
  assert.equal(lowest.before('a', '800'), 800);
  lowest.seen('800', '801');
  assert.equal(lowest.before('a', ''), 699);
});

test('every tenth look begins at the first row', () => {
  const lowest = new LowestOwned();
  const begins = Array.from({ length: 21 }, () => {
    const begin = lowest.before('a', '');
    lowest.seen('', '500');
    return begin;
  });
  assert.deepEqual(
    [...begins.keys()].filter((index) => begins[index] === 0),
    [0, 10, 20],
  );
});
