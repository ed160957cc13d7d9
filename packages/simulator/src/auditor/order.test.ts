import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noOptions } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import { stepsBefore } from './order.ts';

const asked = (type: 'saga' | 'msg', steps: number, customData = '', concurrent = false): AskedTransaction => ({
  gid: 'g',
  type,
  protocol: 'http',
  steps: Array.from({ length: steps }, (_, index) => ({
    branchId: `${index}`,
    action: '',
    compensate: '',
    payload: '',
  })),
  queryPrepared: '',
  options: { ...noOptions, concurrent },
  customData,
});

const sorted = (before: ReadonlySet<number>[]) => before.map((set) => [...set].sort());

test('serial: all that is earlier, also where orders say something else on top', () => {
  assert.deepEqual(sorted(stepsBefore(asked('saga', 3))), [[], [0], [0, 1]]);
  assert.deepEqual(sorted(stepsBefore(asked('saga', 3, '{"orders":{"2":[0]}}'))), [[], [0], [0, 1]]);
  assert.deepEqual(sorted(stepsBefore(asked('msg', 2))), [[], [0]]);
});

test('concurrent: what the orders say, directly or not', () => {
  const custom = '{"concurrent":true,"orders":{"1":[0],"3":[1,2]}}';
  assert.deepEqual(sorted(stepsBefore(asked('saga', 4, custom))), [[], [0], [], [0, 1, 2]]);
  assert.deepEqual(sorted(stepsBefore(asked('saga', 2, '{"concurrent":true}'))), [[], []]);
  assert.deepEqual(sorted(stepsBefore(asked('msg', 2, '', true))), [[], []]);
});
