/**
 * Messages of gRPC requests that are nearly right. What is taken means the same when it is sent again, and what protobufjs,
 * another parser, reads of it; all else is refused as bad input. Where messages begin and end is the same however they are cut.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import protobufjs from 'protobufjs';
import { MessageReader } from '../../packages/server/src/transport/grpc/messages.ts';
import {
  decode,
  encode,
  type Field,
  type Given,
  type Message,
} from '../../packages/server/src/transport/grpc/protobuf.ts';
import { branchRequest, dtmRequest, topicRequest } from '../../packages/server/src/transport/grpc/schema.ts';
import { Random } from '../lib/random.ts';
import { fuzz } from './slice.ts';

const protocol = protobufjs.loadSync(join(import.meta.dirname, '../../docs/dtm.proto'));
const messages: readonly Message[] = [dtmRequest, branchRequest, topicRequest];

/** Some fields of it, with values that are short. */
function chanceValues(message: Message, random: Random): Given<Message> {
  const chosen = Object.entries(message.fields).filter(() => random.chance(0.6));
  return Object.fromEntries(chosen.map(([name, field]) => [name, chanceValue(field, random)])) as Given<Message>;
}

function chanceValue(field: Field, random: Random): unknown {
  const text = () => ['', 'g', 'é€', '__proto__', 'x'.repeat(random.whole(0, 200))][random.whole(0, 4)] ?? '';
  const many = <Item>(item: () => Item) => Array.from({ length: random.whole(0, 3) }, item);
  switch (field.kind) {
    case 'string':
      return text();
    case 'bool':
      return random.chance(0.5);
    case 'int32':
    case 'enum':
      return random.whole(-3, 2 ** 31 - 1);
    case 'int64':
      return random.chance(0.5) ? random.whole(-3, 300) : random.whole(-(2 ** 52), 2 ** 52);
    case 'bytes':
      return Buffer.from(text());
    case 'bytesList':
      return many(() => Buffer.from(text()));
    case 'stringList':
      return many(text);
    case 'stringMap':
      return Object.fromEntries(many(() => [`k${random.whole(0, 9)}`, text()]));
    case 'message':
      return chanceValues(field.type, random);
    case 'messageList':
      return many(() => chanceValues(field.type, random));
    default:
      return field satisfies never;
  }
}

/** Changed, cut, spliced with itself, or as it was. */
function mutatedOf(bytes: Buffer, random: Random): Buffer {
  let changed = Buffer.from(bytes);
  for (let left = random.whole(0, 3); left > 0 && changed.length > 0; left -= 1) {
    const at = random.whole(0, changed.length - 1);
    const to = random.whole(at, Math.min(changed.length, at + 20));
    switch (random.whole(0, 4)) {
      case 0:
        changed[at] = random.whole(0, 255);
        break;
      case 1:
        changed[at] = (changed[at] ?? 0) ^ (1 << random.whole(0, 7));
        break;
      case 2:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(to)]);
        break;
      case 3:
        changed = Buffer.concat([changed.subarray(0, to), changed.subarray(at)]);
        break;
      default:
        changed = Buffer.concat([
          changed.subarray(0, at),
          Buffer.alloc(random.whole(1, 11), 0xff),
          changed.subarray(at),
        ]);
    }
  }
  return changed;
}

/** Undefined: refused, as bad input. */
function orRefused<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof HoldfastError && ['INVALID_INPUT', 'TOO_LARGE'].includes(error.code), String(error));
    return undefined;
  }
}

/** Without prototypes and kinds of byte arrays, without what has its zero value, and without digits that a number does not hold. */
function plain(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'too large to be exact';
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null)
    return value === 0 || value === false || value === '' ? undefined : value;
  const fields = Object.entries(value).map(([name, item]) => [name, plain(item)] as const);
  return fields.filter(([, item]) => item !== undefined).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** What protobufjs reads; undefined: it refuses the bytes, or is known to read them in another way than the standard says. */
function byAnother(message: Message, bytes: Buffer): unknown {
  const type = protocol.lookupType(message.name);
  try {
    if (!isCommon(message, protobufjs.Reader.create(bytes), bytes.length)) return undefined;
    return type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer, arrays: true, objects: true });
  } catch {
    return undefined;
  }
}

/**
 * Each known field has the kind that it should have, which protobufjs does not look at, no message comes twice, which it
 * would not merge, and what it reads as 32 bits is no longer than they are: it loses its place behind six to nine bytes.
 */
function isCommon({ fields }: Pick<Message, 'fields'>, reader: protobufjs.Reader, end: number): boolean {
  const seen = new Set<Field>();
  while (reader.pos < end) {
    if (!isShort(reader)) return false;
    const tag = reader.uint32();
    const field = Object.values(fields).find(({ id }) => id === tag >>> 3);
    const isNumber = ['bool', 'int32', 'int64', 'enum'].includes(field?.kind ?? '');
    if (field !== undefined && (tag & 7) !== (isNumber ? 0 : 2)) return false;
    if (field?.kind === 'message' && seen.has(field)) return false;
    if (((tag & 7) === 0 || (tag & 7) === 2) && field?.kind !== 'int64' && !isShort(reader)) return false;
    if (field !== undefined) seen.add(field);
    const within =
      field?.kind === 'stringMap' ? entry : field !== undefined && 'type' in field ? field.type : undefined;
    if (within === undefined || !('fields' in within)) reader.skipType(tag & 7);
    else if (!isCommon(within, reader, reader.uint32() + reader.pos)) return false;
  }
  return true;
}

/** The number that comes next takes no more bytes than one of 32 bits may need. */
function isShort({ buf, pos }: protobufjs.Reader): boolean {
  return buf.subarray(pos, pos + 5).some((byte) => byte < 0x80);
}

const entry: Pick<Message, 'fields'> = { fields: { key: { kind: 'string', id: 1 }, value: { kind: 'string', id: 2 } } };

test('messages mean what another parser reads in them, and the same when they are sent again', () =>
  fuzz('messages', (seed) => {
    const random = new Random(seed);
    const message: Message = messages[random.whole(0, messages.length - 1)] ?? dtmRequest;
    // Two of them, one behind the other, are one: the later fields win, and messages in it are merged.
    const parts = Array.from({ length: random.whole(1, 2) }, () => encode(message, chanceValues(message, random)));
    const bytes = mutatedOf(Buffer.concat(parts), random);
    const about = `${message.name} ${bytes.toString('hex')}`;
    const read = orRefused(() => decode(message, bytes));
    if (read !== undefined) {
      assert.deepEqual(plain(decode(message, encode(message, read as Given<Message>))), plain(read), about);
      const other = byAnother(message, bytes);
      if (other !== undefined) assert.deepEqual(plain(read), plain(other), about);
    }
    const stream = mutatedOf(Buffer.concat([prefixed(bytes), prefixed(Buffer.from('next'))]), random);
    const at = random.whole(0, stream.length);
    assert.deepEqual(within([stream.subarray(0, at), stream.subarray(at)]), within([stream]), stream.toString('hex'));
  }));

function prefixed(bytes: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** The messages in a request, and how it ends. */
function within(chunks: readonly Buffer[]): string[] {
  const reader = new MessageReader(10_000);
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (;;) {
      const next = orRefused(() => reader.next() ?? 'none');
      if (next === undefined) return [...found, 'refused'];
      if (next === 'none') break;
      found.push(`${next.isPacked} ${next.bytes.toString('hex')}`);
    }
  }
  return [...found, reader.isWithin ? 'within' : 'whole'];
}
