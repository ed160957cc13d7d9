import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtMs } from './turns.ts';

const takers = ['c', 'a', 'b'];

test('of all nodes one looks for what is due when it is due, the others a little later', () => {
  for (let dueMs = 1_700_000_000_000; dueMs < 1_700_000_000_100; dueMs += 1) {
    const times = takers.map((own) => lookAtMs(dueMs, takers, own) - dueMs).sort((one, other) => one - other);
    assert.deepEqual(times, [0, 1200, 1200]);
  }
});

test('each has the same number of turns, and all agree whatever order they heard in', () => {
  const turns = new Map<string, number>();
  for (let dueMs = 0; dueMs < 300; dueMs += 1) {
    const first = takers.find((own) => lookAtMs(dueMs, takers, own) === dueMs) ?? '';
    turns.set(first, (turns.get(first) ?? 0) + 1);
    assert.equal(lookAtMs(dueMs, [...takers].reverse(), first), dueMs);
  }
  assert.deepEqual([...turns.values()], [100, 100, 100]);
});

test('a node that is alone never waits', () => {
  assert.equal(lookAtMs(17, ['a'], 'a'), 17);
  assert.equal(lookAtMs(17, [], 'a'), 17);
});
