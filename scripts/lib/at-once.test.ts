import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBegin, workThrough } from './at-once.ts';

test('two run always, and more where cores have nothing to do', () => {
  const moment = { running: 2, idleCores: 1, sinceBegunMs: 2000 };
  assert.equal(mayBegin({ running: 0, idleCores: 0, sinceBegunMs: 0 }), true);
  assert.equal(mayBegin({ running: 1, idleCores: 0, sinceBegunMs: 0 }), true);
  assert.equal(mayBegin(moment), true);
  assert.equal(mayBegin({ ...moment, idleCores: 0.3 }), false, 'the cores are busy');
  assert.equal(mayBegin({ ...moment, sinceBegunMs: 1000 }), false, 'what was begun has not shown what it needs');
  assert.equal(mayBegin({ ...moment, running: 6 }), false, 'each may compute at the same moment');
});

test('all are worked through in their order, two at a time at least', async () => {
  const begun: number[] = [];
  let [running, mostRunning] = [0, 0];
  await workThrough([1, 2, 3, 4, 5], async (one) => {
    begun.push(one);
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  assert.deepEqual([begun, running], [[1, 2, 3, 4, 5], 0]);
  assert.ok(mostRunning >= 2);
});
