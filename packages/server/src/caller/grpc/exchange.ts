import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { GrpcTarget } from '@holdfast/core';
import type { BranchCall, Cuttable, Health, Runtime, SendingCall, Timer } from '../../engine/ports.ts';
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

  begin(connection: GrpcConnection): void {
    if (this.#isEnded) return;
    if (!this.#sending.mayGo()) {
      this.#end(errorOf('the call was withdrawn', 'withdrawn'));
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
    this.#begunMs = upkeep.monotonicMs();
    this.#answerBytes = 0;
    this.#listen(stream, connection);
    stream.end(messageOf(this.#call));
  }

  cut(): void {
    if (this.#isEnded) return;
    if (this.#mayHaveRun) this.#end(errorOf('the call was cut while it was out', 'cut'));
    else this.#end(errorOf('the call was withdrawn', 'withdrawn'));
  }

  unconnected(why: string): void {
    this.#end(errorOf(`cannot connect: ${why}`, 'connect'));
  }

  #listen(stream: ClientHttp2Stream, connection: GrpcConnection): void {
    let head: IncomingHttpHeaders = {};
    let why = '';
    stream.on('response', (headers, flags) => {
      connection.heard();
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
      if (connection.isUnprocessed(stream)) this.#sendAgain();
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

  #sendAgain(): void {
    this.#stream = undefined;
    this.#connection = undefined;
    this.#resends += 1;
    if (this.#resends > mostResends) this.#end(errorOf('the service refused the call again and again', 'unavailable'));
    else {
      // The one it came by may be forgotten: another call would open another connection beside it.
      this.#channel = this.#way.channel();
      this.#channel.wait(this);
    }
  }

  #timeOut(): void {
    if (this.#isEnded) return;
    const { timeoutMs } = this.#call;
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
  #end({ outcome, health }: Judged, isWhole = false): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    const stream = this.#stream;
    if (stream === undefined) this.#channel.leave(this);
    else if (!stream.closed && !(isWhole && stream.writableFinished)) stream.close(constants.NGHTTP2_CANCEL);
    const durationMs = Math.round(this.#context.runtime.monotonicMs() - this.#startedMs);
    process.nextTick(() => {
      this.#way.ended();
      this.#sending.ended({ outcome, durationMs, health });
    });
  }
}

const withoutStatus = errorOf('the answer ended without a gRPC status', 'unavailable');

function errorOf(message: string, health: Health): Judged {
  return { outcome: { kind: 'error', message, retryAfterMs: 0 }, health };
}
