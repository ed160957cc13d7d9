import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  emptyTable,
  entriesOf,
  lookUp,
  type Table,
  tableOf,
  valuesOf,
  withEntries,
  withEntry,
  withoutEntry,
} from './table.ts';

test('it holds what a Map holds, and earlier tables stay as they were', () => {
  const changes = fc.array(fc.tuple(fc.nat(300), fc.nat(9), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(changes, (all) => {
      const map = new Map<number, number>();
      let table: Table<number> = emptyTable;
      for (const [index, value, isTaken] of all) {
        const before = lookUp(table, index);
        const next = isTaken ? withoutEntry(table, index) : withEntry(table, index, value);
        assert.equal(lookUp(table, index), before);
        if (isTaken) map.delete(index);
        else map.set(index, value);
        table = next;
      }
      assert.equal(table.size, map.size);
      for (let index = 0; index <= 300; index += 1) assert.equal(lookUp(table, index), map.get(index));
      const sorted = [...map].sort(([one], [other]) => one - other);
      assert.deepEqual([...entriesOf(table)], sorted);
      assert.deepEqual(
        valuesOf(table),
        sorted.map(([, value]) => value),
      );
    }),
  );
});

test('several entries set at once are as if they were set one after the other', () => {
  const indexes = fc.uniqueArray(fc.nat(300), { maxLength: 60 });
  fc.assert(
    fc.property(indexes, indexes, (known, changed) => {
      const table = known.reduce((all: Table<number>, index) => withEntry(all, index, index), emptyTable);
      const before = structuredClone(table);
      const oneByOne = changed.reduce((all, index) => withEntry(all, index, (lookUp(all, index) ?? 1000) + 1), table);
      const atOnce = withEntries(table, changed, (_, former = 1000) => former + 1);
      assert.deepEqual(table, before);
      assert.equal(atOnce.size, oneByOne.size);
      for (let index = 0; index <= 300; index += 1) assert.equal(lookUp(atOnce, index), lookUp(oneByOne, index));
    }),
  );
});

test('made of a list it holds the list', () => {
  const values = Array.from({ length: 200 }, (_, index) => index * 3);
  const table = tableOf(values);
  assert.equal(table.size, 200);
  assert.deepEqual(
    values.map((_, index) => lookUp(table, index)),
    values,
  );
  assert.equal(lookUp(table, 200), undefined);
});

test('made of a list with gaps it has nothing where a gap is as long as a chunk', () => {
  const table = tableOf([...Array.from({ length: 64 }, () => undefined), 'a', undefined, 'b']);
  assert.deepEqual(
    [...entriesOf(table)],
    [
      [64, 'a'],
      [66, 'b'],
    ],
  );
  assert.deepEqual([table.size, table.chunks[0]], [2, undefined]);
});
