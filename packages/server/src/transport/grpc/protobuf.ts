import { isUtf8 } from 'node:buffer';
import { HoldfastError, invalid, limits } from '@holdfast/core';

/**
 * A proto3 codec that is driven by tables ({@link Message}): strict where input is not to be trusted (UTF-8 is checked,
 * numbers are exact or refused, maps have null prototypes, repetitions are bounded) and silent about unknown fields.
 */
export interface Message {
  /** With its package, as `dtmgimp.DtmRequest`. */
  readonly name: string;
  readonly fields: { readonly [name: string]: Field };
}

export type Field = {
  /** The number of the field. */
  readonly id: number;
  /** Its name in JSON, where that differs. */
  readonly json?: string;
} & (
  | { readonly kind: 'string' | 'bool' | 'int32' | 'int64' | 'bytes' | 'bytesList' | 'stringList' | 'stringMap' }
  | { readonly kind: 'enum'; readonly type: Enumeration }
  | { readonly kind: 'message' | 'messageList'; readonly type: Message }
);

/** Names by their number, which begin with 0. */
export interface Enumeration {
  readonly name: string;
  readonly values: readonly string[];
}

/** A decoded message: what was not sent has its zero value; a message within, undefined. */
export type Decoded<Of extends Message> = { readonly [Name in keyof Of['fields']]: DecodedField<Of['fields'][Name]> };

/** A message to send: what is left out has its zero value. */
export type Given<Of extends Message> = { readonly [Name in keyof Of['fields']]?: GivenField<Of['fields'][Name]> };

interface Plain {
  readonly string: string;
  readonly bool: boolean;
  readonly int32: number;
  /** The number. */
  readonly enum: number;
  /** Beyond 2^53 not exact, and then no safe integer. */
  readonly int64: number;
  readonly bytes: Uint8Array;
  readonly bytesList: readonly Uint8Array[];
  readonly stringList: readonly string[];
  readonly stringMap: Readonly<Record<string, string>>;
}

type DecodedField<Of> = Of extends { kind: 'message'; type: infer Type extends Message }
  ? Decoded<Type> | undefined
  : Of extends { kind: 'messageList'; type: infer Type extends Message }
    ? readonly Decoded<Type>[]
    : Of extends { kind: infer Kind extends keyof Plain }
      ? Plain[Kind]
      : never;

type GivenField<Of> = Of extends { kind: 'message'; type: infer Type extends Message }
  ? Given<Type>
  : Of extends { kind: 'messageList'; type: infer Type extends Message }
    ? readonly Given<Type>[]
    : DecodedField<Of>;

/** More steps than a transaction has; and so of the entries of a map. */
const mostRepeated = limits.steps;
const mostGroups = 100;
/** Of a message, those of the messages in it not counted: most of them are unknown then, and they are passed over. */
const mostFields = 250_000;

const wireTypes = { varint: 0, fixed64: 1, delimited: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

const noBytes = new Uint8Array(0);

/** @throws HoldfastError INVALID_INPUT naming the field, where the bytes are no such message */
export function decode<const Of extends Message>(message: Of, bytes: Uint8Array): Decoded<Of> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = decodeInto(emptyOf(message), message, new Reader(buffer));
  // The table says what each field is, and every field of it was given its value.
  return values as Decoded<Of>;
}

type Values = Record<string, unknown>;

function emptyOf({ fields }: Message): Values {
  const values: Values = Object.create(null);
  for (const name of Object.keys(fields)) values[name] = zeroOf(fields[name]);
  return values;
}

function zeroOf(field: Field | undefined): unknown {
  switch (field?.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'enum':
      return 0;
    case 'bytes':
      return noBytes;
    case 'bytesList':
    case 'stringList':
    case 'messageList':
      return [];
    case 'stringMap':
      return Object.create(null);
    case 'message':
    case undefined:
      return undefined;
    default:
      return field satisfies never;
  }
}

/** By field number; made once for each table. */
const numbered = new WeakMap<Message, ReadonlyMap<number, readonly [name: string, field: Field]>>();

function byNumber(message: Message): ReadonlyMap<number, readonly [name: string, field: Field]> {
  let table = numbered.get(message);
  if (table === undefined) {
    table = new Map(Object.entries(message.fields).map(([name, field]) => [field.id, [name, field]]));
    numbered.set(message, table);
  }
  return table;
}

/** A field that comes again: the last wins, lists grow, messages are merged. */
function decodeInto(values: Values, message: Message, reader: Reader): Values {
  const table = byNumber(message);
  for (let count = 0; !reader.isAtEnd; count += 1) {
    if (count === mostFields) throw invalid(message.name, `must have at most ${mostFields} fields`);
    const tag = reader.tag();
    const [name, field] = table.get(tag >>> 3) ?? ['', undefined];
    const wireType = tag & 7;
    if (field === undefined || wireType !== wireTypeOf(field)) reader.skip(wireType);
    else values[name] = decodeField(field, name, values[name], reader);
  }
  return values;
}

function wireTypeOf({ kind }: Field): number {
  return kind === 'bool' || kind === 'int32' || kind === 'int64' || kind === 'enum'
    ? wireTypes.varint
    : wireTypes.delimited;
}

