import type { GrpcTarget } from '@holdfast/core';
import type { BranchCall, Cuttable, Health, Runtime, SendingCall, Timer } from '../../engine/ports.ts';
import { noteOfClosing, wasClosing } from '../closing.ts';
import type { DialFailure } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
import {
  type AnswerHead,
  codeName,
  codes,
  type Http2Stream,
  type StreamEnd,
  type StreamReader,
} from '../http2/session.ts';
import type { GrpcChannel, WaitingCall } from './channel.ts';
import type { GrpcConnection } from './connection.ts';
import { type GrpcLimits, mostResends } from './limits.ts';
import { messageOf } from './message.ts';
import { requestHeaders } from './metadata.ts';
import { type Judged, judgeHead, judgeStatus } from './status.ts';

export interface GrpcExchangeContext {
  readonly runtime: Runtime;
  /** The machine's time. */
  readonly upkeep: Runtime;
  readonly limits: GrpcLimits;
  readonly userAgent: string;
}

/** Where a call goes. */
export interface GrpcWay {
  readonly target: GrpcTarget;
  channel(): GrpcChannel;
  /** The call has ended. */
  ended(): void;
}

/**
 * One gRPC call of a branch. It waits for a stream, sends one message, and ends with the status, or with its time-out
 * for everything. Only what the service has surely not processed is sent again: any other call may have run, and only
 * the coordinator may decide to repeat that.
 */
export class GrpcExchange implements WaitingCall, Cuttable, StreamReader {
  readonly #context: GrpcExchangeContext;
  readonly #sending: SendingCall;
  readonly #call: BranchCall;
  readonly #target: GrpcTarget;
  readonly #way: GrpcWay;
  #channel: GrpcChannel;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  /** Of the stream under way: undefined while it waits. */
  #stream: Http2Stream | undefined;
  #connection: GrpcConnection | undefined;
  #begunMs = 0;
  /** The last byte of its message. */
  #writtenMs = 0;
  #isReused = false;
  #head: AnswerHead | undefined;
  /** The connection was closing when it was written: it goes a second time, and no third. */
  #isSecond = false;
  #wasSentTwice = false;
  /** A stream has begun. */
  #mayHaveRun = false;
  #resends = 0;
  #answerBytes = 0;
  #isEnded = false;

  constructor(context: GrpcExchangeContext, sending: SendingCall, way: GrpcWay) {
    this.#context = context;
    this.#sending = sending;
    this.#call = sending.call;
    this.#target = way.target;
    this.#way = way;
    this.#channel = way.channel();
    this.#startedMs = context.runtime.monotonicMs();
  }

  start(): void {
    const { runtime } = this.#context;
    // Where this process was busy for long, the answer may have arrived in time: what has come is read first.
    this.#timer = runtime.setTimer(this.#call.timeoutMs, () => runtime.soon(() => this.#timeOut()));
    this.#channel.wait(this);
  }

  get bodyBytes(): number {
    const { payload } = this.#call;
    return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  }

