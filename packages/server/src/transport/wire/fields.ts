import { invalid, limits } from '@holdfast/core';
import { checkNames, type Fields } from './json.ts';
import { isObject } from './object.ts';

/**
 * Readers of single fields, by Go's rules: unset is the zero value, a value of another type is refused. Each names the
 * field in its refusal and never the value.
 */

export function stringField(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw invalid(name, 'must be a string');
  return keptText(value, name);
}

export function booleanField(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw invalid(name, 'must be true or false');
  return value;
}

/** Whole seconds on the wire, milliseconds here. */
export function secondsField(fields: Fields, name: string): number {
  return countField(fields, name, limits.optionMs / 1000, 'must be whole seconds from 0 to') * 1000;
}

export function countField(fields: Fields, name: string, most: number, allowed = 'must be a whole number from 0 to') {
  const value = fields[name] ?? 0;
  // Beyond 2^53 a number has lost its precision already; every limit is far below.
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most) {
    throw invalid(name, `${allowed} ${most}`);
  }
  return value === 0 ? 0 : value;
}

/** An array; its elements may be null, which stands for their zero value. */
export function arrayField(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value)) throw invalid(name, 'must be an array');
  return value;
}

/**
 * A map of strings with a null prototype, so that a key such as `__proto__` is a key like any other. A null value is an
 * empty string.
 */
export function stringMap(value: unknown, name: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw invalid(name, 'must be an object of strings');
  checkNames(value, name);
  const map: Record<string, string> = Object.create(null);
  for (const key of Object.keys(value)) {
    const item = value[key] ?? '';
    if (typeof item !== 'string') throw invalid(name, 'must be an object of strings');
    map[key] = item;
  }
  return map;
}

/** Text that survives being written as UTF-8: half of a surrogate pair would come back as something else. */
export function keptText(text: string, name: string): string {
  if (!text.isWellFormed()) throw invalid(name, 'must not contain half of a surrogate pair');
  return text;
}
