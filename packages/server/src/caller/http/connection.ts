import type { OnReadOpts, Socket } from 'node:net';
import { reasonOf } from '../failure-reason.ts';
import type { AnswerHead } from './answer/head.ts';
import { AnswerParser } from './answer/parser.ts';
import { readEarlyAnswers } from './early-answers.ts';
import { requestText } from './request-text.ts';
import type { HttpRequest, Wire, WireEvents } from './wire.ts';

/** Where connections are kept between calls. */
export interface ConnectionKeeper {
  /** The machine's monotonic time. */
  nowMs(): number;
  /** It can serve another call. @param keptForMs how long the service says that it keeps it; undefined: it does not say */
  give(connection: Connection, keptForMs: number | undefined): void;
  /** It was given, and has ended. */
  ended(connection: Connection): void;
}

/** Bytes that all connections read into, one after the other: each looks at its bytes before the next one reads. */
export const readBuffer = Buffer.allocUnsafeSlow(16 * 1024);

/** Node's `onread` of a socket, made before it is known which connection will be on it. */
export class ReadInto implements OnReadOpts {
  readonly buffer = readBuffer;
  connection: Connection | undefined;

  readonly callback = (length: number, bytes: Uint8Array): boolean => {
    this.connection?.read(bytes as Buffer, length);
    return true;
  };
}

/** A larger request is written in two parts rather than copied into one. */
const joinedBytes = 16 * 1024;

/** One connection of HTTP/1.1, for one call at a time. */
export class Connection implements Wire {
  readonly origin: string;
  /** When it was given back last, and when it is to be closed without a call. */
  idleSinceMs = 0;
  idleUntilMs = 0;
  readonly #socket: Socket;
  readonly #keeper: ConnectionKeeper;
  readonly #parser: AnswerParser;
  #events: WireEvents | undefined;
  /** It was idle before its call. */
  #isReused = false;
  #hasAnswerBegun = false;
  #keptForMs: number | undefined;
  #isWritten = true;
  #writtenMs = 0;
  #isIdle = false;
  #isPaused = false;
  #isEnded = false;
  #readsEarlyAnswers = false;

  /** @param into what the socket reads into; undefined: it emits `data` */
  constructor(
    origin: string,
    socket: Socket,
    into: ReadInto | undefined,
    keeper: ConnectionKeeper,
    headBytesMax: number,
  ) {
    this.origin = origin;
    this.#socket = socket;
    this.#keeper = keeper;
    this.#parser = new AnswerParser(headBytesMax);
    if (into === undefined) socket.on('data', (bytes: Buffer) => this.read(bytes, bytes.length));
    else into.connection = this;
    socket.on('end', () => this.#closed());
    socket.on('error', (error) => this.#lost(reasonOf(error)));
    socket.on('close', () => this.#lost('the connection was closed'));
  }

  begin(request: HttpRequest, events: WireEvents): void {
    this.#events = events;
    this.#hasAnswerBegun = false;
    this.#isWritten = false;
    this.#parser.expect(this);
    const socket = this.#socket;
    const text = requestText(request);
    const { body } = request;
    if (body.length > joinedBytes && !this.#readsEarlyAnswers) {
      this.#readsEarlyAnswers = true;
      readEarlyAnswers(socket);
    }
    if (typeof body === 'string' || body.length === 0) {
      socket.write(text, 'utf8');
    } else if (body.length <= joinedBytes) {
      socket.write(Buffer.concat([Buffer.from(text), body]));
    } else {
      socket.cork();
      socket.write(text, 'utf8');
      socket.write(body);
      socket.uncork();
    }
    // Nearly always the system has taken all of it: to be told of that later would cost a turn of node's for each call.
    if (socket.writableLength === 0) this.#written();
    else socket.write('', this.#written);
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  release(isReusable: boolean): void {
    this.#events = undefined;
    if (!isReusable || this.#isEnded) {
      this.destroy();
      return;
    }
    if (this.#isPaused) this.resume();
    this.#isIdle = true;
    this.#keeper.give(this, this.#keptForMs);
  }

  /** It serves a call again. */
  take(): this {
    this.#isIdle = false;
    this.#isReused = true;
    return this;
  }

  destroy(): void {
    this.#isEnded = true;
    this.#isIdle = false;
    this.#events = undefined;
    this.#parser.stop();
    this.#socket.destroy();
  }

  /** Bytes have come, which stay where they are only until this returns. */
  read(bytes: Buffer, length: number): void {
    if (this.#events === undefined) {
      // Nobody asked: whatever it is, it must not be taken for the answer of the next call.
      this.#lost('');
      return;
    }
    this.#hasAnswerBegun = true;
    this.#parser.push(bytes, length);
  }

  answerHead(head: AnswerHead): void {
    this.#keptForMs = head.keptForMs;
    this.#events?.answerHead(head);
  }

  answerBody(bytes: Buffer, from: number, to: number): void {
    this.#events?.answerBody(bytes, from, to);
  }

  answerEnd(isReusable: boolean): void {
    // Where the service answers before it has all of the request, the rest is still on its way.
    this.#told()?.answerEnd(isReusable && (this.#isWritten || this.#socket.writableLength === 0));
  }

  answerRefused(reason: string): void {
    this.#told()?.answerRefused(reason);
  }

  /** Whose call it is, told for the last time. */
  #told(): WireEvents | undefined {
    const events = this.#events;
    this.#events = undefined;
    return events;
  }

  readonly #written = (): void => {
    this.#isWritten = true;
    this.#writtenMs = this.#keeper.nowMs();
  };

  /** The service has ended the connection in order. */
  #closed(): void {
    if (this.#events !== undefined && this.#parser.end()) return;
    this.#lost('the service closed it');
  }

  #lost(reason: string): void {
    if (this.#isEnded) return;
    const events = this.#told();
    if (this.#isIdle) this.#keeper.ended(this);
    this.destroy();
    events?.wireLost({
      reason,
      isReused: this.#isReused,
      hasAnswerBegun: this.#hasAnswerBegun,
      sinceWrittenMs: this.#isWritten ? this.#keeper.nowMs() - this.#writtenMs : 0,
    });
  }
}
