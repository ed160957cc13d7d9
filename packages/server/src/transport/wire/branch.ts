import { type BranchOperation, invalid, limits, membersOf, type Payload, type TransactionType } from '@holdfast/core';
import { keptText, stringMap } from './fields.ts';
import { checkedId, strippedGid, transactionType } from './identity.ts';
import { asObject, checkNames, isPlain, nameOf, type Parsed, parseJson } from './json.ts';
import { isOfStrings } from './object.ts';
import { type MayHaveUnknown, type Noted, UnknownNames, unknownIn } from './unknown.ts';
import { anyUrl } from './url.ts';

export interface AskedBranch extends Noted {
  readonly gid: string;
  readonly type: TransactionType;
  readonly branches: readonly BranchOperation[];
}

export const branchNames: ReadonlySet<string> = new Set([
  'gid',
  'trans_type',
  'branch_id',
  'data',
  'confirm',
  'cancel',
  'url',
  'op',
  'status',
]);

export type BranchMap = Readonly<Record<string, string>> & MayHaveUnknown;

/** The body of registerBranch over HTTP; see {@link branchMapOf}. */
export function readBranchMap(text: string): BranchMap {
  const map = branchMapOf({ value: parseJson(text, 'body'), text: () => text });
  const { gid = '' } = map;
  const stripped = strippedGid(gid);
  return stripped === gid ? map : Object.assign(Object.create(null), map, { gid: stripped });
}

/**
 * A map of strings by our names.
 * @throws HoldfastError INVALID_INPUT where it is no such map
 */
export function branchMapOf({ value, text }: Parsed, textName = 'body'): BranchMap {
  const object = asObject(value, textName);
  if (isPlain(object, branchNames) && isOfStrings(object)) return object;
  checkNames(object, textName);
  for (const key of Object.keys(object)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined && typeof (object[key] ?? '') !== 'string') throw invalid(name, 'must be a string');
  }
  const given = stringMap(object, textName);
  const unknown = new UnknownNames();
  unknown.addKeysOf(given, branchNames);
  return Object.assign(byName(given, text), { [unknownIn]: unknown });
}

function byName(given: Readonly<Record<string, string>>, text: () => string): BranchMap {
  const map: Record<string, string> = Object.create(null);
  for (const key of Object.keys(given)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined && name in map) return inTextOrder(text());
    if (name !== undefined) map[name] = given[key] ?? '';
  }
  return map;
}

/** One field under several spellings: the last in the text wins. */
function inTextOrder(text: string): BranchMap {
  const map: Record<string, string> = Object.create(null);
  for (const [key, valueText] of membersOf(text)) {
    const name = nameOf(key, branchNames);
    if (name !== undefined) map[name] = JSON.parse(valueText) ?? '';
  }
  return map;
}

/**
 * The operations that one registration stands for, in stored order. It does not say the protocol of its transaction:
 * whether that can call these URLs is for the engine to say.
 * @param bytes the payload, where it does not come as text in `data`
 */
export function decodeBranch(map: BranchMap, bytes?: Payload): AskedBranch {
  const asked = registered(map, bytes);
  const unknown = map[unknownIn];
  return unknown === undefined ? asked : { ...asked, ...unknown.found };
}

function registered(map: BranchMap, bytes?: Payload): AskedBranch {
  const gid = checkedId(keptText(map['gid'] ?? '', 'gid'), 'gid');
  const type = transactionType(map['trans_type'] ?? '');
  const branchId = checkedId(keptText(map['branch_id'] ?? '', 'branch_id'), 'branch_id', limits.branchIdCharacters);
  const payload = bytes ?? keptText(map['data'] ?? '', 'data');
  switch (type) {
    case 'tcc': {
      const cancel = anyUrl(map['cancel'] ?? '', 'cancel');
      const confirm = anyUrl(map['confirm'] ?? '', 'confirm');
      return {
        gid,
        type,
        branches: [
          { branchId, op: 'cancel', url: cancel, payload },
          { branchId, op: 'confirm', url: confirm, payload },
        ],
      };
    }
    case 'xa': {
      // Phase 2 is called without a body, so that whatever came as data is nothing to send.
      const url = anyUrl(map['url'] ?? '', 'url');
      return {
        gid,
        type,
        branches: [
          { branchId, op: 'rollback', url, payload: '' },
          { branchId, op: 'commit', url, payload: '' },
        ],
      };
    }
    case 'workflow': {
      const op = opOf(map['op'] ?? '');
      return { gid, type, branches: [{ branchId, op, url: '', payload, state: stateOf(map['status'] ?? '') }] };
    }
    case 'saga':
    case 'msg':
      throw invalid('trans_type', `must be tcc, xa or workflow: the branches of a ${type} are its steps`);
    default:
      return type satisfies never;
  }
}

/** Whatever the SDK calls the operation. */
function opOf(text: string): string {
  return checkedId(keptText(text, 'op'), 'op', limits.opCharacters);
}

function stateOf(status: string): 's' | 'f' {
  if (status === 'succeed') return 's';
  if (status === 'failed') return 'f';
  throw invalid('status', 'must be succeed or failed');
}
