import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

/** Lets whoever has something to do without waiting for anything do it. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

function world(atOnce: number, waiting: number) {
  const later: (() => void)[] = [];
  const gate = new Gate({ atOnce, waiting }, (action) => later.push(action));
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const read = (name: string) =>
    gate.pass(() => {
      begun.push(name);
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return end.promise;
    });
  const end = async (name: string) => {
    ends.get(name)?.resolve(name);
    await settle();
  };
  const goRound = async () => {
    for (const action of later.splice(0)) action();
    await settle();
  };
  return { begun, ends, read, end, goRound };
}

test('so many reads at once; the next begins in its turn, after the event loop has gone round', async () => {
  const { begun, read, end, goRound } = world(2, 10);
  const reads = ['a', 'b', 'c', 'd'].map(read);
  assert.deepEqual(begun, ['a', 'b']);
  await end('b');
  assert.deepEqual(begun, ['a', 'b']);
  await goRound();
  assert.deepEqual(begun, ['a', 'b', 'c']);
  for (const name of ['a', 'c']) await end(name);
  await goRound();
  await end('d');
  assert.deepEqual(await Promise.all(reads), ['a', 'b', 'c', 'd']);
});

test('B25: a read that fails gives its place back', async () => {
  const { begun, ends, read, end } = world(1, 1);
  const failed = assert.rejects(read('a'), /gone/u);
  ends.get('a')?.reject(new Error('gone'));
  await failed;
  const next = read('b');
  await end('b');
  assert.equal(await next, 'b');
  assert.deepEqual(begun, ['a', 'b']);
});

test('what comes beyond those that may wait is refused, and not read', async () => {
  const { begun, read, end, goRound } = world(1, 1);
  const reads = ['a', 'b'].map(read);
  await assert.rejects(read('c'), { code: 'UNAVAILABLE', retryAfterMs: 1000 });
  await end('a');
  await goRound();
  await end('b');
  assert.deepEqual(await Promise.all(reads), ['a', 'b']);
  assert.deepEqual(begun, ['a', 'b']);
});
