import type { Payload } from '@holdfast/core';
import type { BranchCall } from '../../engine/ports.ts';

/** A message on the wire: not compressed, its length, its bytes. */
const prefixBytes = 5;

/** The bytes that a call sends: its payload as it is, a workflow's input as WorkflowData. */
export function messageOf({ type, payload }: Pick<BranchCall, 'type' | 'payload'>): Buffer {
  const length = byteLengthOf(payload);
  const field = type === 'workflow' && length > 0 ? lengthDelimited(1, length) : none;
  const message = Buffer.allocUnsafe(prefixBytes + field.length + length);
  message[0] = 0;
  message.writeUInt32BE(field.length + length, 1);
  message.set(field, prefixBytes);
  const at = prefixBytes + field.length;
  if (typeof payload === 'string') message.write(payload, at, 'utf8');
  else message.set(payload, at);
  return message;
}

const none = new Uint8Array();

function byteLengthOf(payload: Payload): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
}

/** What stands before the bytes of a protobuf field: its number and kind, then the length as a varint. */
function lengthDelimited(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
