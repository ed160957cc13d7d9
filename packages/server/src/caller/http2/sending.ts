import { Http2Error } from './frame-reader.ts';
import { codes, flags, frameBytes, frameHeadBytes, frameOf, frameTypes, writeFrameHead } from './frames.ts';
import type { Outgoing } from './outgoing.ts';
import type { Http2Stream } from './stream.ts';

/** Of a connection and of a stream, until something else is said. */
export const firstWindowBytes = 65_535;
export const largestWindow = 2 ** 31 - 1;
const largestFrame = 2 ** 24 - 1;

/** Sends the headers and bodies of streams, as much as the service takes; the rest when it takes more. */
export class Sending {
  readonly #out: Outgoing;
  /** Streams whose body waits. */
  readonly #blocked = new Set<Http2Stream>();
  #window = firstWindowBytes;
  #streamWindow = firstWindowBytes;
  #frameBytes = frameBytes;

  constructor(out: Outgoing) {
    this.#out = out;
  }

  /** Of a new stream. */
  get streamWindow(): number {
    return this.#streamWindow;
  }

  begin(stream: Http2Stream, block: Buffer): void {
    const { id, body } = stream;
    if (body.length === 0) {
      this.#sendBlock(id, block, flags.endStream);
      stream.sent(0);
      return;
    }
    const bodyBytes = Math.min(body.length, stream.window, this.#window, this.#frameBytes);
    if (block.length > this.#frameBytes || bodyBytes < body.length) {
      this.#sendBlock(id, block, 0);
      this.#sendBody(stream);
      return;
    }
    // In one piece, as nearly all are.
    const both = Buffer.allocUnsafe(2 * frameHeadBytes + block.length + bodyBytes);
    writeFrameHead(both, 0, block.length, frameTypes.headers, flags.endHeaders, id);
    both.set(block, frameHeadBytes);
    const at = frameHeadBytes + block.length;
    writeFrameHead(both, at, bodyBytes, frameTypes.data, flags.endStream, id);
    both.set(body, at + frameHeadBytes);
    this.#out.add(both);
    this.#window -= bodyBytes;
    stream.sent(bodyBytes);
  }

  /** It is over: what has not been sent of it never is. */
  forget(stream: Http2Stream): void {
    this.#blocked.delete(stream);
  }

  /** The service takes so many bytes more, of all streams together. */
  takesMore(bytes: number): void {
    this.#window = grown(this.#window, bytes);
    for (const stream of [...this.#blocked]) {
      if (this.#window <= 0) return;
      this.#sendBody(stream);
    }
  }

  /** The same of one stream. */
  takesMoreOf(stream: Http2Stream, bytes: number): void {
    stream.window = grown(stream.window, bytes);
    if (this.#blocked.has(stream)) this.#sendBody(stream);
  }

  /** The service changes the first window of its streams, those that are open included. */
  firstWindow(bytes: number, open: Iterable<Http2Stream>): void {
    if (bytes > largestWindow) throw new Http2Error(codes.flowControlError, 'a window that is too large');
    for (const stream of open) stream.window = grown(stream.window, bytes - this.#streamWindow);
    this.#streamWindow = bytes;
    for (const stream of [...this.#blocked]) this.#sendBody(stream);
  }

  largestFrame(bytes: number): void {
    if (bytes < frameBytes || bytes > largestFrame) {
      throw new Http2Error(codes.protocolError, 'a size of frames that is not allowed');
    }
    this.#frameBytes = bytes;
  }

  #sendBlock(id: number, block: Buffer, flag: number): void {
    const most = this.#frameBytes;
    for (let at = 0; at === 0 || at < block.length; at += most) {
      const isEnd = at + most >= block.length;
      const type = at === 0 ? frameTypes.headers : frameTypes.continuation;
      const own = (isEnd ? flags.endHeaders : 0) | (at === 0 ? flag : 0);
      this.#out.add(frameOf(type, own, id, block.subarray(at, at + most)));
    }
  }

  /** As much as the service takes now. */
  #sendBody(stream: Http2Stream): void {
    const { id, body } = stream;
    while (!stream.isSent) {
      const restBytes = body.length - stream.sentBytes;
      const bytes = Math.min(restBytes, stream.window, this.#window, this.#frameBytes);
      if (bytes <= 0) {
        this.#blocked.add(stream);
        return;
      }
      const head = Buffer.allocUnsafe(frameHeadBytes);
      writeFrameHead(head, 0, bytes, frameTypes.data, bytes === restBytes ? flags.endStream : 0, id);
      this.#out.add(head);
      this.#out.add(body.subarray(stream.sentBytes, stream.sentBytes + bytes));
      this.#window -= bytes;
      stream.sent(bytes);
    }
    this.#blocked.delete(stream);
  }
}

function grown(window: number, bytes: number): number {
  const sum = window + bytes;
  if (sum > largestWindow) throw new Http2Error(codes.flowControlError, 'a window that is too large');
  return sum;
}
