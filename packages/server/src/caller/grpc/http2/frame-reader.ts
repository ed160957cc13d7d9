import { codes, frameBytes, frameHeadBytes, frameTypes } from './frames.ts';

/** The other end breaks the rules: the connection ends with this code. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface FrameListener {
  /** A whole frame of any type but DATA. The payload is valid until it returns. */
  frame(type: number, flag: number, id: number, payload: Buffer): void;
  /** A DATA frame begins, whose payload is passed over: only its length matters here. */
  data(flag: number, id: number, length: number): void;
}

/** Finds the frames in the bytes of a connection, which may come cut anywhere. Holds less than one frame. */
export class FrameReader {
  readonly #listener: FrameListener;
  #rest: Buffer | undefined;
  /** Of a DATA frame that is under way. */
  #skip = 0;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** @throws Http2Error */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = undefined;
    }
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    while (bytes.length - at >= frameHeadBytes) {
      const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      const type = bytes[at + 3] ?? 0;
      const flag = bytes[at + 4] ?? 0;
      const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      if (length > frameBytes) throw new Http2Error(codes.frameSizeError, 'a frame that is longer than allowed');
      const from = at + frameHeadBytes;
      if (type === frameTypes.data) {
        const here = Math.min(length, bytes.length - from);
        at = from + here;
        this.#skip = length - here;
        this.#listener.data(flag, id, length);
      } else {
        if (bytes.length - from < length) break;
        at = from + length;
        this.#listener.frame(type, flag, id, bytes.subarray(from, at));
      }
    }
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }
}
