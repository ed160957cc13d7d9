import {
  type BranchOperation,
  type Definition,
  type HoldfastError,
  invalid,
  isCalledByGrpc,
  isServiceUrl,
  metadataTrouble,
  payloadTrouble,
  registersBranches,
  type Transaction,
  type TransactionType,
  urlTrouble,
} from '@holdfast/core';
import type { AskedTransaction } from './coordinator.ts';
import type { NameBook } from './ports.ts';

/** Nothing is known beforehand: no name is refused. */
export const noNames: NameBook = { trouble: () => undefined, isGrpc: () => false };

/** The refusal of a new transaction that names a service which is not there. What is stored may do so. */
export function unknownName(asked: AskedTransaction, names: NameBook): HoldfastError | undefined {
  const refusal = (url: string, field: string) => {
    const trouble = isServiceUrl(url) ? names.trouble(url) : undefined;
    return trouble === undefined ? undefined : invalid(field, trouble);
  };
  for (const [index, { action, compensate }] of asked.steps.entries()) {
    if (!isServiceUrl(action) && !isServiceUrl(compensate)) continue;
    const refused = refusal(action, `steps[${index}].action`) ?? refusal(compensate, `steps[${index}].compensate`);
    if (refused !== undefined) return refused;
  }
  return refusal(asked.queryPrepared, 'query_prepared');
}

/**
 * The refusal of a new transaction that could never be called, since gRPC cannot carry its name. Of one that registers
 * branches over gRPC these are not known yet.
 */
export function uncallable({ definition, plan }: Transaction, names: NameBook): HoldfastError | undefined {
  const { gid, type, protocol, steps, queryPrepared } = definition;
  const isOfGrpc = (url: string) => isCalledByGrpc(url, protocol) || names.isGrpc(url);
  const isCalledBack = isOfGrpc(queryPrepared);
  const mayBeOfGrpc =
    isCalledBack ||
    (protocol === 'grpc' && registersBranches(type)) ||
    steps.some(({ action, compensate }) => isOfGrpc(action) || isOfGrpc(compensate));
  const trouble = mayBeOfGrpc ? metadataTrouble(gid) : undefined;
  if (trouble !== undefined) return invalid('gid', trouble);
  const ofName = isCalledBack && plan.callback !== undefined ? metadataTrouble(plan.callback.op) : undefined;
  return ofName === undefined ? undefined : invalid('custom_data.name', ofName);
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
  { gid, protocol }: Pick<Definition, 'gid' | 'protocol'>,
  type: TransactionType,
  branches: readonly BranchOperation[],
  names: NameBook,
): void {
  for (const { branchId, op, url, payload } of branches) {
    if (url === '') continue;
    const trouble = urlTrouble(url, protocol) ?? names.trouble(url);
    // By the names of the registration: the URL of an xa branch is one for both operations.
    if (trouble !== undefined) throw invalid(type === 'xa' ? 'url' : op, trouble);
    const ofPayload = payloadTrouble(url, protocol, payload);
    if (ofPayload !== undefined) throw invalid('data', ofPayload);
    if (!isCalledByGrpc(url, protocol) && !names.isGrpc(url)) continue;
    const ofGid = metadataTrouble(gid);
    if (ofGid !== undefined) throw invalid('gid', ofGid);
    const ofBranchId = metadataTrouble(branchId);
    if (ofBranchId !== undefined) throw invalid('branch_id', ofBranchId);
  }
}
