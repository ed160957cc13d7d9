import { type CustomData, isConcurrent, readCustomData } from './custom-data.ts';
import { invalid } from './error.ts';
import { Recent } from './recent.ts';
import type { Plan } from './transaction.ts';

/** Which steps wait for which. */
export interface StepOrder extends Pick<Plan, 'concurrent' | 'before' | 'after' | 'topological'> {
  /** How many steps to wait for `orders` lists, all together. */
  readonly listed: number;
}

/**
 * The order of the steps of a saga, as its `custom_data` says. Remembered with a bound: one request asks for it several
 * times, and so does each reading of its row; sagas of one kind often have the same one.
 * @throws HoldfastError INVALID_INPUT naming `custom_data` or what in it cannot be followed
 */
export function orderOfSaga(steps: number, customData: string): StepOrder {
  if (customData === '') return orderOf(steps, false);
  if (customData.length > longCharacters) return readOrder(steps, customData);
  return (customData.length > usualCharacters ? longSagas : usualSagas).of(`${steps}:${customData}`);
}

const usualCharacters = 2048;
const usualSagas = new Recent(readKey, { count: 256, characters: usualCharacters + 8 });
/** As many as `orders` may need. What is made of them takes some megabytes. */
const longCharacters = 2 ** 20;
const longSagas = new Recent(readKey, { count: 4, characters: longCharacters + 8 });

function readKey(key: string): StepOrder {
  const colon = key.indexOf(':');
  return readOrder(Number(key.slice(0, colon)), key.slice(colon + 1));
}

function readOrder(steps: number, customData: string): StepOrder {
  const custom = readCustomData(customData);
  const concurrent = isConcurrent(custom);
  const orders = readOrders(custom, steps);
  return orders.length === 0 ? orderOf(steps, concurrent) : stepOrder(steps, concurrent, orders);
}

/** Of few steps without orders, as nearly all are: made once. */
const usual: Record<'serial' | 'concurrent', (StepOrder | undefined)[]> = { serial: [], concurrent: [] };
const usualSteps = 32;

/** The order of steps that run one after the other, or all at once. */
export function orderOf(steps: number, concurrent: boolean): StepOrder {
  if (steps > usualSteps) return stepOrder(steps, concurrent, []);
  const known = usual[concurrent ? 'concurrent' : 'serial'];
  const order = known[steps] ?? stepOrder(steps, concurrent, []);
  known[steps] = order;
  return order;
}

type Order = readonly [step: number, earlier: readonly number[]];

/** Orders count also where the steps are serial; then the edge from each step to the next is added. */
function stepOrder(steps: number, concurrent: boolean, orders: readonly Order[]): StepOrder {
  const before: (readonly number[])[] = [];
  const after: number[][] = [];
  for (let step = 0; step < steps; step += 1) {
    before.push(concurrent || step === 0 ? none : [step - 1]);
    after.push([]);
  }
  let listed = 0;
  for (const [step, earlier] of orders) {
    const [previous] = before[step] ?? none;
    before[step] = unique(previous === undefined ? earlier : [...earlier, previous]);
    listed += earlier.length;
  }
  for (let step = 0; step < steps; step += 1) {
    for (const earlier of before[step] ?? none) after[earlier]?.push(step);
  }
  const topological = sortTopologically(before, after);
  if (topological.length < steps) throw invalid('custom_data.orders', 'must not contain a cycle');
  return { concurrent, before, after, topological, listed };
}

const none: readonly number[] = [];

/** Ascending, each once. Most lists are so already. */
function unique(indexes: readonly number[]): readonly number[] {
  if (indexes.every((index, place) => place === 0 || (indexes[place - 1] ?? 0) < index)) return indexes;
  return indexes.toSorted((a, b) => a - b).filter((index, place, sorted) => index !== sorted[place - 1]);
}

/** Steps on a cycle, and those behind one, are left out. */
function sortTopologically(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
): readonly number[] {
  const waitsFor = new Uint32Array(before.length);
  const sorted: number[] = [];
  for (let step = 0; step < before.length; step += 1) {
    const count = before[step]?.length ?? 0;
    waitsFor[step] = count;
    if (count === 0) sorted.push(step);
  }
  for (let next = 0; next < sorted.length; next += 1) {
    for (const step of after[sorted[next] ?? 0] ?? none) {
      const left = (waitsFor[step] ?? 0) - 1;
      waitsFor[step] = left;
      if (left === 0) sorted.push(step);
    }
  }
  return sorted;
}

function readOrders(custom: CustomData, steps: number): readonly Order[] {
  const orders = custom['orders'] ?? {};
  if (typeof orders !== 'object' || Array.isArray(orders)) {
    throw invalid('custom_data.orders', 'must be an object from step index to a list of step indexes');
  }
  const inRange = (index: unknown): index is number =>
    typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < steps;
  return Object.entries(orders).map(([key, earlier]) => {
    const step = /^\d{1,6}$/.test(key) ? Number(key) : -1;
    const list: unknown[] = earlier === null ? [] : Array.isArray(earlier) ? earlier : [-1];
    if (!inRange(step) || !list.every(inRange)) {
      throw invalid('custom_data.orders', `keys and values must be step indexes below the number of steps (${steps})`);
    }
    return [step, list];
  });
}
