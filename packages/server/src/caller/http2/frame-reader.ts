import { codes, flags, frameBytes, frameHeadBytes, frameTypes } from './frames.ts';

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
  /** A DATA frame begins. @param length of its payload @param padding what of it is no part of a body */
  data(flag: number, id: number, length: number, padding: number): void;
  /** Bytes of the body in it, valid until it returns. */
  dataBytes(bytes: Buffer, from: number, to: number): void;
  /** All of it was read. */
  dataEnd(): void;
}

/** Finds the frames in the bytes of a connection, which may come cut anywhere. Holds less than one frame, and nothing of DATA. */
export class FrameReader {
  readonly #listener: FrameListener;
  #rest: Buffer | undefined;
  /** Of a DATA frame that is under way, what is still to come: of its body, and behind that. */
  #bodyBytes = 0;
  #padBytes = 0;
  #isInData = false;

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
    let at = this.#isInData ? this.#readData(bytes, 0) : 0;
    while (bytes.length - at >= frameHeadBytes) {
      const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      const type = bytes[at + 3] ?? 0;
      const flag = bytes[at + 4] ?? 0;
      const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      if (length > frameBytes) throw new Http2Error(codes.frameSizeError, 'a frame that is longer than allowed');
      const from = at + frameHeadBytes;
      if (type === frameTypes.data) {
        const isPadded = (flag & flags.padded) !== 0;
        if (isPadded && length > 0 && bytes.length === from) break;
        at = this.#beginData(flag, id, length, bytes, from, isPadded);
      } else {
        if (bytes.length - from < length) break;
        at = from + length;
        this.#listener.frame(type, flag, id, bytes.subarray(from, at));
      }
    }
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** @param from where its payload begins @returns where to read on */
  #beginData(flag: number, id: number, length: number, bytes: Buffer, from: number, isPadded: boolean): number {
    const padBytes = isPadded ? (bytes[from] ?? 0) : 0;
    const padding = isPadded ? padBytes + 1 : 0;
    if (padding > length) throw new Http2Error(codes.protocolError, 'DATA with more padding than bytes');
    this.#bodyBytes = length - padding;
    this.#padBytes = padBytes;
    this.#isInData = true;
    this.#listener.data(flag, id, length, padding);
    return this.#readData(bytes, isPadded ? from + 1 : from);
  }

  #readData(bytes: Buffer, from: number): number {
    const to = Math.min(from + this.#bodyBytes, bytes.length);
    if (to > from) {
      this.#bodyBytes -= to - from;
      this.#listener.dataBytes(bytes, from, to);
    }
    const end = Math.min(to + this.#padBytes, bytes.length);
    if (this.#bodyBytes === 0) {
      this.#padBytes -= end - to;
      if (this.#padBytes === 0) {
        this.#isInData = false;
        this.#listener.dataEnd();
      }
    }
    return end;
  }
}
