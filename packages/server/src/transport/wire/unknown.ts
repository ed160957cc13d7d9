import { nearestName } from '@holdfast/core';
import { isObject } from './object.ts';

/**
 * Fields of requests that mean nothing. dtm's clients rely on their being accepted, but one that is misspelt
 * (`compensation`) can leave a saga without compensation: so they are told of wherever somebody may look.
 */

/** So many names of one request are kept, each so long: they are input. */
const mostNames = 16;
const nameCharacters = 64;

/** What SDKs of dtm send though it means nothing, and what dtm itself shows of a transaction, in lower case. */
const idleNames: ReadonlySet<string> = new Set([
  'subtype',
  'passthrough_headers',
  'retry_count',
  'bin_payloads',
  'try',
  'branch_type',
  'id',
  'create_time',
  'update_time',
  'finish_time',
  'rollback_time',
  'status',
  'result',
  'options',
  'next_cron_interval',
  'next_cron_time',
  'owner',
  'ext_data',
]);

/** The key under which the collected names stand beside the known fields. */
export const unknownIn: unique symbol = Symbol('unknown names');

export interface MayHaveUnknown {
  readonly [unknownIn]?: UnknownNames;
}

/** What was asked, with the names in it that mean nothing. */
export interface Noted {
  readonly unknownFields?: readonly string[];
}

/** Collects the unknown names of one request, in their order. */
export class UnknownNames {
  #names: Set<string> | undefined;

  get isEmpty(): boolean {
    return this.#names === undefined;
  }

  /** @param prefix where in the request the object stands, such as `steps[].` */
  addKeysOf(object: unknown, known: ReadonlySet<string>, prefix = ''): void {
    if (!isObject(object)) return;
    for (const key of Object.keys(object)) {
      if (this.#names !== undefined && this.#names.size >= mostNames) return;
      const folded = key.toLowerCase();
      // Unset is nothing that anybody relies on.
      if (known.has(folded) || idleNames.has(folded) || (object[key] ?? null) === null) continue;
      this.#names ??= new Set();
      this.#names.add(prefix + forPeople(key));
    }
  }

  /** To be spread into what was asked: absent where all is known. */
  get found(): Noted {
    return this.#names === undefined ? {} : { unknownFields: [...this.#names] };
  }
}

/** Without what could command a terminal or look like an outcome to an SDK. */
function forPeople(key: string): string {
  const cut = key.length > nameCharacters ? `${key.slice(0, nameCharacters)}...` : key;
  return cut
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
    .replace(/FAILURE|ONGOING/g, '...');
}

const stepNames = ['action', 'compensate'];
/** What a request may say of a transaction, whichever request it is. */
export const transactionNames = [
  'gid',
  'trans_type',
  'steps',
  'payloads',
  'query_prepared',
  'protocol',
  'custom_data',
  'wait_result',
  'timeout_to_fail',
  'request_timeout',
  'retry_interval',
  'retry_limit',
  'branch_headers',
  'concurrent',
];
const requestNames = [...transactionNames, 'branch_id', 'confirm', 'cancel', 'data', 'url'];

/** What was most likely meant by an unknown name; undefined: it is like none. */
export function meantBy(name: string): string | undefined {
  const inStep = name.startsWith('steps[].');
  return nearestName(inStep ? name.slice('steps[].'.length) : name, inStep ? stepNames : requestNames);
}

/** `steps[].compensation (did you mean compensate?), note` */
export function unknownText(names: readonly string[]): string {
  return names
    .map((name) => {
      const near = meantBy(name);
      return near === undefined ? name : `${name} (did you mean ${near}?)`;
    })
    .join(', ');
}

/** The value of a `Warning` header, in ASCII. */
export function warningOf(names: readonly string[]): string {
  const text = `unknown fields: ${unknownText(names)}`.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  return `299 holdfast "${text}"`;
}
