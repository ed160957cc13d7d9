import { type AnswerHead, addHeader, emptyHead } from './answer-head.ts';
import { Http2Error } from './frame-reader.ts';
import { codes, flags } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';

/** Headers or trailers of a stream. */
export interface DecodedBlock {
  readonly id: number;
  /** Nothing follows them. */
  readonly isLast: boolean;
  readonly head: AnswerHead;
  /** As HTTP/2 counts them against the limit that was announced. */
  readonly bytes: number;
}

interface OpenBlock {
  readonly id: number;
  readonly isLast: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

/** What an entry counts beside its name and its value. */
const entryBytes = 32;
/** So many frames a block may be cut into. */
const mostParts = 64;

/** Puts the header blocks of one connection together, and decodes each, also those of streams that are over. */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder();
  readonly #limitBytes: number;
  #open: OpenBlock | undefined;

  /** @param limitBytes of headers; a block is compressed, and shorter */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** A block is not whole: nothing but its rest may come. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** A HEADERS frame. Undefined: the rest of its block comes next. */
  begin(flag: number, id: number, payload: Buffer): DecodedBlock | undefined {
    const isPadded = (flag & flags.padded) !== 0;
    const from = (isPadded ? 1 : 0) + ((flag & flags.priority) === 0 ? 0 : 5);
    const to = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
    if (from > to || id === 0) throw new Http2Error(codes.protocolError, 'HEADERS that are no frame of a stream');
    const isLast = (flag & flags.endStream) !== 0;
    const part = payload.subarray(from, to);
    if ((flag & flags.endHeaders) !== 0) return this.#decoded(id, isLast, part);
    this.#open = { id, isLast, parts: [Buffer.from(part)], bytes: part.length };
    return undefined;
  }

  /** A CONTINUATION frame. Undefined: there is more. */
  go(flag: number, id: number, payload: Buffer): DecodedBlock | undefined {
    const block = this.#open;
    if (block?.id !== id) throw new Http2Error(codes.protocolError, 'CONTINUATION of nothing');
    block.parts.push(Buffer.from(payload));
    block.bytes += payload.length;
    if (block.bytes > this.#limitBytes || block.parts.length > mostParts) {
      throw new Http2Error(codes.enhanceYourCalm, 'a header block that is longer than allowed');
    }
    if ((flag & flags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    return this.#decoded(id, block.isLast, Buffer.concat(block.parts));
  }

  #decoded(id: number, isLast: boolean, block: Buffer): DecodedBlock {
    const head = emptyHead();
    let bytes = 0;
    this.#decoder.decode(block, (name, value) => {
      bytes += name.length + value.length + entryBytes;
      addHeader(head, name, value);
    });
    return { id, isLast, head, bytes };
  }
}
