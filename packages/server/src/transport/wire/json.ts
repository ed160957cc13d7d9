import { isUtf8 } from 'node:buffer';
import { invalid, isDeeperThan, isWiderThan, type JsonSize, limits, membersOf } from '@holdfast/core';
import { likenessOfBytes, likenessOfText } from './likeness.ts';
import { isObject } from './object.ts';
import type { MayHaveUnknown, UnknownNames } from './unknown.ts';

/** How deep arrays and objects in a request may be nested. What we read goes three deep. */
const maxDepth = 100;
/** Five members for each step of the largest transaction, and its orders; little enough to be parsed within 50 ms. */
const maxSize: JsonSize = { members: 5 * limits.steps, values: 131_072 };
/** Of one object that is a request or a map: far more than have a meaning. */
export const maxNames = 1000;

/** The fields of an object that we know, by their wire name. What is null or unknown is not in it. */
export type Fields = Readonly<Record<string, unknown>> & MayHaveUnknown;

/**
 * The text of a request body, without the byte order mark that some programs put before it.
 * @throws HoldfastError INVALID_INPUT where it is not UTF-8: a payload in it could not be kept as it was sent
 */
export function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw invalid('body', `must be UTF-8${likenessOfBytes(body)}`);
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', hasMark ? 3 : 0);
}

/**
 * A JSON object as Go's decoder reads it into a struct: keys match whatever their case, unknown keys are ignored, null
 * leaves a field unset, the last of several wins.
 * @param unknown told of the keys that are not known
 * @throws HoldfastError INVALID_INPUT where the text is not the JSON of an object
 */
export function parseFields(text: string, known: ReadonlySet<string>, name = 'body', unknown?: UnknownNames): Fields {
  return fieldsOf({ value: parseJson(text, name), text: () => text }, known, name, unknown);
}

/** What a JSON text holds, with that text: so a text within another one is not parsed twice. */
export interface Parsed {
  readonly value: unknown;
  /** Asked for only where the value does not tell enough. */
  readonly text: () => string;
}

/** As `parseFields`, of what has been parsed. */
export function fieldsOf(
  { value, text }: Parsed,
  known: ReadonlySet<string>,
  name: string,
  unknown?: UnknownNames,
): Fields {
  const object = asObject(value, name);
  if (isPlain(object, known)) return object;
  checkNames(object, name);
  unknown?.addKeysOf(object, known);
  const fields: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(object)) {
    const name = nameOf(key, known);
    if (name === undefined) continue;
    if (name in fields) return inTextOrder(text(), known);
    if (object[key] !== null) fields[name] = object[key];
  }
  return fields;
}

/**
 * Whether all its keys are known, written so, and set, as in nearly every request: then it is read as it is. A copy without
 * prototype would cost more than the parsing.
 */
export function isPlain(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): boolean {
  return Object.keys(object).every((key) => known.has(key) && object[key] !== null);
}

/** @throws HoldfastError INVALID_INPUT where the text is not the JSON of an object */
export function parseObject(text: string, name = 'body'): Readonly<Record<string, unknown>> {
  return asObject(parseJson(text, name), name);
}

/** @throws HoldfastError INVALID_INPUT naming the field, where it is no object */
export function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw invalid(name, 'must be a JSON object');
  return value;
}

/** @throws HoldfastError INVALID_INPUT naming the field, where the text is no JSON */
export function parseJson(text: string, name: string): unknown {
  checkShape(text, name);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which must not be echoed.
    throw invalid(name, `must be JSON${name === 'body' ? likenessOfText(text) : ''}`);
  }
}

/** To be asked before a text is parsed, by whomever. */
export function checkShape(text: string, name: string, size = maxSize): void {
  if (isWiderThan(text, size)) {
    const { members, values } = size;
    throw invalid(name, `must have at most ${members} members of objects, and ${values} with the elements of arrays`);
  }
  if (isDeeperThan(text, maxDepth)) throw invalid(name, `must not be nested deeper than ${maxDepth}`);
}

/** To be asked before the names of an object are gone through. */
export function checkNames(object: object, name: string): void {
  if (Object.keys(object).length > maxNames) throw invalid(name, `must be an object of at most ${maxNames} members`);
}

/** The known name that a key stands for. */
export function nameOf(key: string, known: ReadonlySet<string>): string | undefined {
  if (known.has(key)) return key;
  const folded = key.toLowerCase();
  return known.has(folded) ? folded : undefined;
}

/**
 * One field under several spellings: which one is the last can only be seen in the text, since a parsed object keeps a
 * repeated key where it stood first.
 */
function inTextOrder(text: string, known: ReadonlySet<string>): Fields {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [key, valueText] of membersOf(text)) {
    const name = nameOf(key, known);
    if (name === undefined) continue;
    const value: unknown = JSON.parse(valueText);
    if (value !== null) fields[name] = value;
  }
  return fields;
}
