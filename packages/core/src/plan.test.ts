import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransaction, restoreTransaction } from './create.ts';
import { HoldfastError } from './error.ts';
import { planOf } from './plan.ts';
import { defaults, message, saga, tcc, workflow } from './testing/definitions.ts';
import type { Definition, Options } from './transaction.ts';
import { limits, noOptions } from './transaction.ts';

const planFor = (steps: number, customData?: unknown) => planOf(saga(steps, { customData }), defaults);

function refusal(definition: Definition): string {
  try {
    planOf(definition, defaults);
  } catch (error) {
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.code, 'INVALID_INPUT');
    return error.field;
  }
  return 'accepted';
}

test('serial: every step waits for the one before it', () => {
  const { before, after, topological } = planFor(3);
  assert.deepEqual(before, [[], [0], [1]]);
  assert.deepEqual(after, [[1], [2], []]);
  assert.deepEqual(topological, [0, 1, 2]);
});

test('concurrent: nothing waits but for orders', () => {
  assert.deepEqual(planFor(3, { concurrent: true }).before, [[], [], []]);
  assert.deepEqual(planFor(3, { concurrent: true, orders: { 0: [2, 1, 2] } }).before, [[1, 2], [], []]);
  assert.deepEqual(planFor(3, { concurrent: true, orders: { 0: [2], 2: [1] } }).topological, [1, 2, 0]);
});

test('orders count also where the saga is serial', () => {
  assert.deepEqual(planFor(3, { orders: { 2: [0] } }).before, [[], [0], [0, 1]]);
  assert.equal(refusal(saga(3, { customData: { orders: { 0: [2] } } })), 'custom_data.orders');
});

test('keys match whatever their case; null and absent are alike', () => {
  assert.deepEqual(planFor(2, { CONCURRENT: true, Orders: { '1': [0] } }).before, [[], [0]]);
  assert.deepEqual(planFor(2, { concurrent: null, orders: null }).before, [[], [0]]);
  assert.deepEqual(planFor(2, { concurrent: true, orders: { 1: null } }).before, [[], []]);
  assert.deepEqual(planOf({ ...saga(2), customData: 'null' }, defaults).before, [[], [0]]);
});

test('the order of the steps is made once for the same custom_data, whatever its length, but not for other steps', () => {
  const short = { concurrent: true, orders: { 2: [0] } };
  const long = { ...short, note: 'n'.repeat(5000) };
  for (const customData of [short, long]) {
    assert.equal(planFor(3, customData).topological, planFor(3, customData).topological);
    assert.deepEqual(planFor(4, customData).before, [[], [], [0], []]);
    assert.deepEqual(planFor(3, { ...customData, concurrent: false }).before, [[], [0], [0, 1]]);
    assert.equal(refusal(saga(2, { customData })), 'custom_data.orders');
    assert.equal(refusal(saga(2, { customData })), 'custom_data.orders');
  }
});

test('more is listed than may be: refused, but followed where it is stored', () => {
  const stored = saga(3, { customData: { orders: { 2: [0, 1] } } });
  assert.throws(() => planOf(stored, defaults, 1), /custom_data.orders: must list at most 1 steps/);
  assert.deepEqual(planOf(stored, defaults, 2).before, [[], [0], [0, 1]]);
});

for (const orders of [{ 0: [1], 1: [0] }, { 1: [1] }, { 0: [2], 1: [0], 2: [1] }]) {
  test(`a cycle is refused: ${JSON.stringify(orders)}`, () => {
    assert.equal(refusal(saga(3, { customData: { concurrent: true, orders } })), 'custom_data.orders');
  });
}

for (const orders of [
  { 3: [0] },
  { 100000000: [0] },
  { 1: [3] },
  { 1: [-1] },
  { '-1': [0] },
  { 1: [0.5] },
  { 1: ['0'] },
  { x: [0] },
]) {
  test(`B11: out of range is refused: ${JSON.stringify(orders)}`, () => {
    assert.equal(refusal(saga(3, { customData: { concurrent: true, orders } })), 'custom_data.orders');
  });
}

for (const orders of [[[0]], 'FAILURE', 7, { 1: 0 }, { 1: { 0: 0 } }, { 1: 'FAILURE' }]) {
  test(`a wrong shape is refused: ${JSON.stringify(orders)}`, () => {
    assert.equal(refusal(saga(3, { customData: { concurrent: true, orders } })), 'custom_data.orders');
  });
}

for (const customData of ['{', '[]', '1', '"FAILURE"', 'FAILURE']) {
  test(`custom_data that is no object is refused: ${customData}`, () => {
    for (const definition of [saga(1), message(1)]) assert.equal(refusal({ ...definition, customData }), 'custom_data');
  });
}

