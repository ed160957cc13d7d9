import { membersOf, methodOf, type Payload } from '@holdfast/core';
import type { BranchCall } from '../../engine/ports.ts';

const ownNames: ReadonlySet<string> = new Set(['gid', 'trans_type', 'branch_id', 'op']);

/**
 * The request of a JSON-RPC call: the payload's object as params, with what names the branch put in as text. The payload
 * is never parsed and written again, so that its numbers arrive as they were sent.
 * @throws Error where the payload is no object
 */
export function jsonRpcBody(call: BranchCall, id: string): string {
  const { gid, type, branchId, op, url, payload } = call;
  const own = `"gid":${JSON.stringify(gid)},"trans_type":${JSON.stringify(type)},"branch_id":${JSON.stringify(branchId)},"op":${JSON.stringify(op)}`;
  const members = membersText(textOf(payload));
  const params = members === '' ? `{${own}}` : `{${members},${own}}`;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(methodOf(url))},"params":${params}}`;
}

/** What stands between the braces, without members that have the names of ours: those would be there twice. */
function membersText(payload: string): string {
  const text = payload.trim();
  if (text === '' || text === 'null') return '';
  if (!text.startsWith('{') || !text.endsWith('}')) throw new Error('the payload is no JSON object');
  if (!mayHaveOwnName(text)) return text.slice(1, -1).trim();
  const others: string[] = [];
  for (const [key, valueText] of membersOf(text)) {
    if (!ownNames.has(key)) others.push(`${JSON.stringify(key)}:${valueText}`);
  }
  return others.join(',');
}

/** A backslash may spell any of them. */
function mayHaveOwnName(text: string): boolean {
  return text.includes('\\') || Array.from(ownNames).some((name) => text.includes(`"${name}"`));
}

function textOf(payload: Payload): string {
  if (typeof payload === 'string') return payload;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}
