import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** What was read of an answer's body. `unread` says why it is not the whole; empty where it is. */
export interface AnswerText {
  readonly text: string;
  readonly unread: string;
}

export const noText: AnswerText = { text: '', unread: '' };

/** The most bytes that are kept in one piece. */
const pieceBytes = 16 * 1024;
const firstPieceBytes = 512;
/** Each is undone in one go, in which nothing else runs. */
const mostCodings = 4;

/** Gathers an answer's body up to a limit, which holds before and after decompression. */
export class AnswerBody {
  readonly #limit: number;
  readonly #pieces: Buffer[] = [];
  /** Of the last piece. */
  #free = 0;
  #bytes = 0;
  #keptBytes = 0;
  #isCut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The memory that it holds. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** False: that was more than is read. */
  add(bytes: Buffer, from: number, to: number): boolean {
    const end = Math.min(to, from + this.#limit - this.#bytes);
    this.#isCut = end < to;
    for (let at = from; at < end; ) {
      if (this.#free === 0) this.#addPiece(end - at);
      const last = this.#pieces.at(-1) ?? none;
      const next = Math.min(end, at + this.#free);
      bytes.copy(last, last.length - this.#free, at, next);
      this.#free -= next - at;
      this.#bytes += next - at;
      at = next;
    }
    return !this.#isCut;
  }

  /** @param encoding the Content-Encoding header: codings in the order they were applied */
  text(encoding: string): AnswerText {
    const [first = none] = this.#pieces;
    const bytes = this.#pieces.length <= 1 ? first : Buffer.concat(this.#pieces);
    return textOf(bytes.subarray(0, this.#bytes), encoding, this.#limit, this.#isCut);
  }

  /** Small pieces for small bodies, and never many of them. */
  #addPiece(wanted: number): void {
    const size = Math.max(wanted, Math.min(pieceBytes, 2 * this.#bytes, this.#limit - this.#bytes), firstPieceBytes);
    this.#pieces.push(Buffer.allocUnsafeSlow(size));
    this.#free = size;
    this.#keptBytes += size;
  }
}

/**
 * @param encoding the Content-Encoding header
 * @param limit the most bytes, also of what is decoded
 * @param isCut there was more of it
 */
export function textOf(bytes: Buffer, encoding: string, limit: number, isCut: boolean): AnswerText {
  if (bytes.length === 0) return noText;
  const codings = encoding === '' ? [] : codingsIn(encoding);
  const unread = isCut ? tooLong(limit) : '';
  if (codings.length === 0) return { text: bytes.toString('utf8'), unread };
  if (codings.length > mostCodings) return { text: '', unread: `the answer is encoded more than ${mostCodings} times` };
  // Half of a compressed body is not decoded: what it says is not known.
  return isCut ? { text: '', unread } : decoded(bytes, codings, limit);
}

function codingsIn(encoding: string): readonly string[] {
  return encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => decoders.has(coding));
}

function decoded(encoded: Buffer, codings: readonly string[], limit: number): AnswerText {
  let bytes = encoded;
  for (const coding of codings.toReversed()) {
    try {
      bytes = decoders.get(coding)?.(bytes, { maxOutputLength: limit }) ?? bytes;
    } catch (error) {
      const isTooLong = error instanceof RangeError;
      return { text: '', unread: isTooLong ? tooLong(limit) : `the answer cannot be decoded as ${coding}` };
    }
  }
  return { text: bytes.toString('utf8'), unread: '' };
}

function tooLong(limit: number): string {
  return `the answer is longer than ${limit} bytes and was not read to its end`;
}

const none = Buffer.alloc(0);

type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** Other codings are not asked for; an answer that names one anyway is taken as plain text, as dtm takes all of them. */
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
  // With the zlib wrapper as the standard says, or without as some servers send it.
  ['deflate', (bytes, options) => ((bytes[0] ?? 0) % 16 === 8 ? inflateSync : inflateRawSync)(bytes, options)],
]);
