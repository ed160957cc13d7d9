import type { Socket } from 'node:net';
import { HoldfastError } from '@holdfast/core';
import { addChunk } from '../../chunks.ts';
import type { Answer } from '../answer.ts';
import type { Intake } from '../intake.ts';
import { type ConnectionRefusal, lingerBytes, lingerMs, refusalText } from '../refusals.ts';
import { type Asker, isLoopback, type RequestHead } from '../request-head.ts';
import { parametersOf } from '../routes/parameters.ts';
import type { Served } from '../served.ts';
import type { AnswerTexts, WireAnswer } from './answer-text.ts';
import type { LaneHead } from './head-reader.ts';

/**
 * What a connection is at:
 * - `idle`: waits for a head
 * - `body`: a head was read, its body is being received
 * - `turn`: a request is whole and waits for its turn
 * - `serving`: a handler is at it
 * - `sending`: the client does not take the answer as fast as it was written
 * - `closing`: the last answer was written; what still comes is dropped
 * - `gone`: closed, or handed over
 */
type State = 'idle' | 'body' | 'turn' | 'serving' | 'sending' | 'closing' | 'gone';

/** What a connection needs of the lane that it is in. */
export interface LaneParts {
  readonly intake: Intake;
  readonly texts: AnswerTexts;
  /** @param text of a whole head; undefined: it is not for the lane */
  read(text: string): LaneHead | undefined;
  routeOf(read: LaneHead): Served | undefined;
  /** Has its answer written at the end of this round of the event loop, together with others. */
  answerSoon(connection: LaneConnection): void;
  /** Gives the connection away, with the bytes that were put back. */
  handOver(connection: LaneConnection, socket: Socket): void;
  /** It is closed. */
  forget(connection: LaneConnection): void;
}

/** The request that is under way. */
interface Request {
  readonly read: LaneHead;
  readonly served: Served;
  readonly startedMs: number;
}

/** A little longer than the client was told, so that what it sends at the last moment is not lost. */
const keepAliveSlackMs = 1000;
const headEnd = Buffer.from('\r\n\r\n');
const never = Number.POSITIVE_INFINITY;

/**
 * One connection in the lane. It serves one request after the other: what comes while one is under way waits, and the
 * connection is not read further meanwhile.
 */
export class LaneConnection {
  readonly #lane: LaneParts;
  readonly #socket: Socket;
  readonly #isOverLoopback: boolean;
  #state: State = 'idle';
  /** When it has been in this state for too long. */
  #deadlineMs: number;
  #hasServed = false;
  #request: Request | undefined;
  /** Of that request, until it is written. */
  #answer: Answer | undefined;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  /** The client has closed its side. */
  #hasEnded = false;
  #unsentBytes = 0;
  #droppedBytes = 0;

  constructor(lane: LaneParts, socket: Socket) {
    this.#lane = lane;
    this.#socket = socket;
    this.#isOverLoopback = isLoopback(socket.localAddress);
    this.#deadlineMs = performance.now() + lane.intake.settings.headTimeoutMs;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    socket.on('error', onError).on('timeout', onTimeout);
  }