function decodeField(field: Field, name: string, former: unknown, reader: Reader): unknown {
  switch (field.kind) {
    case 'string':
      return reader.text(name);
    case 'bool':
      return reader.integer() !== 0;
    case 'int32':
    case 'enum':
      return reader.integer() | 0;
    case 'int64':
      return reader.integer();
    case 'bytes':
      return reader.bytes();
    case 'bytesList':
      return grown(former, reader.bytes(), name);
    case 'stringList':
      return grown(former, reader.text(name), name);
    case 'stringMap':
      return withEntry(former as Record<string, string>, name, reader.within());
    case 'message':
      return decodeInto((former as Values | undefined) ?? emptyOf(field.type), field.type, reader.within());
    case 'messageList':
      return grown(former, decodeInto(emptyOf(field.type), field.type, reader.within()), name);
    default:
      return field satisfies never;
  }
}

function grown(list: unknown, item: unknown, name: string): unknown {
  const items = list as unknown[];
  if (items.length >= mostRepeated) throw invalid(name, `must be at most ${mostRepeated}`);
  items.push(item);
  return items;
}

const mapEntry = { name: '', fields: { key: { kind: 'string', id: 1 }, value: { kind: 'string', id: 2 } } } as const;
const mapSizes = new WeakMap<object, number>();

function withEntry(map: Record<string, string>, name: string, reader: Reader): Record<string, string> {
  const size = (mapSizes.get(map) ?? 0) + 1;
  if (size > mostRepeated) throw invalid(name, `must be at most ${mostRepeated}`);
  mapSizes.set(map, size);
  const entry = decodeInto(emptyOf(mapEntry), { ...mapEntry, name }, reader);
  map[String(entry['key'])] = String(entry['value']);
  return map;
}

function malformed(): HoldfastError {
  return new HoldfastError('INVALID_INPUT', 'message: must be protobuf of the type that the method takes', {
    field: 'message',
  });
}

class Reader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;

  constructor(buffer: Buffer, at = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  tag(): number {
    const tag = this.#varint();
    if (tag > 0xffff_ffff || tag >>> 3 === 0) throw malformed();
    return tag;
  }

  /** A signed number of 64 bits. */
  integer(): number {
    const start = this.#at;
    const plain = this.#varint();
    if (this.#at - start < 8) return plain;
    let exact = 0n;
    for (let at = this.#at - 1; at >= start; at -= 1) exact = (exact << 7n) | BigInt((this.#buffer[at] ?? 0) & 0x7f);
    return Number(BigInt.asIntN(64, exact));
  }

  /** A part of what was read; it is not copied. */
  bytes(): Buffer {
    const length = this.#varint();
    if (length > this.#end - this.#at) throw malformed();
    const bytes = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  text(name: string): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw invalid(name, 'must be UTF-8');
    return bytes.toString('utf8');
  }

  within(): Reader {
    const { length } = this.bytes();
    return new Reader(this.#buffer, this.#at - length, this.#at);
  }

  skip(wireType: number): void {
    let groups = 0;
    let type = wireType;
    for (;;) {
      if (type === wireTypes.varint) this.#varint();
      else if (type === wireTypes.delimited) this.bytes();
      else if (type === wireTypes.fixed64) this.#pass(8);
      else if (type === wireTypes.fixed32) this.#pass(4);
      else if (type === wireTypes.groupStart && groups < mostGroups) groups += 1;
      else if (type === wireTypes.groupEnd && groups > 0) groups -= 1;
      else throw malformed();
      if (groups === 0) return;
      type = this.tag() & 7;
    }
  }

  #pass(length: number): void {
    this.#at += length;
    if (this.#at > this.#end) throw malformed();
  }

  /** Not exact where it has more than seven bytes. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.#at >= this.#end) throw malformed();
      const byte = this.#buffer[this.#at] ?? 0;
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed();
  }
}

export function encode<const Of extends Message>(message: Of, given: Given<Of>): Buffer {
  return Buffer.concat(partsOf(message, given as Values));
}

function partsOf({ fields }: Message, values: Values): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    if (value !== undefined) encodeField(field, value, parts);
  }
  return parts;
}

/** Proto3: a zero value is left out, but in a list. */
function encodeField(field: Field, value: unknown, parts: Uint8Array[]): void {
  const { id } = field;
  switch (field.kind) {
    case 'string':
      if (value !== '') delimited(id, utf8(value), parts);
      return;
    case 'bytes':
      if ((value as Uint8Array).length > 0) delimited(id, value as Uint8Array, parts);
      return;
    case 'bool':
    case 'int32':
    case 'int64':
    case 'enum':
      if (Number(value) !== 0) parts.push(varint(id * 8), varint(Number(value)));
      return;
    case 'bytesList':
      for (const item of value as readonly Uint8Array[]) delimited(id, item, parts);
      return;
    case 'stringList':
      for (const item of value as readonly string[]) delimited(id, utf8(item), parts);
      return;
    case 'stringMap':
      for (const [key, text] of Object.entries(value as Record<string, string>)) {
        delimited(id, Buffer.concat(partsOf(mapEntry, { key, value: text })), parts);
      }
      return;
    case 'message':
      delimited(id, Buffer.concat(partsOf(field.type, value as Values)), parts);
      return;
    case 'messageList':
      for (const item of value as readonly Values[]) delimited(id, Buffer.concat(partsOf(field.type, item)), parts);
      return;
    default:
      field satisfies never;
  }
}

/** Half of a surrogate pair has no UTF-8. */
const utf8 = (text: unknown) => Buffer.from(String(text), 'utf8');

function delimited(id: number, bytes: Uint8Array, parts: Uint8Array[]): void {
  parts.push(varint(id * 8 + wireTypes.delimited), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
