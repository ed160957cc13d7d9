import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { Turns } from './turns.ts';

test('so many begin in each round of the event loop, in their order', async () => {
  const turns = new Turns(3);
  const begun: number[] = [];
  for (let index = 0; index < 8; index += 1) turns.take(() => begun.push(index));
  const counts = [begun.length];
  for (let round = 0; round < 3; round += 1) {
    await nextRound();
    counts.push(begun.length);
  }
  assert.deepEqual(counts, [3, 6, 8, 8]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('one that comes while others wait waits behind them; after a pause there is room again', async () => {
  const turns = new Turns(1);
  const begun: string[] = [];
  turns.take(() => {
    begun.push('a');
    turns.take(() => begun.push('c'));
  });
  turns.take(() => begun.push('b'));
  await nextRound();
  await nextRound();
  await nextRound();
  turns.take(() => begun.push('d'));
  assert.deepEqual(begun, ['a', 'c', 'b', 'd']);
});

test('it tells how long the next one has waited', async () => {
  const turns = new Turns(1);
  turns.take(() => undefined);
  assert.equal(turns.waitedMs, 0);
  turns.take(() => undefined);
  turns.take(() => undefined);
  const busyUntilMs = performance.now() + 20;
  while (performance.now() < busyUntilMs);
  assert.ok(turns.waitedMs >= 20);
  await nextRound();
  await nextRound();
  await nextRound();
  assert.equal(turns.waitedMs, 0);
});
