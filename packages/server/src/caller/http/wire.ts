import type { Payload } from '@holdfast/core';
import type { DialFailure } from '../dial/dialer.ts';
import type { AnswerEvents } from './answer/parser.ts';
import type { HeaderBlock } from './headers.ts';
import type { HttpPlace } from './target.ts';

/** One request, for whatever carries it. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly place: HttpPlace;
  /** With the whole query. */
  readonly path: string;
  readonly headers: HeaderBlock;
  /** Sent with a POST, also where it is empty. */
  readonly body: Payload;
}

/** The connection ended before the answer did. */
export interface LostWire {
  readonly reason: string;
  /** It had been idle before. */
  readonly isReused: boolean;
  /** A byte of the answer has come. */
  readonly hasAnswerBegun: boolean;
  /** From the last byte written to the end; 0 where bytes still waited. */
  readonly sinceWrittenMs: number;
}

export interface WireEvents extends AnswerEvents {
  /** Nothing more comes. */
  wireLost(lost: LostWire): void;
}

/** Who waits for a connection. */
export interface WireWaiter {
  wireOpened(wire: Wire): void;
  wireFailed(failure: DialFailure): void;
}

/** What carries one call: a connection of HTTP/1.1, or something that can stand in for it. */
export interface Wire {
  /** Writes it at once. The events come later, and end with one of `answerEnd`, `answerRefused` and `wireLost`. */
  begin(request: HttpRequest, events: WireEvents): void;
  /** No more of the answer is read until `resume`; what has been read already still comes. */
  pause(): void;
  resume(): void;
  /**
   * Its call has ended, or never began, once; no events come any more.
   * @param isReusable as `answerEnd` said; true where nothing was begun. False also ends what is still under way.
   */
  release(isReusable: boolean): void;
}
