import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import { systemRuntime } from '../runtime.ts';
import { ManualDevelopment } from './development.ts';

const isBusy = (error: unknown) => error instanceof HoldfastError && error.code === 'UNAVAILABLE';

test('requests at once are served one after the other; waiting for others is part of the time of a request', async () => {
  const development = new ManualDevelopment({ machine: systemRuntime, callWaitMs: 0, requestMs: 200 });
  const steered: string[] = [];
  development.steers({
    makeDue: async (gid) => {
      steered.push(gid);
    },
    query: async () => undefined,
    purge: async () => undefined,
  });
  // Something runs that does not end: the first request takes all of its time, and of those behind it.
  const ended = development.waits();
  const [first, ...others] = await Promise.allSettled([
    development.settle(),
    development.drive('second'),
    development.drive('third'),
  ]);
  assert.deepEqual(first?.status === 'fulfilled' && first.value, { driven: [], idle: false, inCall: [] });
  for (const other of others) assert.ok(other.status === 'rejected' && isBusy(other.reason));
  assert.deepEqual(steered, [], 'who is refused has changed nothing');
  ended();
  assert.deepEqual(await development.settle(), { driven: [], idle: true });
});
