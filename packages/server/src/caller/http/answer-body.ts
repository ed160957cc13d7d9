import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** What was read of an answer's body. `unread` says why it is not the whole; empty where it is. */
export interface AnswerText {
  readonly text: string;
  readonly unread: string;
}

/** Gathers an answer's body up to a limit, which holds before and after decompression. */
export class AnswerBody {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: that was more than is read. */
  add(chunk: Uint8Array): boolean {
    const room = this.#limit - this.#bytes;
    this.#isCut = chunk.length > room;
    const part = this.#isCut ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(part);
    this.#bytes += part.length;
    return !this.#isCut;
  }

  /** @param encoding the Content-Encoding header: codings in the order they were applied */
  text(encoding: string): AnswerText {
    if (this.#bytes === 0) return { text: '', unread: '' };
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const codings = encoding
      .toLowerCase()
      .split(',')
      .map((coding) => coding.trim())
      .filter((coding) => decoders.has(coding));
    if (codings.length === 0) return { text: textOf(bytes), unread: this.#isCut ? this.#tooLong : '' };
    // Half of a compressed body is not decoded: what it says is not known.
    return this.#isCut ? { text: '', unread: this.#tooLong } : this.#decoded(bytes, codings);
  }

  get #tooLong(): string {
    return `the answer is longer than ${this.#limit} bytes and was not read to its end`;
  }

  #decoded(encoded: Uint8Array, codings: readonly string[]): AnswerText {
    let bytes = encoded;
    for (const coding of codings.toReversed()) {
      try {
        bytes = decoders.get(coding)?.(bytes, { maxOutputLength: this.#limit }) ?? bytes;
      } catch (error) {
        const isTooLong = error instanceof RangeError;
        return { text: '', unread: isTooLong ? this.#tooLong : `the answer cannot be decoded as ${coding}` };
      }
    }
    return { text: textOf(bytes), unread: '' };
  }
}

type Decoder = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** Other codings are not asked for; an answer that names one anyway is taken as plain text, as dtm takes all of them. */
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
  // With the zlib wrapper as the standard says, or without as some servers send it.
  ['deflate', (bytes, options) => ((bytes[0] ?? 0) % 16 === 8 ? inflateSync : inflateRawSync)(bytes, options)],
]);

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
