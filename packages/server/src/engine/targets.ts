import { type BranchOperation, invalid, payloadTrouble, type TransactionType, urlTrouble } from '@holdfast/core';

/**
 * Whether it can be called whatever the protocol of its transaction: without a URL, or at an http URL with a payload that
 * JSON-RPC could take as well.
 */
export function isCalledAlike({ url, payload }: BranchOperation): boolean {
  if (url === '' || urlTrouble(url, 'http') !== undefined) return url === '';
  return urlTrouble(url, 'json-rpc') === undefined && payloadTrouble(url, 'json-rpc', payload) === undefined;
}

/** @throws HoldfastError INVALID_INPUT where a transaction of this protocol cannot call what is registered */
export function checkTargets(protocol: string, type: TransactionType, branches: readonly BranchOperation[]): void {
  for (const { op, url, payload } of branches) {
    if (url === '') continue;
    const trouble = urlTrouble(url, protocol);
    // By the names of the registration: the URL of an xa branch is one for both operations.
    if (trouble !== undefined) throw invalid(type === 'xa' ? 'url' : op, trouble);
    const ofPayload = payloadTrouble(url, protocol, payload);
    if (ofPayload !== undefined) throw invalid('data', ofPayload);
  }
}
