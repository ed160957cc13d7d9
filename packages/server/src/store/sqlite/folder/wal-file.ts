import { endianness } from 'node:os';

/**
 * The format of SQLite's write-ahead log (sqlite.org/fileformat2.html#walformat): a header, then frames of one page
 * each. The checksums of the header and of all frames up to one are a chain: a frame counts only if every frame before
 * it is whole.
 */
export const walHeaderBytes = 32;
export const frameHeaderBytes = 24;

const magicLittleEndian = 0x37_7f_06_82;
const magicBigEndian = 0x37_7f_06_83;

/** What distinguishes one filling of the WAL from the next. SQLite adds 1 to `salt1` and draws `salt2` each time. */
export interface WalGeneration {
  /** 0 for a file that SQLite has made new; afterwards it differs from 0. */
  readonly sequence: number;
  readonly salt1: number;
  readonly salt2: number;
}

export interface WalHeader extends WalGeneration {
  readonly pageBytes: number;
  /** How the checksums read the bytes. */
  readonly isBigEndian: boolean;
  readonly sums: Sums;
}

export type Sums = readonly [number, number];

export interface Frame {
  readonly page: number;
  /** Pages of the database after this commit; 0: the commit goes on in the next frame. */
  readonly pagesAfter: number;
}

/** Undefined: not the header of a WAL, or a damaged one. */
export function parseWalHeader(bytes: Uint8Array<ArrayBuffer>): WalHeader | undefined {
  if (bytes.byteLength < walHeaderBytes) return undefined;
  const head = bytes.slice(0, walHeaderBytes);
  const view = new DataView(head.buffer);
  const magic = view.getUint32(0);
  if (magic !== magicLittleEndian && magic !== magicBigEndian) return undefined;
  const isBigEndian = magic === magicBigEndian;
  const sums = addToSums([0, 0], new Uint32Array(head.buffer), 0, 6, isBigEndian);
  if (sums[0] !== view.getUint32(24) || sums[1] !== view.getUint32(28)) return undefined;
  const [sequence, salt1, salt2] = [view.getUint32(12), view.getUint32(16), view.getUint32(20)];
  return { sequence, salt1, salt2, pageBytes: view.getUint32(8), isBigEndian, sums };
}

export function isSameGeneration(one: WalGeneration, other: WalGeneration): boolean {
  return one.sequence === other.sequence && one.salt1 === other.salt1 && one.salt2 === other.salt2;
}

/** How often at most the WAL is begun anew between two looks at it: far more than can happen within seconds. */
const generationsAhead = 1024;

/** Whether `later` has followed `earlier` in the same file: everything in the earlier one is then in the database. */
export function isLaterGeneration(later: WalGeneration, earlier: WalGeneration): boolean {
  const steps = (later.salt1 - earlier.salt1) >>> 0;
  return later.sequence !== 0 && steps > 0 && steps <= generationsAhead;
}

/** Follows the chain of checksums through a WAL, piece by piece. */
export class FrameChain {
  readonly #header: WalHeader;
  readonly #frameBytes: number;
  #sums: Sums;

  constructor(header: WalHeader) {
    this.#header = header;
    this.#frameBytes = frameHeaderBytes + header.pageBytes;
    this.#sums = header.sums;
  }

  get frameBytes(): number {
    return this.#frameBytes;
  }

  /** The frame that begins at this offset of the piece; undefined: torn, damaged, or left from an older generation. */
  next(piece: ArrayBuffer, offset: number): Frame | undefined {
    const view = new DataView(piece, offset, this.#frameBytes);
    const { salt1, salt2, isBigEndian } = this.#header;
    if (view.getUint32(8) !== salt1 || view.getUint32(12) !== salt2) return undefined;
    const words = new Uint32Array(piece, offset, this.#frameBytes / 4);
    const head = addToSums(this.#sums, words, 0, 2, isBigEndian);
    const sums = addToSums(head, words, frameHeaderBytes / 4, words.length, isBigEndian);
    if (sums[0] !== view.getUint32(16) || sums[1] !== view.getUint32(20)) return undefined;
    this.#sums = sums;
    return { page: view.getUint32(0), pagesAfter: view.getUint32(4) };
  }

  /** Goes on behind the frame that begins here, whatever it holds: the next one is judged by the sums that it names. */
  skip(piece: ArrayBuffer, offset: number): void {
    const view = new DataView(piece, offset, frameHeaderBytes);
    this.#sums = [view.getUint32(16), view.getUint32(20)];
  }
}

function addToSums(sums: Sums, words: Uint32Array, from: number, to: number, isBigEndian: boolean): Sums {
  // The usual loop is apart: a start reads tens of megabytes with it.
  if (isBigEndian !== (endianness() === 'BE')) return addSwappedToSums(sums, words, from, to);
  let [first, second] = sums;
  for (let at = from; at < to; at += 2) {
    first = (first + Number(words[at]) + second) | 0;
    second = (second + Number(words[at + 1]) + first) | 0;
  }
  return [first >>> 0, second >>> 0];
}

function addSwappedToSums(sums: Sums, words: Uint32Array, from: number, to: number): Sums {
  let [first, second] = sums;
  for (let at = from; at < to; at += 2) {
    first = (first + swapped(Number(words[at])) + second) | 0;
    second = (second + swapped(Number(words[at + 1])) + first) | 0;
  }
  return [first >>> 0, second >>> 0];
}

function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
