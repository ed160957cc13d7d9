import { reasonOf } from '../../failure-reason.ts';
import {
  codeName,
  codes,
  type Http2Stream,
  type StreamEnd,
  type AnswerHead as StreamHead,
  type StreamReader,
} from '../../http2/session.ts';
import type { HttpRequest, Wire, WireEvents } from '../wire.ts';
import { headOf } from './answer-head.ts';

/** What still comes of an answer of which nobody may read on. */
export const streamWindowBytes = 64 * 1024;

/** The connection that a call has its stream on. */
export interface StreamSource {
  /** It served a call before. */
  readonly isReused: boolean;
  /** The service has said that it ends the connection, and so. */
  readonly farewell: string | undefined;
  /** The machine's monotonic time. */
  nowMs(): number;
  /** @throws Error where it cannot begin; nothing was sent then */
  request(request: HttpRequest, reader: StreamReader): Http2Stream;
  /** Something of a call has come. */
  heard(): void;
  /** A call was given up that began then. */
  suspect(sinceMs: number): void;
  /** Whether the service has said, by a refusal or by going away, that it has not processed a stream. */
  isUnprocessed(id: number, code: number): boolean;
  /** A wire has ended that had no stream. */
  free(): void;
}

/** One call on a stream of HTTP/2. */
export class Http2Wire implements Wire, StreamReader {
  readonly #source: StreamSource;
  /** It had served a call before this one. */
  readonly #isReused: boolean;
  #stream: Http2Stream | undefined;
  #events: WireEvents | undefined;
  #begunMs = 0;
  #writtenMs: number | undefined;
  #hasAnswerBegun = false;
  /** Bytes of the body that are still to come, where the service has said how many there are. */
  #left: number | undefined;
  #isPaused = false;
  /** Bytes of the body that the service was not told of as read. */
  #unreadBytes = 0;

  constructor(source: StreamSource) {
    this.#source = source;
    this.#isReused = source.isReused;
  }

  begin(request: HttpRequest, events: WireEvents): void {
    this.#events = events;
    this.#begunMs = this.#source.nowMs();
    try {
      this.#stream = this.#source.request(request, this);
    } catch (error) {
      const why = reasonOf(error);
      process.nextTick(() => this.#notBegun(why));
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#askForMore();
  }

  release(isReusable: boolean): void {
    this.#events = undefined;
    const stream = this.#stream;
    if (stream === undefined) {
      this.#source.free();
      return;
    }
    if (!isReusable) this.#source.suspect(this.#begunMs);
    stream.reset(codes.cancel);
  }

  bodySent(): void {
    this.#writtenMs = this.#source.nowMs();
  }

  answerHead(head: StreamHead): void {
    this.#source.heard();
    this.#hasAnswerBegun = true;
    const read = headOf(head);
    if (typeof read === 'string') {
      this.#told()?.answerRefused(read);
      return;
    }
    this.#left = read.framing === 'length' ? read.length : undefined;
    this.#events?.answerHead(read);
  }

  answerData(bytes: Buffer, from: number, to: number): void {
    this.#source.heard();
    const length = to - from;
    if (this.#left !== undefined) {
      this.#left -= length;
      if (this.#left < 0) {
        this.#told()?.answerRefused('its body is longer than it says');
        return;
      }
    }
    this.#events?.answerBody(bytes, from, to);
    this.#unreadBytes += length;
    this.#askForMore();
  }

  /** They mean nothing. */
  answerTrailers(): void {
    this.#source.heard();
  }

  streamClosed(end: StreamEnd): void {
    switch (end.kind) {
      case 'whole':
        if ((this.#left ?? 0) > 0) this.#told()?.answerRefused('its body is shorter than it says');
        else this.#told()?.answerEnd(true);
        return;
      case 'reset':
        this.#wasReset(end.code);
        return;
      case 'broken':
        this.#told()?.answerRefused(end.why);
        return;
      case 'lost':
        this.#lost(this.#source.farewell ?? end.why, false);
        return;
      default:
        end satisfies never;
    }
  }

  #wasReset(code: number): void {
    const isUnprocessed = this.#stream !== undefined && this.#source.isUnprocessed(this.#stream.id, code);
    const why = code === codes.noError ? 'the service ended the call without an answer' : undefined;
    this.#lost(why ?? `the service reset the call (${codeName(code)})`, isUnprocessed);
  }

  #askForMore(): void {
    if (this.#isPaused || this.#unreadBytes < streamWindowBytes / 2) return;
    this.#stream?.takeMore(this.#unreadBytes);
    this.#unreadBytes = 0;
  }

  /** Whoever has released it since then has freed its place. */
  #notBegun(why: string): void {
    if (this.#events === undefined) return;
    this.#source.free();
    this.#lost(why, false);
  }

  /** @param isUnprocessed it is sent again like a call on a connection that was closing */
  #lost(reason: string, isUnprocessed: boolean): void {
    this.#told()?.wireLost({
      reason,
      isReused: this.#isReused || isUnprocessed,
      hasAnswerBegun: this.#hasAnswerBegun,
      sinceWrittenMs: isUnprocessed || this.#writtenMs === undefined ? 0 : this.#source.nowMs() - this.#writtenMs,
    });
  }

  /** Whose call it is, told for the last time. */
  #told(): WireEvents | undefined {
    const events = this.#events;
    this.#events = undefined;
    return events;
  }
}