test('what is refused is not echoed', () => {
  for (const customData of ['FAILURE', '{"concurrent":"FAILURE"}', '{"orders":{"FAILURE":["ONGOING"]}}']) {
    assert.throws(
      () => planOf({ ...saga(2), customData }, defaults),
      (error: Error) => !/FAILURE|ONGOING/.test(error.message),
    );
  }
});

test('a tcc may carry any custom data', () => {
  assert.equal(refusal({ ...tcc(), customData: 'anything' }), 'accepted');
});

test('delay: whole seconds, up to ten years', () => {
  const delayOf = (delay: unknown) => planOf(message(1, { customData: { delay } }), defaults).delayMs;
  assert.deepEqual([delayOf(10), delayOf(0), delayOf(null)], [10_000, 0, 0]);
  for (const delay of [-1, 1.5, '10', 1e300, 11 * 365 * 86_400]) {
    assert.equal(refusal(message(1, { customData: { delay } })), 'custom_data.delay');
  }
});

test('the interval: retry_interval, else a shorter timeout_to_fail, else the default', () => {
  const intervalOf = (options: Partial<Options>) => planOf(saga(1, { options }), defaults).retryIntervalMs;
  assert.equal(intervalOf({}), 10_000);
  assert.equal(intervalOf({ retryIntervalMs: 150_000, timeoutToFailMs: 5000 }), 150_000);
  assert.equal(intervalOf({ timeoutToFailMs: 5000 }), 5000);
  assert.equal(intervalOf({ timeoutToFailMs: 50_000 }), 10_000);
});

test('time-outs: a saga has none of its own, and while prepared that of the others', () => {
  const timesOf = (definition: Definition) => {
    const { timeoutMs, preparedTimeoutMs } = planOf(definition, defaults);
    return [timeoutMs, preparedTimeoutMs];
  };
  const options = { ...noOptions, timeoutToFailMs: 7000 };
  assert.deepEqual(timesOf(saga(1)), [0, 35_000]);
  assert.deepEqual(timesOf(saga(1, { options })), [7000, 7000]);
  assert.deepEqual(timesOf(message(1)), [35_000, 35_000]);
  assert.deepEqual(timesOf(tcc({ options })), [7000, 7000]);
});

test('orders list at most 100,000 steps in all; what is stored already is followed', () => {
  const steps = 2000;
  const orders = (edges: number) => {
    const lists: Record<number, number[]> = {};
    for (let step = 101, left = edges; left > 0; step += 1, left -= 100) {
      lists[step] = Array.from({ length: Math.min(100, left) }, (_, index) => index);
    }
    return saga(steps, { customData: { concurrent: true, orders: lists } });
  };
  assert.equal(planOf(orders(100_000), defaults).before[1100]?.length, 100);
  assert.equal(refusal(orders(100_001)), 'custom_data.orders');
  const { plan } = restoreTransaction(
    orders(100_001),
    [],
    createTransaction(saga(1), 'prepared', defaults).progress,
    defaults,
  );
  assert.deepEqual(plan.before[1101], [0]);
});

test('only a saga and a message have steps that may run at the same time, and only a message waits before its first', () => {
  const options = { ...noOptions, concurrent: true };
  assert.equal(planOf({ ...message(2), options }, defaults).concurrent, true);
  assert.equal(planOf({ ...tcc(), options }, defaults).concurrent, false);
  const customData = JSON.stringify({ name: 'wf', data: '', delay: 5 });
  assert.equal(planOf({ ...message(1), customData }, defaults).delayMs, 5000);
  assert.equal(planOf({ ...workflow(), customData }, defaults).delayMs, 0);
});

test('custom_data has a limit of members, and a delay one of years', () => {
  const wide = (members: number) => Object.fromEntries(Array.from({ length: members }, (_, at) => [`k${at}`, at]));
  assert.equal(refusal(message(1, { customData: wide(1000) })), 'accepted');
  assert.equal(refusal(message(1, { customData: wide(1001) })), 'custom_data');
  const longest = limits.optionMs / 1000;
  assert.equal(refusal(message(1, { customData: { delay: longest } })), 'accepted');
  assert.equal(refusal(message(1, { customData: { delay: longest + 1 } })), 'custom_data.delay');
});

test('the input of a workflow is a text: a list that looks like one is refused', () => {
  for (const data of [[], 7, {}]) {
    assert.equal(refusal({ ...workflow(), customData: JSON.stringify({ name: 'wf', data }) }), 'custom_data.data');
  }
});
