import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveRoom } from './active-room.ts';

const limits = { maxActive: 10_000, maxActiveBytes: 1e9, claimRows: 100 };

test('who hears of a backlog first takes three pages, and no more until all others have heard of it', () => {
  const room = new ActiveRoom(limits);
  for (let page = 0; page < 3; page += 1) {
    assert.equal(room.free(1000, true).rows, 100, `page ${page}`);
    room.paged(100, true, 1000, 1000);
  }
  assert.equal(room.free(2200, true).rows, 0);
  assert.equal(room.free(2200, false).rows, 100, 'a node that is alone waits for nobody');
  assert.equal(room.free(2300, true).rows, 100, 'all have heard of it');
});

test('of a backlog that others could drive it takes 2,000 rows a second, and more only as fast as it drives them', () => {
  const room = new ActiveRoom(limits);
  const take = (atMs: number) => {
    for (let row = 0; row < 100; row += 1) room.add(1, true);
    room.paged(100, true, 0, atMs);
  };
  take(2000);
  assert.equal(room.free(2049, true).rows, 0);
  assert.equal(room.free(2049, false).rows, 100, 'a node that is alone waits for nobody');
  assert.equal(room.free(2050, true).rows, 100);
  take(2050);
  for (let row = 0; row < 149; row += 1) room.remove(1, true);
  assert.equal(room.free(2050, true).rows, 0);
  room.remove(1, true);
  assert.equal(room.free(2050, true).rows, 100, 'it has driven most of what it took');
});

test('a page that is not full is the end of a backlog', () => {
  const room = new ActiveRoom(limits);
  for (let page = 0; page < 20; page += 1) {
    room.paged(100, true, 0, 0);
    room.paged(99, false, 0, 0);
  }
  assert.equal(room.free(0, true).rows, 100);
});

test('a limit that is an odd number gives whole bytes: no database takes others', () => {
  assert.equal(new ActiveRoom({ ...limits, maxActiveBytes: 1001 }).free(0, false).bytes, 500);
});

test('claims take half of what may be active, in rows and in bytes', () => {
  const room = new ActiveRoom({ maxActive: 100, maxActiveBytes: 1000, claimRows: 40 });
  assert.deepEqual(room.free(0, false), { rows: 40, bytes: 500 });
  for (let row = 0; row < 30; row += 1) room.add(10, true);
  assert.deepEqual(room.free(0, false), { rows: 20, bytes: 200 });
  for (let row = 0; row < 60; row += 1) room.add(1, false);
  assert.deepEqual(room.free(0, false), { rows: 10, bytes: 200 });
  room.add(1, false);
  assert.deepEqual(room.free(0, false), { rows: 0, bytes: 0 }, 'rather nothing than a few');
  assert.equal(room.bytes, 361);
  room.remove(10, true);
  room.remove(1, false);
  assert.deepEqual(room.free(0, false), { rows: 11, bytes: 210 });
});
