import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { actorWorld } from './testing/actor-world.ts';
import { askedSaga } from './testing/asked.ts';

const success: Outcome = { kind: 'success' };

/** Its steps are all called at once, and answered when the test says so. */
const concurrentSaga = (steps: number) => actorWorld({ ...askedSaga('g', steps), customData: '{"concurrent":true}' });

test('successes are written together, a while after the first of them', async () => {
  const { answer, nextWrite, runtime, writes } = concurrentSaga(4);
  await runtime.advance(60);
  answer(success);
  await runtime.advance(60);
  answer(success);
  await runtime.advance(39);
  assert.equal(writes.length, 0, 'a while after the first, not after the start');
  await runtime.advance(1);
  const { write, done } = nextWrite();
  assert.equal(write.progress.operations, 'pspspppp');
  done('done');
  answer(success);
  await runtime.advance(99);
  assert.equal(writes.length, 0, 'the second has no write of its own');
  await runtime.advance(1);
  assert.equal(nextWrite().write.progress.operations, 'pspspspp');
});

test('what comes while a write is out waits for a while after it', async () => {
  const { answer, nextWrite, runtime, writes } = concurrentSaga(3);
  answer(success);
  await runtime.advance(100);
  const { done } = nextWrite();
  answer(success);
  await runtime.advance(50);
  done('done');
  await runtime.advance(99);
  assert.equal(writes.length, 0);
  await runtime.advance(1);
  assert.equal(nextWrite().write.progress.operations, 'pspspp');
});
