import { HoldfastError, invalid, limits } from '@holdfast/core';
import { countField, keptText, stringField } from '../../wire/fields.ts';
import { checkedId } from '../../wire/identity.ts';
import { type Fields, parseObject, textOf } from '../../wire/json.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import type { Route } from './route.ts';

/** What came of a request: without rest, whose calls are still out. */
export type Progressed = { readonly idle: true } | { readonly idle: false; readonly inCall: readonly string[] };

/** `driven`: who was claimed, called or written since this was last told. */
export type Driven = { readonly driven: readonly string[] } & Progressed;

export type Stepped = { readonly nowMs: number } & Driven;

interface FaultOf<Kind extends string> {
  readonly kind: Kind;
  /** Of the branch, as the transaction names it. */
  readonly url: string;
  /** So many calls meet it. */
  readonly times: number;
  /** The answer comes so much later, on the manual clock. */
  readonly delayMs: number;
}

/**
 * What is done to a call. `drop-before`: it does not reach the service. `drop-after`: its answer does not come back.
 * `status`: it is answered so and does not reach the service.
 */
export type Fault =
  | FaultOf<'delay' | 'drop-before' | 'drop-after'>
  | (FaultOf<'status'> & { readonly status: number; readonly body: string });

/** A coordinator whose time is moved by hand. Each method takes at most 10 s of real time. */
export interface Development {
  readonly nowMs: number;
  advance(advanceMs: number): Promise<Stepped>;
  settle(): Promise<Driven>;
  /** @throws HoldfastError NOT_FOUND */
  drive(gid: string): Promise<{ readonly status: string } & Progressed>;
  readonly faults: {
    readonly all: readonly Fault[];
    add(fault: Fault): void;
    clear(url?: string): void;
  };
}

const faultFields = ['url', 'kind', 'times', 'delayMs', 'status', 'body'];
const day = 24 * 3600 * 1000;
const mostAdvanceMs = 100 * 366 * day;
/** RFC 3339 has four digits for the year. */
const lastMs = Date.UTC(9999, 0);
const mostTimes = 1_000_000;

/** Routes of development, below `/api/dev/`. */
export function devRoutes(development: Development): readonly Route[] {
  const { faults } = development;
  const answerFaults = async () => jsonAnswer({ faults: faults.all });
  return [
    { method: 'GET', name: 'clock', handle: async () => jsonAnswer({ nowMs: development.nowMs }) },
    { method: 'POST', name: 'clock', handle: async (body) => advance(development, fieldsOf(body, ['advanceMs'])) },
    { method: 'POST', name: 'settle', handle: async () => jsonAnswer(await development.settle()) },
    {
      method: 'POST',
      name: 'drive',
      handle: async (body) => {
        const gid = checkedId(stringField(fieldsOf(body, ['gid']), 'gid'), 'gid');
        return jsonAnswer(await development.drive(gid));
      },
    },
    { method: 'GET', name: 'faults', handle: answerFaults },
    {
      method: 'POST',
      name: 'faults',
      handle: async (body) => {
        faults.add(faultOf(fieldsOf(body, faultFields)));
        return answerFaults();
      },
    },
    {
      method: 'DELETE',
      name: 'faults',
      handle: async (_, parameters) => {
        faults.clear(parameters.get('url') ?? undefined);
        return answerFaults();
      },
    },
  ];
}

/** @throws HoldfastError INVALID_INPUT also for a name that there is not: it would be a typing error */
function fieldsOf(body: Buffer, known: readonly string[]): Fields {
  const fields = parseObject(textOf(body));
  if (Object.keys(fields).some((name) => !known.includes(name))) {
    throw invalid('body', `must have only the fields ${known.join(', ')}`);
  }
  return fields;
}

async function advance(development: Development, fields: Fields): Promise<Answer> {
  if (!('advanceMs' in fields)) throw invalid('advanceMs', 'must be given');
  const advanceMs = countField(fields, 'advanceMs', mostAdvanceMs);
  if (development.nowMs + advanceMs >= lastMs) {
    throw new HoldfastError('INVALID_INPUT', 'advanceMs: must not lead beyond the year 9998', { field: 'advanceMs' });
  }
  return jsonAnswer(await development.advance(advanceMs));
}

/** @throws HoldfastError INVALID_INPUT naming the field */
function faultOf(fields: Fields): Fault {
  const url = keptText(stringField(fields, 'url'), 'url');
  if (url === '' || url.length > limits.urlCharacters) throw invalid('url', 'must be the URL of a branch');
  const times = 'times' in fields ? countField(fields, 'times', mostTimes) : 1;
  if (times === 0) throw invalid('times', `must be a whole number from 1 to ${mostTimes}`);
  const delayMs = countField(fields, 'delayMs', limits.optionMs);
  const common = { url, times, delayMs };
  const kind = stringField(fields, 'kind');
  switch (kind) {
    case 'delay':
      if (delayMs === 0) throw invalid('delayMs', `must be a whole number from 1 to ${limits.optionMs}`);
      return { ...common, kind };
    case 'drop-before':
    case 'drop-after':
      return { ...common, kind };
    case 'status':
      return { ...common, kind, status: statusOf(fields), body: stringField(fields, 'body') };
    default:
      throw invalid('kind', 'must be one of delay, drop-before, drop-after, status');
  }
}

function statusOf(fields: Fields): number {
  const status = countField(fields, 'status', 599);
  if (status < 200) throw invalid('status', 'must be an HTTP status from 200 to 599');
  return status;
}
