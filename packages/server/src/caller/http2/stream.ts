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
  /** Bytes of the body, valid only during the call. */
  answerData(bytes: Buffer, from: number, to: number): void;
  answerTrailers(head: AnswerHead): void;
  /** Once; never after a reset of our own. */
  streamClosed(end: StreamEnd): void;
}

/** What a stream needs of its connection. */
interface StreamOwner {
  takeMore(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: number): void;
}

/** One call on its connection. */
export class Http2Stream {
  readonly id: number;
  readonly body: Buffer;
  readonly reader: StreamReader;
  /** What the service takes of it now. */
  window: number;
  /** What the service may still send of its answer. */
  answerWindow: number;
  /** Padding that it was not told of as read. */
  padding = 0;
  hasHead = false;
  /** Of its heads so far, 1xx included, as HTTP/2 counts them. */
  headBytes = 0;
  /** Takes its place until it is over on both sides. */
  onForgotten: (() => void) | undefined;
  readonly #owner: StreamOwner;
  #sentBytes = 0;
  #isSent = false;
  #isOver = false;

  /** @param windows how much the service takes of the body, and may send of its answer */
  constructor(
    id: number,
    body: Buffer,
    windows: { readonly body: number; readonly answer: number },
    owner: StreamOwner,
    reader: StreamReader,
  ) {
    this.id = id;
    this.body = body;
    this.window = windows.body;
    this.answerWindow = windows.answer;
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

  /** The service may send so many bytes more of its answer. */
  takeMore(bytes: number): void {
    if (this.#isOver) return;
    this.answerWindow += bytes;
    this.#owner.takeMore(this, bytes);
  }

  /** Nobody waits for it any more. No effect after its end. */
  reset(code: number): void {
    if (!this.#isOver) this.#owner.reset(this, code);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  forgotten(): void {
    this.#isOver = true;
    this.onForgotten?.();
  }
}
