import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Purging } from './purging.ts';

const at = (createdMs: number) => ({ createdMs, gid: '' });

test('steps follow one another up to the limit, and the next purge goes on from there', async () => {
  const purging = new Purging();
  const asked: [number, number][] = [];
  const step = async (rows: number, { createdMs }: { createdMs: number }) => {
    asked.push([rows, createdMs]);
    return { changed: rows, next: at(asked.length) };
  };
  assert.equal(await purging.purge(1200, step), 1200);
  assert.equal(await purging.purge(100, step), 100);
  assert.deepEqual(asked, [
    [500, Number.MIN_SAFE_INTEGER],
    [500, 1],
    [200, 2],
    [100, 3],
  ]);
});

test('at the end it begins anew, once where nothing was found after the place', async () => {
  const purging = new Purging();
  await purging.purge(1, async () => ({ changed: 1, next: at(9) }));
  const places: number[] = [];
  const deleted = await purging.purge(10, async (_rows, { createdMs }) => {
    places.push(createdMs);
    return { changed: 0, next: undefined };
  });
  assert.equal(deleted, 0);
  assert.deepEqual(places, [9, Number.MIN_SAFE_INTEGER]);
});
