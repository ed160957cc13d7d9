import { invalid } from './error.ts';
import { limits, type Plan } from './transaction.ts';

export type CustomData = Readonly<Record<string, unknown>>;

/** Far more than have a meaning. */
const mostMembers = 1000;

/**
 * The members of `custom_data`. Keys match whatever their case, as on the wire; the last of several wins.
 * @throws HoldfastError INVALID_INPUT where the text is not the JSON of an object
 */
export function readCustomData(text: string): CustomData {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(invalid('custom_data', 'must be JSON text of an object'), { cause });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('custom_data', 'must be JSON text of an object');
  if (Object.keys(value).length > mostMembers) {
    throw invalid('custom_data', `must be an object of at most ${mostMembers} members`);
  }
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) result[key.toLowerCase()] = item;
  return result;
}

/** Of a saga: whether its steps may run at the same time. */
export function isConcurrent(custom: CustomData): boolean {
  const value = custom['concurrent'] ?? false;
  if (typeof value !== 'boolean') throw invalid('custom_data.concurrent', 'must be true or false');
  return value;
}

/** Of a message: how long it waits after its submit. */
export function delayOf(custom: CustomData): number {
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

/** The workflow's name, and its input as base64 text. */
export function callbackOf(custom: CustomData): NonNullable<Plan['callback']> {
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