  begin(connection: GrpcConnection): void {
    if (this.#isEnded) return;
    if (!this.#sending.mayGo()) {
      if (this.#isSecond) this.#end(errorOf('the call was withdrawn before it was sent again', 'cut'));
      else this.#end(errorOf('the call was withdrawn', 'withdrawn'));
      return;
    }
    this.#mayHaveRun = true;
    this.#wasSentTwice = this.#isSecond;
    const { runtime, upkeep, userAgent } = this.#context;
    const leftMs = this.#call.timeoutMs - (runtime.monotonicMs() - this.#startedMs);
    this.#begunMs = upkeep.monotonicMs();
    this.#isReused = connection.hasServed;
    this.#connection = connection;
    this.#head = undefined;
    this.#answerBytes = 0;
    try {
      const block = requestHeaders(this.#call, this.#target, leftMs, userAgent);
      this.#stream = connection.request(block, messageOf(this.#call), this);
    } catch (error) {
      this.#end(errorOf(`the call cannot be sent: ${reasonOf(error)}`, 'ok'));
    }
  }

  cut(): void {
    if (this.#isEnded) return;
    if (this.#mayHaveRun) this.#end(errorOf('the call was cut while it was out', 'cut'));
    else this.#end(errorOf('the call was withdrawn', 'withdrawn'));
  }

  unconnected({ message, isLocal }: DialFailure): void {
    this.#end(errorOf(`cannot connect: ${message}`, isLocal ? 'local' : 'connect'));
  }

  bodySent(): void {
    this.#writtenMs = this.#context.upkeep.monotonicMs();
  }

  answerHead(head: AnswerHead, isLast: boolean): void {
    this.#connection?.heard();
    this.#head = head;
    if (this.#isEnded) return;
    const judged = judgeHead(head, this.#context.runtime.wallMs());
    if (judged !== undefined) this.#end(judged, isLast);
    else if (isLast) this.#end(judgeStatus(head) ?? withoutStatus, true);
  }

  answerData(_bytes: Buffer, from: number, to: number): void {
    this.#connection?.heard();
    this.#answerBytes += to - from;
    const { answerBytes } = this.#context.limits;
    if (this.#isEnded || this.#answerBytes <= answerBytes) return;
    this.#end(errorOf(`the answer is longer than ${answerBytes} bytes and was not read to its end`, 'ok'));
  }

  answerTrailers(trailers: AnswerHead): void {
    this.#connection?.heard();
    if (!this.#isEnded) this.#end(judgeStatus(trailers) ?? withoutStatus, true);
  }

  streamClosed(end: StreamEnd): void {
    const stream = this.#stream;
    if (this.#isEnded || stream === undefined) return;
    switch (end.kind) {
      case 'whole':
        this.#end((this.#head && judgeStatus(this.#head)) ?? withoutStatus, true);
        return;
      case 'reset':
        if (this.#connection?.isUnprocessed(stream.id, end.code)) this.#refused();
        else this.#end(errorOf(`the service reset the call (${codeName(end.code)})`, 'unavailable'));
        return;
      case 'lost':
        if (this.#wasClosing(stream)) this.#sendSecond();
        else this.#end(errorOf(`the call was broken off: ${end.why}`, 'unavailable'));
        return;
      case 'broken':
        this.#end(errorOf(`the call was broken off: ${end.why}`, 'unavailable'));
        return;
      default:
        end satisfies never;
    }
  }

  /** Whether the connection, which is lost, was closing already when the call was written on it. */
  #wasClosing(stream: Http2Stream): boolean {
    return wasClosing({
      isReused: this.#isReused,
      hasAnswerBegun: this.#head !== undefined,
      isSecond: this.#isSecond,
      sinceWrittenMs: stream.isSent ? this.#context.upkeep.monotonicMs() - this.#writtenMs : 0,
    });
  }

  #sendSecond(): void {
    this.#isSecond = true;
    this.#channel.wasClosing();
    this.#waitAgain();
  }

  /** The service has surely not processed it. */
  #refused(): void {
    this.#resends += 1;
    if (this.#resends > mostResends) this.#end(errorOf('the service refused the call again and again', 'unavailable'));
    else this.#waitAgain();
  }

  #waitAgain(): void {
    this.#stream = undefined;
    this.#connection = undefined;
    // The one it came by may be forgotten: another call would open another connection beside it.
    this.#channel = this.#way.channel();
    this.#channel.wait(this);
  }

  #timeOut(): void {
    if (this.#isEnded) return;
    const timeoutMs = Math.round(this.#call.timeoutMs);
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#end(errorOf(`no whole answer within ${timeoutMs} ms`, 'unavailable'));
      connection.suspect(this.#begunMs);
      return;
    }
    const { text, health } = this.#channel.obstacle;
    this.#end(errorOf(`no ${text} within ${timeoutMs} ms`, health));
  }

  /** Of the attempt, for people. */
  get #note(): { readonly note?: string } {
    return this.#isSecond ? { note: noteOfClosing(this.#wasSentTwice) } : {};
  }

  /** Once. What is still under way is cancelled, since nobody waits for it; a stream that is over closes by itself. */
  #end({ outcome, health: found }: Judged, isWhole = false): void {
    this.#isEnded = true;
    // A service that has had it once was reached, and it is no longer sure that it was not sent.
    const health = this.#isSecond ? (onceSent.get(found) ?? found) : found;
    this.#timer?.cancel();
    const stream = this.#stream;
    if (stream === undefined) this.#channel.leave(this);
    else if (!isWhole || !stream.isSent) stream.reset(codes.cancel);
    const durationMs = Math.round(this.#context.runtime.monotonicMs() - this.#startedMs);
    process.nextTick(() => {
      this.#way.ended();
      this.#sending.ended({ outcome, durationMs, health, ...this.#note });
    });
  }
}

const onceSent: ReadonlyMap<Health, Health> = new Map([
  ['connect', 'unavailable'],
  ['local', 'ok'],
]);

const withoutStatus = errorOf('the answer ended without a gRPC status', 'unavailable');

function errorOf(message: string, health: Health): Judged {
  return { outcome: { kind: 'error', message, retryAfterMs: 0 }, health };
}
