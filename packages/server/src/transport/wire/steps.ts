import {
  invalid,
  limits,
  type Payload,
  payloadTrouble,
  registersBranches,
  type Step,
  type TransactionType,
} from '@holdfast/core';
import { arrayField, keptText, stringMap } from './fields.ts';
import { type Fields, isPlain, nameOf } from './json.ts';
import { isObject, isOfStrings } from './object.ts';
import type { UnknownNames } from './unknown.ts';
import { branchUrl, messageUrl } from './url.ts';

const stepNames: ReadonlySet<string> = new Set(['action', 'compensate', 'data']);

/**
 * Steps of a saga or message with their payloads. The oldest clients send the payload as `data` of its step. More
 * payloads than steps are ignored, as dtm does.
 */
export function stepsOf(fields: Fields, { type, protocol, unknown }: StepsOf): readonly Step[] {
  const given = arrayField(fields, 'steps');
  const payloads = arrayField(fields, 'payloads').map(payloadOf);
  if (registersBranches(type)) {
    if (given.length > 0) throw invalid('steps', `must be empty: a ${type} names its branches by registerBranch`);
    return [];
  }
  if (given.length > limits.steps) throw invalid('steps', `must be at most ${limits.steps}`);
  return given.map((step, index) => stepOf(step, index, { type, protocol, unknown, payload: payloads[index] }));
}

/** Text, or over gRPC bytes. */
function payloadOf(value: unknown, index: number): Payload {
  if (value instanceof Uint8Array) return value;
  const text = value ?? '';
  if (typeof text !== 'string') throw invalid(`payloads[${index}]`, 'must be a string');
  return keptText(text, `payloads[${index}]`);
}

interface StepsOf {
  readonly type: TransactionType;
  readonly protocol: string;
  /** Told of the keys of steps that mean nothing. */
  readonly unknown: UnknownNames;
}

interface StepOf extends StepsOf {
  /** Undefined: there is none at this place of `payloads`. */
  readonly payload: Payload | undefined;
}

function stepOf(value: unknown, index: number, { type, protocol, unknown, payload: given }: StepOf): Step {
  const name = `steps[${index}]`;
  const step = readStep(value ?? {}, name, unknown);
  const payload = given ?? step['data'];
  if (payload === undefined) throw invalid('payloads', 'must be as many as there are steps');
  const urlOf = type === 'msg' ? messageUrl : branchUrl;
  const action = urlOf(step['action'] ?? '', `${name}.action`, protocol);
  const compensate = type === 'saga' ? branchUrl(step['compensate'] ?? '', `${name}.compensate`, protocol) : '';
  const payloadName = given === undefined ? `${name}.data` : `payloads[${index}]`;
  if (given === undefined && typeof payload === 'string') keptText(payload, payloadName);
  const trouble = payloadTrouble(action, protocol, payload) ?? payloadTrouble(compensate, protocol, payload);
  if (trouble !== undefined) throw invalid(payloadName, trouble);
  return { branchId: String(index + 1).padStart(2, '0'), action, compensate, payload };
}

/** Step keys match whatever their case; the exact spelling wins. */
function readStep(value: unknown, name: string, unknown: UnknownNames): Readonly<Record<string, string>> {
  if (isObject(value) && isPlain(value, stepNames) && isOfStrings(value)) return value;
  unknown.addKeysOf(value, stepNames, 'steps[].');
  const given = stringMap(value, name);
  const step: Record<string, string> = Object.create(null);
  for (const key of Object.keys(given)) {
    const name = nameOf(key, stepNames);
    if (name !== undefined && (name === key || !(name in given))) step[name] = given[key] ?? '';
  }
  return step;
}
