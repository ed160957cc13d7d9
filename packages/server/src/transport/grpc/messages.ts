import { HoldfastError, invalid } from '@holdfast/core';
import { addChunk } from '../chunks.ts';

/** One message of a request. */
export interface SentMessage {
  /** Compressed, as its call's `grpc-encoding` says. */
  readonly isPacked: boolean;
  /** May be a part of what was received. */
  readonly bytes: Buffer;
}

/** Before each message: a byte that says whether it is compressed, and its length in four. */
const prefixBytes = 5;

/** Finds the messages in the bytes of a request, which may come cut anywhere. */
export class MessageReader {
  readonly #limitBytes: number;
  /** What has come and belongs to no message that was taken; none of it is empty. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the message that comes next, once its prefix is here. */
  #announced: { readonly isPacked: boolean; readonly length: number } | undefined;

  /** @param limitBytes the longest message, as it is sent */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    addChunk(this.#chunks, chunk);
    this.#bytes += chunk.length;
  }

  /** Some bytes of a message have come, but not all of them. */
  get isWithin(): boolean {
    return this.#bytes > 0 || this.#announced !== undefined;
  }

  /**
   * The next whole message; undefined: more must come first.
   * @throws HoldfastError where it is no message, or is longer than the limit, as soon as that is known
   */
  next(): SentMessage | undefined {
    this.#announced ??= this.#prefix();
    if (this.#announced === undefined) return undefined;
    const { isPacked, length } = this.#announced;
    if (this.#bytes < length) return undefined;
    this.#announced = undefined;
    return { isPacked, bytes: this.#take(length) };
  }

  #prefix(): { readonly isPacked: boolean; readonly length: number } | undefined {
    if (this.#bytes < prefixBytes) return undefined;
    const prefix = this.#take(prefixBytes);
    const flag = prefix[0] ?? 0;
    if (flag > 1) throw invalid('message', 'must begin with 0 (not compressed) or 1 (compressed), then its length');
    const length = prefix.readUInt32BE(1);
    if (length > this.#limitBytes) throw tooLarge(this.#limitBytes);
    return { isPacked: flag === 1, length };
  }

  /** So many bytes are here. */
  #take(length: number): Buffer {
    if (length === 0) return nothing;
    const [first = nothing] = this.#chunks;
    const whole = first.length >= length ? first : Buffer.concat(this.#chunks);
    if (whole.length > length) {
      const rest = whole.subarray(length);
      if (whole === first) this.#chunks[0] = rest;
      else this.#chunks = [rest];
    } else if (whole === first) this.#chunks.shift();
    else this.#chunks = [];
    this.#bytes -= length;
    return whole.length === length ? whole : whole.subarray(0, length);
  }
}

const nothing = Buffer.alloc(0);

export function tooLarge(limitBytes: number): HoldfastError {
  const message = `message: must be at most ${limitBytes} bytes (the setting grpc.messageLimitBytes), also after it is decompressed`;
  return new HoldfastError('TOO_LARGE', message, { field: 'message' });
}
