import type { AnswerHead } from './answer-head.ts';

/** How a stream ended. */
export type StreamEnd =
  /** The service has sent all it had to. */
  | { readonly kind: 'whole' }
  /** By the service; REFUSED_STREAM: it was surely not processed. */
  | { readonly kind: 'reset'; readonly code: number }
  /** By us: what the service sends cannot be read, or its connection was given up. */
  | { readonly kind: 'broken'; readonly why: string }
  /** With its connection, which the service or the network has ended. */
  | { readonly kind: 'lost'; readonly why: string };

export interface StreamReader {
  /** The last byte of the body is on its way. */
  bodySent(): void;
  /** @param isLast nothing follows */
  answerHead(head: AnswerHead, isLast: boolean): void;
  answerData(bytes: number): void;
  answerTrailers(head: AnswerHead): void;
  /** Once; never after a reset of our own. */
  streamClosed(end: StreamEnd): void;
}

/** What a stream needs of its connection. */
interface StreamOwner {
  reset(stream: Http2Stream, code: number): void;
}

/** One call on its connection. */
export class Http2Stream {
  readonly id: number;
  readonly body: Buffer;
  readonly reader: StreamReader;
  /** What the service takes of it now. */
  window: number;
  hasHead = false;
  /** Takes its place until it is over on both sides. */
  onForgotten: (() => void) | undefined;
  readonly #owner: StreamOwner;
  #sentBytes = 0;
  #isSent = false;
  #isOver = false;

  constructor(id: number, body: Buffer, window: number, owner: StreamOwner, reader: StreamReader) {
    this.id = id;
    this.body = body;
    this.window = window;
    this.reader = reader;
    this.#owner = owner;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** All of the body is on its way. */
  get isSent(): boolean {
    return this.#isSent;
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
    this.window -= bytes;
    if (this.#sentBytes < this.body.length) return;
    this.#isSent = true;
    this.reader.bodySent();
  }

  /** Nobody waits for it any more. No effect after its end. */
  reset(code: number): void {
    if (!this.#isOver) this.#owner.reset(this, code);
  }

  forgotten(): void {
    this.#isOver = true;
    this.onForgotten?.();
  }
}
