import { isTextCharacter, isTokenCharacter } from './characters.ts';

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

/**
 * What may come next in extensions (`;name`, `;name=value`, `;name="text"`): `name` begins behind a semicolon, `behind` is
 * where nothing but another extension may come.
 */
type Place = 'begin' | 'name' | 'value' | 'quoted' | 'escaped' | 'behind';

/** They are taken as Node takes them, with empty names and values; Go reads past all of them. */
function areExtensions(bytes: Buffer, from: number, to: number): boolean {
  let place: Place | undefined = 'behind';
  for (let at = from; at < to && place !== undefined; at += 1) place = nextPlace(place, bytes[at] ?? 0);
  return place === 'name' || place === 'value' || place === 'behind';
}

/** Undefined: the character may not stand there. */
function nextPlace(place: Place, byte: number): Place | undefined {
  switch (place) {
    case 'begin':
    case 'name':
      if (byte === semicolon) return 'begin';
      if (byte === equals) return 'value';
      return isTokenCharacter(byte) ? 'name' : undefined;
    case 'value':
      if (byte === semicolon) return 'begin';
      if (byte === quote) return 'quoted';
      return isTokenCharacter(byte) ? 'value' : undefined;
    case 'quoted':
      if (byte === quote) return 'behind';
      if (byte === backslash) return 'escaped';
      return isTextCharacter(byte) ? 'quoted' : undefined;
    case 'escaped':
      return isTextCharacter(byte) ? 'quoted' : undefined;
    case 'behind':
      return byte === semicolon ? 'begin' : undefined;
    default:
      return place satisfies never;
  }
}

const semicolon = 59;
const equals = 61;
const quote = 34;
const backslash = 92;

/** -1: none. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
