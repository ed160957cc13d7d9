import {
  type BranchOperation,
  type HoldfastError,
  invalid,
  isServiceUrl,
  payloadTrouble,
  type TransactionType,
  urlTrouble,
} from '@holdfast/core';
import type { AskedTransaction } from './coordinator.ts';
import type { NameBook } from './ports.ts';

/** Nothing is known beforehand: no name is refused. */
export const noNames: NameBook = { trouble: () => undefined };

/** The refusal of a new transaction that names a service which is not there. What is stored may do so. */
export function unknownName(asked: AskedTransaction, names: NameBook): HoldfastError | undefined {
  const refusal = (url: string, field: string) => {
    const trouble = isServiceUrl(url) ? names.trouble(url) : undefined;
    return trouble === undefined ? undefined : invalid(field, trouble);
  };
  for (const [index, { action, compensate }] of asked.steps.entries()) {
    const refused = refusal(action, `steps[${index}].action`) ?? refusal(compensate, `steps[${index}].compensate`);
    if (refused !== undefined) return refused;
  }
  return refusal(asked.queryPrepared, 'query_prepared');
}

/**
 * Whether it can be called whatever the protocol of its transaction: without a URL, or at an http URL with a payload that
 * JSON-RPC could take as well.
 */
export function isCalledAlike({ url, payload }: BranchOperation): boolean {
  if (url === '' || isServiceUrl(url) || urlTrouble(url, 'http') !== undefined) return url === '';
  return urlTrouble(url, 'json-rpc') === undefined && payloadTrouble(url, 'json-rpc', payload) === undefined;
}

/** @throws HoldfastError INVALID_INPUT where a transaction of this protocol cannot call what is registered */
export function checkTargets(
  protocol: string,
  type: TransactionType,
  branches: readonly BranchOperation[],
  names: NameBook,
): void {
  for (const { op, url, payload } of branches) {
    if (url === '') continue;
    const trouble = urlTrouble(url, protocol) ?? names.trouble(url);
    // By the names of the registration: the URL of an xa branch is one for both operations.
    if (trouble !== undefined) throw invalid(type === 'xa' ? 'url' : op, trouble);
    const ofPayload = payloadTrouble(url, protocol, payload);
    if (ofPayload !== undefined) throw invalid('data', ofPayload);
  }
}
