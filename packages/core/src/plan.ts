import { invalid } from './error.ts';
import { type Defaults, type Definition, hasSecondPhase, limits, type Plan } from './transaction.ts';

/**
 * What follows from a definition and the defaults alone: intervals, time-outs, and the order of the steps.
 * @param mostEdges what `orders` may list; what is stored already is followed, however long it is
 * @throws HoldfastError INVALID_INPUT naming `custom_data` or `orders` where they cannot be followed
 */
export function planOf(definition: Definition, defaults: Defaults, mostEdges: number = limits.orderEdges): Plan {
  const { options, type } = definition;
  const custom = hasSecondPhase(type) ? {} : readCustomData(definition.customData);
  const concurrent = type === 'msg' ? options.concurrent : isConcurrent(custom);
  const orders = type === 'saga' ? readOrders(custom['orders'], definition.steps.length, mostEdges) : [];
  const retryIntervalMs = baseInterval(definition, defaults);
  const preparedTimeoutMs = options.timeoutToFailMs || defaults.timeoutToFailMs;
  return {
    ...graphOf(definition.steps.length, concurrent, orders),
    requestTimeoutMs: options.requestTimeoutMs || (type === 'workflow' ? callbackTimeoutMs : defaults.requestTimeoutMs),
    retryIntervalMs,
    backoffCapMs: Math.max(defaults.backoffCapMs, retryIntervalMs),
    alertAfterErrors: defaults.alertAfterErrors,
    timeoutMs: type === 'saga' ? options.timeoutToFailMs : preparedTimeoutMs,
    preparedTimeoutMs,
    concurrent,
    delayMs: type === 'msg' ? delayOf(custom) : 0,
    ...(type === 'workflow' && { callback: callbackOf(custom) }),
  };
}

/** A callback runs the rest of a workflow before it answers. */
const callbackTimeoutMs = 60_000;

/** The workflow's name, and its input as base64 text. */
function callbackOf(custom: CustomData): NonNullable<Plan['callback']> {
  const name = custom['name'] ?? '';
  const data = custom['data'] ?? '';
  if (typeof name !== 'string') throw invalid('custom_data.name', 'must be a string');
  if (typeof data !== 'string' || !isBase64(data)) throw invalid('custom_data.data', 'must be base64 text');
  return { op: name, payload: bytesOf(atob(data)) };
}

/** One byte a character. Inputs are megabytes, and a plan is made for every request: no iterator. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** As encoders write it: padded, without white space. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** dtm's rule: retry_interval, else a shorter timeout_to_fail, else the default. */
function baseInterval({ options }: Definition, defaults: Defaults): number {
  if (options.retryIntervalMs > 0) return options.retryIntervalMs;
  if (options.timeoutToFailMs > 0 && options.timeoutToFailMs < defaults.retryIntervalMs) return options.timeoutToFailMs;
  return defaults.retryIntervalMs;
}

/** Far more than have a meaning. */
const customDataMembers = 1000;

type CustomData = Readonly<Record<string, unknown>>;

/** Keys match whatever their case, as on the wire; the last of several wins. */
function readCustomData(text: string): CustomData {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid('custom_data', 'must be JSON text of an object'), { cause });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('custom_data', 'must be JSON text of an object');
  if (Object.keys(value).length > customDataMembers) {
    throw invalid('custom_data', `must be an object of at most ${customDataMembers} members`);
  }
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) result[key.toLowerCase()] = item;
  return result;
}

function isConcurrent(custom: CustomData): boolean {
  const value = custom['concurrent'] ?? false;
  if (typeof value !== 'boolean') throw invalid('custom_data.concurrent', 'must be true or false');
  return value;
}

function delayOf(custom: CustomData): number {
  const seconds = custom['delay'] ?? 0;
  if (
    typeof seconds !== 'number' ||
    !Number.isSafeInteger(seconds) ||
    seconds < 0 ||
    seconds * 1000 > limits.optionMs
  ) {
    throw invalid('custom_data.delay', 'must be whole seconds from 0 to 10 years');
  }
  return seconds * 1000;
}

type Graph = Pick<Plan, 'before' | 'after' | 'topological'>;

/** Of few steps without orders, as nearly all are: made once. */
const usual: Record<'serial' | 'concurrent', (Graph | undefined)[]> = { serial: [], concurrent: [] };
const usualSteps = 32;

function graphOf(steps: number, concurrent: boolean, orders: readonly Order[]): Graph {
  if (orders.length > 0 || steps > usualSteps) return stepGraph(steps, concurrent, orders);
  const known = usual[concurrent ? 'concurrent' : 'serial'];
  const graph = known[steps] ?? stepGraph(steps, concurrent, []);
  known[steps] = graph;
  return graph;
}

type Order = readonly [step: number, earlier: readonly number[]];

/** Orders count also where the steps are serial; then the edge from each step to the next is added. */
function stepGraph(steps: number, concurrent: boolean, orders: readonly Order[]): Graph {
  const before: (readonly number[])[] = Array.from({ length: steps }, (_, step) =>
    concurrent || step === 0 ? [] : [step - 1],
  );
  for (const [step, earlier] of orders) {
    const [previous] = before[step] ?? [];
    before[step] = unique(previous === undefined ? earlier : [...earlier, previous]);
  }
  const after: number[][] = Array.from({ length: steps }, () => []);
  before.forEach((earlier, step) => {
    for (const index of earlier) after[index]?.push(step);
  });
  const topological = sortTopologically(before, after);
  if (topological.length < steps) throw invalid('custom_data.orders', 'must not contain a cycle');
  return { before, after, topological };
}

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
  const waitsFor = before.map((earlier) => earlier.length);
  const sorted: number[] = [];
  waitsFor.forEach((count, step) => {
    if (count === 0) sorted.push(step);
  });
  for (let next = 0; next < sorted.length; next += 1) {
    for (const step of after[sorted[next] ?? 0] ?? []) {
      const left = (waitsFor[step] ?? 0) - 1;
      waitsFor[step] = left;
      if (left === 0) sorted.push(step);
    }
  }
  return sorted;
}

function readOrders(orders: unknown, steps: number, mostEdges: number): readonly Order[] {
  if (orders === undefined || orders === null) return [];
  if (typeof orders !== 'object' || Array.isArray(orders)) {
    throw invalid('custom_data.orders', 'must be an object from step index to a list of step indexes');
  }
  const inRange = (index: unknown): index is number =>
    typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < steps;
  let edges = 0;
  return Object.entries(orders).map(([key, earlier]) => {
    const step = /^\d{1,6}$/.test(key) ? Number(key) : -1;
    const list: unknown[] = earlier === null ? [] : Array.isArray(earlier) ? earlier : [-1];
    if (!inRange(step) || !list.every(inRange)) {
      throw invalid('custom_data.orders', `keys and values must be step indexes below the number of steps (${steps})`);
    }
    edges += list.length;
    if (edges > mostEdges) {
      throw invalid('custom_data.orders', `must list at most ${mostEdges} steps to wait for, all lists together`);
    }
    return [step, list];
  });
}
