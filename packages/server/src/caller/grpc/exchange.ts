import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { GrpcTarget } from '@holdfast/core';
import type { BranchCall, Cuttable, Health, Runtime, SendingCall, Timer } from '../../engine/ports.ts';
import { wasClosing } from '../closing.ts';
import type { DialFailure } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
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
export class GrpcExchange implements WaitingCall, Cuttable {
  readonly #context: GrpcExchangeContext;
  readonly #sending: SendingCall;
  readonly #call: BranchCall;
  readonly #target: GrpcTarget;
  readonly #way: GrpcWay;
  #channel: GrpcChannel;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  /** Of the stream under way: undefined while it waits. */
  #stream: ClientHttp2Stream | undefined;
  #connection: GrpcConnection | undefined;
  #begunMs = 0;
  #writtenMs = 0;
  #isReused = false;
  #hasAnswerBegun = false;
  /** The connection was closing when it was written: it goes a second time, and no third. */
  #isSecond = false;
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
    const { runtime, upkeep, userAgent } = this.#context;
    const leftMs = this.#call.timeoutMs - (runtime.monotonicMs() - this.#startedMs);
    let stream: ClientHttp2Stream;
    try {
      stream = connection.request(requestHeaders(this.#call, this.#target, leftMs, userAgent));
    } catch (error) {
      this.#end(errorOf(`the call cannot be sent: ${reasonOf(error)}`, 'ok'));
      return;
    }
    this.#stream = stream;
    this.#connection = connection;
    this.#begunMs = this.#writtenMs = upkeep.monotonicMs();
    this.#isReused = connection.hasServed;
    this.#answerBytes = 0;
    this.#listen(stream, connection);
    const message = messageOf(this.#call);
    // Less than this is written at once.
    if (message.length > windowBytes) {
      stream.once('finish', () => {
        this.#writtenMs = upkeep.monotonicMs();
      });
    }
    stream.end(message);
  }

  cut(): void {
    if (this.#isEnded) return;
    if (this.#mayHaveRun) this.#end(errorOf('the call was cut while it was out', 'cut'));
    else this.#end(errorOf('the call was withdrawn', 'withdrawn'));
  }

  unconnected({ message, isLocal }: DialFailure): void {
    this.#end(errorOf(`cannot connect: ${message}`, isLocal ? 'local' : 'connect'));
  }

  #listen(stream: ClientHttp2Stream, connection: GrpcConnection): void {
    let head: IncomingHttpHeaders = {};
    let why = '';
    stream.on('response', (headers, flags) => {
      connection.heard();
      this.#hasAnswerBegun = true;
      head = headers;
      const judged = judgeHead(headers, this.#context.runtime.wallMs());
      if (judged !== undefined) this.#judge(judged);
      else if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
        this.#judge(judgeStatus(headers) ?? withoutStatus, true);
    });
    stream.on('data', (chunk: Buffer) => {
      connection.heard();
      this.#data(chunk);
    });
    stream.on('trailers', (trailers) => this.#judge(judgeStatus(trailers) ?? withoutStatus, true));
    stream.on('error', (error) => {
      why = reasonOf(error);
    });
    stream.on('close', () => {
      if (this.#isEnded || this.#stream !== stream) return;
      if (connection.isUnprocessed(stream)) this.#refused();
      else if (connection.isLost && this.#wasClosing(stream)) this.#sendSecond();
      else if (why !== '') this.#end(errorOf(`the call was broken off: ${why}`, 'unavailable'));
      else if (stream.rstCode !== 0)
        this.#end(errorOf(`the service reset the call (${stream.rstCode})`, 'unavailable'));
      else this.#end(judgeStatus(head) ?? withoutStatus);
    });
  }

  #data(chunk: Buffer): void {
    this.#answerBytes += chunk.length;
    const { answerBytes } = this.#context.limits;
    if (this.#answerBytes <= answerBytes) return;
    this.#judge(errorOf(`the answer is longer than ${answerBytes} bytes and was not read to its end`, 'ok'));
  }

  /** @param isWhole the service has sent all it had to */
  #judge(judged: Judged, isWhole = false): void {
    if (!this.#isEnded) this.#end(judged, isWhole);
  }

  /** Whether the connection, which is lost, was closing already when the call was written on it. */
  #wasClosing(stream: ClientHttp2Stream): boolean {
    const sinceWrittenMs = stream.writableFinished ? this.#context.upkeep.monotonicMs() - this.#writtenMs : 0;
    const [isSecond, hasAnswerBegun, isReused] = [this.#isSecond, this.#hasAnswerBegun, this.#isReused];
    return wasClosing({ isSecond, hasAnswerBegun, isReused, sinceWrittenMs });
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

  /** Once. What is still under way is cancelled, since nobody waits for it; a stream that is over closes by itself. */
  #end({ outcome, health: found }: Judged, isWhole = false): void {
    this.#isEnded = true;
    // A service that has had it once was reached, and it is no longer sure that it was not sent.
    const health = this.#isSecond ? (onceSent.get(found) ?? found) : found;
    this.#timer?.cancel();
    const stream = this.#stream;
    if (stream === undefined) this.#channel.leave(this);
    else if (!stream.closed && !(isWhole && stream.writableFinished)) stream.close(constants.NGHTTP2_CANCEL);
    const durationMs = Math.round(this.#context.runtime.monotonicMs() - this.#startedMs);
    process.nextTick(() => {
      this.#way.ended();
      this.#sending.ended({ outcome, durationMs, health, ...(this.#isSecond && { note: sentTwice }) });
    });
  }
}

/** What a connection takes at least without a word of the service. */
const windowBytes = 16 * 1024;

const onceSent: ReadonlyMap<Health, Health> = new Map([
  ['connect', 'unavailable'],
  ['local', 'ok'],
]);

const sentTwice =
  'sent twice: the service was closing the connection when the call was written on it, and had answered nothing';

const withoutStatus = errorOf('the answer ended without a gRPC status', 'unavailable');

function errorOf(message: string, health: Health): Judged {
  return { outcome: { kind: 'error', message, retryAfterMs: 0 }, health };
}
