import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DueCursor } from './due-cursor.ts';

const minute = 60_000;

function find(cursor: DueCursor, nowMs: number, earliestMs: number | undefined): void {
  cursor.found(nowMs, earliestMs, cursor.from(nowMs));
}

test('at first all is looked at, then what is due from so long before the earliest that was found, or before now', () => {
  const cursor = new DueCursor(minute);
  assert.equal(cursor.from(1_000_000), Number.MIN_SAFE_INTEGER);
  find(cursor, 1_000_000, 2_000_000);
  assert.equal(cursor.from(1_000_100), 1_000_000 - minute);
  find(cursor, 1_000_100, 900_000);
  assert.equal(cursor.from(1_000_200), 900_000 - minute);
  find(cursor, 1_000_200, undefined);
  assert.equal(cursor.from(1_000_300), 1_000_200 - minute);
});

test('where time goes back it begins earlier', () => {
  const cursor = new DueCursor(minute);
  find(cursor, 1_000_000, undefined);
  assert.equal(cursor.from(500_000), 500_000 - minute);
  find(cursor, 500_000, undefined);
  assert.equal(cursor.from(600_000), 500_000 - minute);
});

test('what becomes due earlier is looked at', () => {
  const cursor = new DueCursor(minute);
  find(cursor, 1_000_000, undefined);
  cursor.due(2_000_000);
  assert.equal(cursor.from(1_000_001), 1_000_000 - minute);
  cursor.due(5);
  assert.equal(cursor.from(1_000_001), 5);
});

test('a look at all is due at once, and then once a minute', () => {
  const cursor = new DueCursor(minute);
  const looks = [0, 1, minute - 1, minute, minute + 1, 2 * minute].filter((atMs) => cursor.isLookDue(atMs));
  assert.deepEqual(looks, [0, minute, 2 * minute]);
});

test('what becomes due while somebody looks is not forgotten', () => {
  const cursor = new DueCursor(minute);
  find(cursor, 1_000_000, undefined);
  const askedFromMs = cursor.from(1_000_001);
  cursor.due(5);
  cursor.found(1_000_001, undefined, askedFromMs);
  assert.equal(cursor.from(1_000_002), 5);
});
