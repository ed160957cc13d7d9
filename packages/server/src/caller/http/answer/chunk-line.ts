import { isTokenCharacter } from './characters.ts';

/** The most digits that a size may have, zeros in front included. */
const sizeDigits = 16;

/** What a line in front of a chunk says. */
export interface ChunkLine {
  readonly size: number;
  /** Bytes of the line that are not the size: extensions, which mean nothing to us. */
  readonly extraBytes: number;
}

/** A text: why the line is refused. */
export function chunkLineOf(bytes: Buffer, from: number, to: number): ChunkLine | string {
  let size = 0;
  let at = from;
  for (; at < to; at += 1) {
    const value = hexDigit(bytes[at] ?? 0);
    if (value < 0) break;
    size = 16 * size + value;
  }
  if (at === from || at - from > sizeDigits || !Number.isSafeInteger(size))
    return 'the size of a chunk is not a number';
  if (!areExtensions(bytes, at, to)) return 'the size of a chunk is followed by something that is no extension';
  return { size, extraBytes: to - at };
}

/** `;name`, `;name=value` or `;name="text"`, any number of them, without blanks. */
function areExtensions(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    if (bytes[at] !== 59) return false;
    const name = at + 1;
    at = afterToken(bytes, name, to);
    if (at === name) return false;
    if (at === to || bytes[at] !== 61) continue;
    const value = at + 1;
    at = bytes[value] === 34 ? afterQuoted(bytes, value + 1, to) : afterToken(bytes, value, to);
    if (at <= value) return false;
  }
  return true;
}

function afterToken(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && isTokenCharacter(bytes[at])) at += 1;
  return at;
}

/** Behind the closing quote; 0: there is none. */
function afterQuoted(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 34) return at + 1;
    if (byte < 32 || byte > 126 || byte === 92) return 0;
  }
  return 0;
}

/** -1: none. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
