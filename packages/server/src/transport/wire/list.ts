import { invalid } from '@holdfast/core';
import { checkedId, statusNamed, transactionType } from './identity.ts';
import type { AskedList } from './stored.ts';

/** Query parameters are input like any other: what cannot be read is refused, naming the parameter. Empty is unset. */
export type Parameters = Pick<URLSearchParams, 'get'>;

const defaultListLimit = 100;
/** The latest time that a JavaScript date can hold. */
export const latestTimeMs = 8_640_000_000_000_000;

/** The filters of `all` but gid. More than `most` rows a page are cut to that: the next position goes on from there. */
export function decodeList(parameters: Parameters, most: number): AskedList {
  const status = parameters.get('status') ?? '';
  const type = parameters.get('transType') ?? '';
  const position = parameters.get('position') ?? '';
  // Whole seconds, both ends inclusive: a transaction of the last second asked for is shown.
  const from = wholeNumber(parameters, 'createTimeStart', 0, latestTimeMs);
  const to = wholeNumber(parameters, 'createTimeEnd', 0, latestTimeMs);
  return {
    limit: Math.min(most, wholeNumber(parameters, 'limit', 1, 1_000_000_000) ?? defaultListLimit),
    ...(status === '' ? {} : { status: statusNamed(status) }),
    ...(type === '' ? {} : { type: transactionType(type, 'transType') }),
    ...(position === '' ? {} : { position }),
    ...(from === undefined ? {} : { createdFromMs: from - (from % 1000) }),
    ...(to === undefined ? {} : { createdToMs: to - (to % 1000) + 999 }),
  };
}

/** @throws HoldfastError INVALID_INPUT where it is missing or longer than a gid can be */
export function gidParameter(parameters: Parameters): string {
  return checkedId(parameters.get('gid') ?? '', 'gid');
}

export function wholeNumber(parameters: Parameters, name: string, least: number, most: number): number | undefined {
  const value = parameters.get(name) ?? '';
  if (value === '') return undefined;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw invalid(name, `must be a whole number from ${least} to ${most}`);
  return number;
}
