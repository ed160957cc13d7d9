/**
 * Encodes headers without state: a block means the same on every connection, so that what is the same in all calls of a
 * target is encoded once. Nothing is compressed: what differs from call to call is short.
 */

export { staticHeaders } from './static-table.ts';

/** A header of the static table as a whole. */
export function indexed(index: number): Buffer {
  return Buffer.of(0x80 | index);
}

/** @param text one character a byte */
export function literal(name: string, value: string): Buffer {
  const bytes = Buffer.allocUnsafe(literalBytes(name, value));
  return bytes.subarray(0, writeLiteral(bytes, 0, name, value));
}

/** The most bytes that it takes. */
export function literalBytes(name: string, value: string): number {
  return 1 + 2 * mostLengthBytes + name.length + value.length;
}

const mostLengthBytes = 5;

/** Returns where the next one goes. @param isSecret nobody on the way may keep it in a table */
export function writeLiteral(into: Buffer, at: number, name: string, value: string, isSecret = false): number {
  into[at] = isSecret ? 0x10 : 0;
  return writeText(into, writeText(into, at + 1, name), value);
}

function writeText(into: Buffer, at: number, text: string): number {
  const { length } = text;
  let next = at;
  if (length < 0x7f) {
    into[next] = length;
    next += 1;
  } else {
    into[next] = 0x7f;
    next += 1;
    let rest = length - 0x7f;
    for (; rest >= 0x80; rest >>>= 7) {
      into[next] = (rest & 0x7f) | 0x80;
      next += 1;
    }
    into[next] = rest;
    next += 1;
  }
  return next + into.write(text, next, length, 'latin1');
}
