import { constants, type ServerHttp2Stream } from 'node:http2';
import type { GrpcSettings } from './settings.ts';

export type StreamLimits = Pick<
  GrpcSettings,
  'messageLimitBytes' | 'messageBudgetBytes' | 'requestTimeoutMs' | 'sendTimeoutMs'
>;

/** What a call that is not whole takes, beside what is counted of it. */
const callBytes = 16 * 1024;
/** What surrounds a message. */
const frameBytes = 16 * 1024;
/** An answer of this much, which Node counts twice, is sent whole or not at all; of a larger one it is the least progress. */
const pieceBytes = 16 * 1024;
const sweepMs = 1000;

/**
 * Limits that hold for calls from below: how much is being received, over all connections, and for how long nothing may
 * come or go. A call beyond them is cut off.
 */
export class Streams {
  readonly #limits: StreamLimits;
  readonly #open = new Set<CallWatch>();
  readonly #sweep: NodeJS.Timeout;
  #receivingBytes = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
    this.#sweep = setInterval(() => this.#cutSlow(), Math.min(sweepMs, limits.requestTimeoutMs, limits.sendTimeoutMs));
    this.#sweep.unref();
  }

  /** Bytes of messages that are not whole yet, or are being decompressed. */
  get receivingBytes(): number {
    return this.#receivingBytes;
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  /** Watches a call from its beginning to its end. */
  watch(stream: ServerHttp2Stream): CallWatch {
    const watch = new CallWatch(stream, this);
    this.#open.add(watch);
    watch.received(callBytes);
    return watch;
  }

  /** Whether so much more fits for a call that has received so much. */
  takes(bytes: number, receivedBytes: number): boolean {
    const { messageLimitBytes, messageBudgetBytes } = this.#limits;
    this.#receivingBytes += bytes;
    // One message being unpacked, and the packed one.
    return (
      receivedBytes <= callBytes + frameBytes + 2 * messageLimitBytes && this.#receivingBytes <= messageBudgetBytes
    );
  }

  forget(watch: CallWatch): void {
    this.#open.delete(watch);
  }

  #cutSlow(): void {
    const nowMs = performance.now();
    const { requestTimeoutMs, sendTimeoutMs } = this.#limits;
    for (const watch of this.#open) {
      const isSlow = !watch.hasArrived && nowMs - watch.startedMs > requestTimeoutMs;
      if (isSlow || watch.unsentMs(nowMs) > sendTimeoutMs) watch.cut(constants.NGHTTP2_CANCEL);
    }
  }
}

/** One call, as the limits see it. */
export class CallWatch {
  readonly startedMs = performance.now();
  readonly #stream: ServerHttp2Stream;
  readonly #streams: Streams;
  /** That count while the request is not whole. */
  #receivedBytes = 0;
  #isUnfinished = true;
  #hasArrived = false;
  /** What was left to send, and what its connection had sent, when either last changed, and since when. */
  #unsentBytes = 0;
  #sentBytes = 0;
  #unsentSinceMs = this.startedMs;

  constructor(stream: ServerHttp2Stream, streams: Streams) {
    this.#stream = stream;
    this.#streams = streams;
  }

  /** The client has sent all of its request, or has its answer. */
  get hasArrived(): boolean {
    return this.#hasArrived;
  }

  arrived(): void {
    this.#hasArrived = true;
  }

  /** So many bytes more take memory, or less of them. False: too many, and the call was cut off. */
  received(bytes: number): boolean {
    if (!this.#isUnfinished) return true;
    this.#receivedBytes += bytes;
    if (this.#streams.takes(bytes, this.#receivedBytes) || bytes < 0) return true;
    // Clients are told RESOURCE_EXHAUSTED.
    this.cut(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }

  /** The request is here: from now on its call counts, or nobody reads it any more. */
  isWhole(): void {
    if (!this.#isUnfinished) return;
    this.#isUnfinished = false;
    this.#streams.takes(-this.#receivedBytes, 0);
    this.#receivedBytes = 0;
  }

  /** What still comes is not kept. */
  answered(): void {
    this.#hasArrived = true;
    this.isWhole();
  }

  closed(): void {
    this.isWhole();
    this.#streams.forget(this);
  }

  cut(code: number): void {
    this.isWhole();
    this.#stream.close(code);
  }

  /** For how long nothing of an answer was taken. */
  unsentMs(nowMs: number): number {
    const { bufferSize, session } = this.#stream;
    // A large answer is one piece to Node: that it moves shows only in what its connection sends, beside pings and others.
    const sentBytes = bufferSize <= 2 * pieceBytes ? 0 : (session?.socket.bytesWritten ?? 0);
    const isMoving = bufferSize !== this.#unsentBytes || sentBytes - this.#sentBytes >= pieceBytes;
    if (bufferSize === 0 || isMoving) {
      this.#unsentBytes = bufferSize;
      this.#sentBytes = sentBytes;
      this.#unsentSinceMs = nowMs;
    }
    return nowMs - this.#unsentSinceMs;
  }
}
