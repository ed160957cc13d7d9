import { type BranchOperation, invalid, limits, type TransactionType } from '@holdfast/core';
import { keptText, stringMap } from './fields.ts';
import { checkedId, strippedGid, transactionType } from './identity.ts';
import { membersOf, nameOf, parseObject } from './json.ts';
import { branchUrl } from './url.ts';

export interface AskedBranch {
  readonly gid: string;
  readonly type: TransactionType;
  readonly branches: readonly BranchOperation[];
}

const branchNames: ReadonlySet<string> = new Set(['gid', 'trans_type', 'branch_id', 'data', 'confirm', 'cancel']);

/**
 * The body of registerBranch as a map of strings, by our names.
 * @throws HoldfastError INVALID_INPUT where it is no such map
 */
export function readBranchMap(text: string): Readonly<Record<string, string>> {
  const object = parseObject(text);
  for (const key of Object.keys(object)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined && typeof (object[key] ?? '') !== 'string') throw invalid(name, 'must be a string');
  }
  const given = stringMap(object, 'body');
  const map: Record<string, string> = Object.create(null);
  for (const key of Object.keys(given)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined && name in map) return inTextOrder(text);
    if (name !== undefined) map[name] = given[key] ?? '';
  }
  return map;
}

/** One field under several spellings: the last in the text wins. */
function inTextOrder(text: string): Readonly<Record<string, string>> {
  const map: Record<string, string> = Object.create(null);
  for (const [key, valueText] of membersOf(text)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined) map[name] = JSON.parse(valueText) ?? '';
  }
  return map;
}

/** A tcc branch is two operations, cancel first, with the same payload. */
export function decodeBranch(map: Readonly<Record<string, string>>): AskedBranch {
  const gid = checkedId(strippedGid(keptText(map['gid'] ?? '', 'gid')), 'gid');
  const type = transactionType(map['trans_type'] ?? '');
  if (type !== 'tcc') {
    throw invalid('trans_type', 'must be tcc: the branches of the other types that are served are their steps');
  }
  const branchId = checkedId(keptText(map['branch_id'] ?? '', 'branch_id'), 'branch_id', limits.branchIdCharacters);
  const payload = keptText(map['data'] ?? '', 'data');
  const cancel = branchUrl(map['cancel'] ?? '', 'cancel');
  const confirm = branchUrl(map['confirm'] ?? '', 'confirm');
  return {
    gid,
    type,
    branches: [
      { branchId, op: 'cancel', url: cancel, payload },
      { branchId, op: 'confirm', url: confirm, payload },
    ],
  };
}
