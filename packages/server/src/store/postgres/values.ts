/** The types of PostgreSQL that are spoken here, by the numbers it gives them. */
export const oids = { bool: 16, bytea: 17, bigint: 20, smallint: 21, integer: 23, text: 25 } as const;

/** How values come in, as text. Numbers that JavaScript cannot hold stay text: their row is damaged. */
export const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [oids.bool]: (text) => text === 't',
  [oids.bytea]: toBytes,
  [oids.bigint]: toNumber,
  [oids.smallint]: Number,
  [oids.integer]: Number,
};

/** It comes in hex after two characters. Each has memory of its own: one that is kept keeps no other. */
function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length - 2) / 2);
  Buffer.from(bytes.buffer).write(text.slice(2), 'hex');
  return bytes;
}

function toNumber(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

type Element = string | number | boolean | Uint8Array | null;

/** An array as a parameter, in the binary form of PostgreSQL: payloads are copied once, and never made text. */
export function arrayOf(type: keyof typeof oids, values: readonly Element[]): Buffer {
  const headerBytes = 20;
  let size = headerBytes;
  for (const value of values) size += 4 + sizeOf(type, value);
  // Without an element it has no dimension.
  const bytes = Buffer.allocUnsafe(values.length === 0 ? 12 : size);
  bytes.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  bytes.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  bytes.writeInt32BE(oids[type], 8);
  if (values.length === 0) return bytes;
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = headerBytes;
  for (const value of values) at = writeElement(bytes, at, type, value);
  return bytes;
}

function sizeOf(type: keyof typeof oids, value: Element): number {
  if (value === null) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  return fixed[type];
}

const fixed = { bool: 1, smallint: 2, integer: 4, bigint: 8, text: 0, bytea: 0 } as const;

function writeElement(bytes: Buffer, start: number, type: keyof typeof oids, value: Element): number {
  if (value === null) return bytes.writeInt32BE(-1, start);
  const size = sizeOf(type, value);
  const at = bytes.writeInt32BE(size, start);
  if (typeof value === 'string') bytes.write(value, at);
  else if (value instanceof Uint8Array) bytes.set(value, at);
  else if (type === 'bool') bytes[at] = value === true ? 1 : 0;
  else if (type === 'smallint') bytes.writeInt16BE(Number(value), at);
  else if (type === 'integer') bytes.writeInt32BE(Number(value), at);
  else writeBigint(bytes, at, Number(value));
  return at + size;
}

/** Without a BigInt: it is an object each time. */
function writeBigint(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * 2 ** 32, at + 4);
}
