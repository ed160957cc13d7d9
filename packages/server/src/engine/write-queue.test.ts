import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WriteQueue } from './write-queue.ts';

const entry = (gid: string, number: number, bytes = 1) => ({ write: { gid }, number, bytes });
const many = { rows: 1000, bytes: 1000 };

test('a batch has one write of a gid, in their order, and the next batch the next', () => {
  const queue = new WriteQueue<ReturnType<typeof entry>>();
  const gids = ['a', 'b', 'a', 'a', 'c'];
  for (const [index, gid] of gids.entries()) queue.add(entry(gid, index));
  const batches = [queue.take(many), queue.take(many), queue.take(many), queue.take(many)];
  assert.deepEqual(
    batches.map((batch) => batch.map(({ number }) => number)),
    [[0, 1, 4], [2], [3], []],
  );
  assert.ok(queue.isEmpty);
});

test('a batch is bounded in rows and bytes; a larger write goes alone', () => {
  const queue = new WriteQueue<ReturnType<typeof entry>>();
  for (const [index, bytes] of [4, 4, 4, 99, 1].entries()) queue.add(entry(`g${index}`, index, bytes));
  const sizes = [
    queue.take({ rows: 2, bytes: 10 }),
    queue.take({ rows: 9, bytes: 10 }),
    queue.take({ rows: 9, bytes: 10 }),
  ];
  assert.deepEqual(
    sizes.map((batch) => batch.map(({ bytes }) => bytes)),
    [[4, 4], [4], [99]],
  );
  assert.deepEqual(
    queue.take(many).map(({ bytes }) => bytes),
    [1],
  );
});

test('what is kept stays in its order', () => {
  const queue = new WriteQueue<ReturnType<typeof entry>>();
  for (const [index, gid] of ['a', 'a', 'b', 'a', 'b'].entries()) queue.add(entry(gid, index));
  const odd = queue.keep(({ number }) => number % 2 === 0);
  assert.deepEqual(odd.map(({ number }) => number).sort(), [1, 3]);
  assert.deepEqual(
    [queue.take(many), queue.take(many)].map((batch) => batch.map(({ number }) => number)),
    [[0, 2], [4]],
  );
});

/** However writes and batches come: nothing is lost or doubled, and writes of one gid keep their order. */
test('every write is taken once, after those of its gid that came before', () => {
  const steps = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 4 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new WriteQueue<ReturnType<typeof entry>>();
      const taken: ReturnType<typeof entry>[] = [];
      const take = (rows: number) => {
        const batch = queue.take({ rows, bytes: 5 });
        assert.equal(new Set(batch.map(({ write }) => write.gid)).size, batch.length);
        taken.push(...batch);
        return batch.length;
      };
      let added = 0;
      for (const step of all) {
        if (typeof step === 'number') take(step);
        else queue.add(entry(step, added++, 1 + (added % 3)));
      }
      while (take(3) > 0);
      assert.ok(queue.isEmpty);
      assert.equal(taken.length, added);
      for (const gid of ['a', 'b', 'c', 'd']) {
        const numbers = taken.filter(({ write }) => write.gid === gid).map(({ number }) => number);
        assert.deepEqual(
          numbers,
          numbers.toSorted((one, other) => one - other),
        );
      }
    }),
  );
});

test('a batch costs what is in it, not what waits', () => {
  let looks = 0;
  const queue = new WriteQueue<{ write: { gid: string }; bytes: number }>();
  const watched = (gid: string) => ({
    write: { gid },
    get bytes() {
      looks += 1;
      return 1;
    },
  });
  // Half of them of one gid, as registrations of one transaction are.
  for (let index = 0; index < 2000; index += 1) queue.add(watched(index % 2 === 0 ? 'one' : `g${index}`));
  const costs = [0, 1, 2, 3, 4].map(() => {
    looks = 0;
    assert.equal(queue.take({ rows: 10, bytes: 1000 }).length, 10);
    return looks;
  });
  assert.ok(Math.max(...costs) <= 30, `${costs} entries were looked at for batches of 10`);
});
