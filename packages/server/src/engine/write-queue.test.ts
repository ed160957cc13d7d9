import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type TakeLimits, WriteQueue } from './write-queue.ts';

interface Entry {
  readonly write: { readonly gid: string };
  readonly number: number;
  readonly bytes: number;
  behind: Entry | undefined;
}

const entry = (gid: string, number: number, bytes = 1): Entry => ({ write: { gid }, number, bytes, behind: undefined });
/** One batch at a time: it ends before the next one begins. */
function takeAlone(queue: WriteQueue<Entry>, limits: TakeLimits): Entry[] {
  const batch = queue.take(limits);
  for (const one of batch) queue.ended(one);
  return batch;
}

const many = { rows: 1000, bytes: 1000 };

test('a batch has one write of a gid, in their order, and the next batch the next', () => {
  const queue = new WriteQueue<Entry>();
  const gids = ['a', 'b', 'a', 'a', 'c'];
  for (const [index, gid] of gids.entries()) queue.add(entry(gid, index));
  const batches = [takeAlone(queue, many), takeAlone(queue, many), takeAlone(queue, many), takeAlone(queue, many)];
  assert.deepEqual(
    batches.map((batch) => batch.map(({ number }) => number)),
    [[0, 1, 4], [2], [3], []],
  );
  assert.ok(queue.ready === 0);
});

test('a batch is bounded in rows and bytes; a larger write goes alone', () => {
  const queue = new WriteQueue<Entry>();
  for (const [index, bytes] of [4, 4, 4, 99, 1].entries()) queue.add(entry(`g${index}`, index, bytes));
  const sizes = [
    takeAlone(queue, { rows: 2, bytes: 10 }),
    takeAlone(queue, { rows: 9, bytes: 10 }),
    takeAlone(queue, { rows: 9, bytes: 10 }),
  ];
  assert.deepEqual(
    sizes.map((batch) => batch.map(({ bytes }) => bytes)),
    [[4, 4], [4], [99]],
  );
  assert.deepEqual(
    takeAlone(queue, many).map(({ bytes }) => bytes),
    [1],
  );
});

test('what is kept stays in its order', () => {
  const queue = new WriteQueue<Entry>();
  for (const [index, gid] of ['a', 'a', 'b', 'a', 'b'].entries()) queue.add(entry(gid, index));
  const odd = queue.keep(({ number }) => number % 2 === 0);
  assert.deepEqual(odd.map(({ number }) => number).sort(), [1, 3]);
  assert.deepEqual(
    [takeAlone(queue, many), takeAlone(queue, many)].map((batch) => batch.map(({ number }) => number)),
    [[0, 2], [4]],
  );
});

/** A write of that gid, a batch of so many, the end of one of those under way, or what has an odd number is dropped. */
type Step = 'a' | 'b' | 'c' | 'd' | number | 'end' | 'keep';

/** However writes and batches come: nothing is lost or doubled, and of a gid one write is under way, in their order. */
test('every write is taken once, after those of its gid that came before have ended', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<Step>('a', 'b', 'c', 'd') },
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 3, arbitrary: fc.constantFrom<Step>('end') },
      { weight: 1, arbitrary: fc.constantFrom<Step>('keep') },
    ),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat()), (all, picks) => {
      const queue = new WriteQueue<Entry>();
      const taken: Entry[] = [];
      const underWay: Entry[][] = [];
      let added = 0;
      let dropped = 0;
      const take = (rows: number) => {
        const batch = queue.take({ rows, bytes: 5 });
        taken.push(...batch);
        if (batch.length > 0) underWay.push(batch);
        const gids = underWay.flat().map(({ write }) => write.gid);
        assert.equal(new Set(gids).size, gids.length, 'two writes of a gid are under way');
        return batch.length;
      };
      const end = () => {
        const [batch = []] = underWay.splice(picks.next().value % Math.max(1, underWay.length), 1);
        for (const one of batch) queue.ended(one);
      };
      for (const step of all) {
        if (typeof step === 'number') take(step);
        else if (step === 'end') end();
        else if (step === 'keep') dropped += queue.keep(({ number }) => number % 2 === 0).length;
        else queue.add(entry(step, added++, 1 + (added % 3)));
      }
      while (take(3) > 0 || underWay.length > 0) end();
      assert.equal(queue.ready, 0);
      assert.equal(taken.length + dropped, added);
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
  const queue = new WriteQueue<Entry>();
  const watched = (gid: string): Entry => ({
    ...entry(gid, 0),
    get bytes() {
      looks += 1;
      return 1;
    },
  });
  // Half of them of one gid, as registrations of one transaction are.
  for (let index = 0; index < 2000; index += 1) queue.add(watched(index % 2 === 0 ? 'one' : `g${index}`));
  const costs = [0, 1, 2, 3, 4].map(() => {
    looks = 0;
    assert.equal(takeAlone(queue, { rows: 10, bytes: 1000 }).length, 10);
    return looks;
  });
  assert.ok(Math.max(...costs) <= 30, `${costs} entries were looked at for batches of 10`);
});