  closeIdle(): void {
    if (this.#state === 'idle') this.#socket.destroy();
  }

  /** Whoever waits for an answer gets this one, and no other. */
  refuseWaiting(error: HoldfastError): void {
    if (this.#request === undefined) return;
    const isWhole = this.#state !== 'body';
    this.#dropBody();
    this.#finish(this.#lane.intake.refusalOf(this.#request.served, error), !isWhole);
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** Ends what takes too long. */
  check(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    const isSlow = this.#state === 'body' || (this.#state === 'idle' && !this.#hasServed);
    if (isSlow) this.#refuse('too-slow');
    else this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    switch (this.#state) {
      case 'idle':
        this.#begin(chunk);
        return;
      case 'body':
        this.#take(chunk);
        return;
      case 'closing':
        this.#droppedBytes += chunk.length;
        if (this.#droppedBytes > lingerBytes) this.#socket.pause();
        return;
      default:
        this.#putBack(chunk);
    }
  };

  /** A client may close its side once it has sent its request: it still gets the answer. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#state === 'idle') this.#end('');
    else if (this.#state === 'body') this.#refuse('not-http');
    else if (this.#state === 'turn' || this.#state === 'serving') {
      // Or it has left altogether, which TCP cannot tell.
      this.#deadlineMs = performance.now() + this.#lane.intake.settings.halfClosedTimeoutMs;
    }
  };

  readonly #onClose = (): void => {
    this.#state = 'gone';
    this.#dropBody();
    this.#lane.forget(this);
  };

  /** What was read behind the request that is under way: it is read again after that, and before the client's end. */
  #putBack(bytes: Buffer): void {
    this.#socket.pause();
    this.#socket.unshift(bytes);
  }

  /** @param bytes the first ones of a request */
  #begin(bytes: Buffer): void {
    const lane = this.#lane;
    const { admission, bodies, settings } = lane.intake;
    const end = bytes.indexOf(headEnd) + headEnd.length;
    const isWhole = end >= headEnd.length && end <= settings.headLimitBytes;
    const read = isWhole ? lane.read(bytes.toString('latin1', 0, end)) : undefined;
    const served = read && lane.routeOf(read);
    // A page of another site that is allowed is told more than others: node:http does that.
    if (read === undefined || served === undefined || admission.isAllowedOrigin(read.head.origin)) {
      this.#handOver(bytes);
      return;
    }
    this.#request = { read, served, startedMs: performance.now() };
    const refusal = admission.refusalOf(read.head, this.#isOverLoopback);
    if (refusal !== undefined) this.#finish(served.refuse(refusal), true);
    else if (bodies.isTooLong(read.bodyBytes)) this.#finish(served.refuse(bodies.tooLarge()), true);
    else {
      this.#state = 'body';
      this.#deadlineMs = this.#request.startedMs + settings.requestTimeoutMs;
      this.#take(end === bytes.length ? nothing : bytes.subarray(end));
    }
  }

  /** @param bytes of the body, and perhaps of what is behind it */
  #take(bytes: Buffer): void {
    const { bodies, turns } = this.#lane.intake;
    if (this.#request === undefined) return;
    const { read, served } = this.#request;
    const missing = read.bodyBytes - this.#bodyBytes;
    const part = bytes.length > missing ? bytes.subarray(0, missing) : bytes;
    if (part.length > 0) {
      bodies.hold(part.length);
      this.#bodyBytes += part.length;
      addChunk(this.#body, part);
      if (bodies.isOverBudget) {
        this.#dropBody();
        this.#finish(served.refuse(bodies.overBudget()), true);
        return;
      }
    }
    if (part.length < missing) return;
    if (bytes.length > missing) this.#putBack(bytes.subarray(missing));
    this.#state = 'turn';
    this.#deadlineMs = never;
    if (served.isAtOnce === true) this.#serve();
    else turns.take(this.#serveInTurn);
  }

  readonly #serveInTurn = (): void => this.#lane.intake.takeBody(this.#bodyBytes, this.#serve);

  readonly #serve = (): void => {
    // It left before its turn came.
    if (this.#request === undefined || this.#state === 'gone') return;
    const { read, served } = this.#request;
    this.#state = 'serving';
    const body = this.#takeBody();
    const parameters = parametersOf(read.head.target, noneInPath);
    if (parameters instanceof HoldfastError) {
      this.#finish(served.refuse(parameters));
      return;
    }
    try {
      // What is served keeps neither the body nor a closure around it for as long as it waits.
      served.handle(body, parameters, new LaneAsker(this.#socket, read.head)).then(this.#answered, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  };

  #takeBody(): Buffer {
    const [first = nothing] = this.#body;
    const body = this.#body.length <= 1 ? first : Buffer.concat(this.#body, this.#bodyBytes);
    this.#dropBody();
    return body;
  }

  /** It is no longer held, nor counted. */
  #dropBody(): void {
    if (this.#bodyBytes === 0) return;
    this.#lane.intake.bodies.release(this.#bodyBytes);
    this.#bodyBytes = 0;
    this.#body = [];
  }

  readonly #answered = (answer: Answer): void => {
    this.#answer = answer;
    this.#lane.answerSoon(this);
  };

  answer(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (this.#request === undefined || answer === undefined) return;
    this.#finish(this.#lane.intake.answerOf(this.#request.served, answer));
  }

  readonly #failed = (error: unknown): void => {
    if (this.#request !== undefined) this.#finish(this.#lane.intake.refusalOf(this.#request.served, error));
  };

  /** @param mustClose the rest of the request is not read */
  #finish(answer: Answer, mustClose = false): void {
    if (this.#request === undefined) return;
    const { read, served, startedMs } = this.#request;
    const { intake, texts } = this.#lane;
    this.#request = undefined;
    this.#hasServed = true;
    if (this.#state !== 'gone') {
      const isLast = mustClose || read.isLast || this.#hasEnded || intake.isClosing;
      this.#write(texts.of(answer, isLast), isLast);
    }
    intake.answered(served, read.head.method, answer.status, startedMs);
  }

  #write({ text, bytes, isAscii }: WireAnswer, isLast: boolean): void {
    const encoding = isAscii ? 'latin1' : 'utf8';
    if (isLast) this.#end(text, encoding);
    else {
      this.#state = 'sending';
      this.#deadlineMs = never;
      this.#socket.write(text, encoding);
    }
    if (this.#socket.writableLength > 0) this.#holdUnsent(bytes, isLast);
    else if (!isLast) this.#rest();
  }

  /** The client takes its time: the answer counts until it was taken, and the connection is cut if it takes nothing. */
  #holdUnsent(bytes: number, isLast: boolean): void {
    const { settings, unsent } = this.#lane.intake;
    this.#unsentBytes = bytes;
    unsent.hold(this.#socket, bytes);
    this.#socket.setTimeout(settings.sendTimeoutMs);
    // Only now: to be told of each answer would cost a turn of node's.
    if (!isLast) this.#socket.write('', this.#onSent);
  }

  readonly #onSent = (): void => {
    if (this.#state !== 'sending' || this.#socket.writableLength > 0) return;
    this.#lane.intake.unsent.release(this.#socket, this.#unsentBytes);
    this.#socket.setTimeout(0);
    this.#rest();
  };

  /** Waits for the next request, which may be here already. */
  #rest(): void {
    this.#state = 'idle';
    this.#deadlineMs = performance.now() + this.#lane.intake.settings.keepAliveTimeoutMs + keepAliveSlackMs;
    if (this.#hasEnded || this.#lane.intake.isClosing) this.#end('');
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #refuse(refusal: ConnectionRefusal): void {
    this.#request = undefined;
    this.#dropBody();
    this.#end(refusalText(refusal));
  }

  /**
   * Closes our side after what is written. Cutting the connection at once would send a reset that can overtake it, so a
   * little of what still comes is dropped first.
   */
  #end(text: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    this.#state = 'closing';
    this.#deadlineMs = never;
    this.#socket.end(text, encoding, this.#onLastSent);
    this.#socket.resume();
  }

  readonly #onLastSent = (): void => {
    this.#deadlineMs = performance.now() + lingerMs;
  };

  #handOver(bytes: Buffer): void {
    this.#state = 'gone';
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    socket.off('error', onError).off('timeout', onTimeout);
    // What is put back is not read before somebody listens.
    this.#putBack(bytes);
    this.#lane.handOver(this, socket);
    socket.resume();
  }
}

class LaneAsker implements Asker {
  readonly head: RequestHead;
  readonly #socket: Socket;

  constructor(socket: Socket, head: RequestHead) {
    this.#socket = socket;
    this.head = head;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }
}

const nothing = Buffer.alloc(0);
const noneInPath = {};

/** A reset is followed by `close`, and nobody is there to be told. */
function onError(): void {}

/** Set only while an answer is not taken. */
function onTimeout(this: Socket): void {
  this.destroy();
}
