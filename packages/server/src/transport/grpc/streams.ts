import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { GrpcSettings } from './settings.ts';

export type StreamLimits = Pick<
  GrpcSettings,
  'messageLimitBytes' | 'messageBudgetBytes' | 'requestTimeoutMs' | 'sendTimeoutMs'
>;

/** One call on a connection, as it is seen from below. */
interface Watched {
  readonly stream: ServerHttp2Stream;
  readonly startedMs: number;
  /** What a byte that comes may take: one of a compressed message is unpacked to many. */
  readonly weight: number;
  /** Of a request that is not whole yet, or compressed; undefined once it is. */
  receivedBytes: number | undefined;
  /** What was left to send, and what its connection had sent, when either last changed, and since when. */
  unsentBytes: number;
  sentBytes: number;
  unsentSinceMs: number;
}

/** Node tells of every HTTP/2 stream that it serves. */
const channel = 'http2.server.stream.created';

/** What a call that is not whole takes, beside what is counted of it. */
const callBytes = 16 * 1024;
/** What surrounds a message. */
const frameBytes = 16 * 1024;
/** The most that gzip and deflate pack into a byte. */
const mostPacked = 1032;
/** An answer of this much, which Node counts twice, is sent whole or not at all; of a larger one it is the least progress. */
const pieceBytes = 16 * 1024;
const sweepMs = 1000;

/**
 * Limits that hold below what speaks gRPC, which gathers a message until it is whole and sends until it is taken: how
 * much is being received, over all connections, and for how long nothing may come or go. A call beyond them is cut off.
 */
export class Streams {
  readonly #limits: StreamLimits;
  readonly #port: number;
  readonly #open = new Set<Watched>();
  readonly #sweep: NodeJS.Timeout;
  #fresh: Watched[] = [];
  #receivingBytes = 0;

  /** @param port local, by which the streams are known */
  constructor(limits: StreamLimits, port: number) {
    this.#limits = limits;
    this.#port = port;
    subscribe(channel, this.#began);
    this.#sweep = setInterval(() => this.#cutSlow(), Math.min(sweepMs, limits.requestTimeoutMs, limits.sendTimeoutMs));
    this.#sweep.unref();
  }

  /** Bytes of messages that are not whole yet. */
  get receivingBytes(): number {
    return this.#receivingBytes;
  }

  stop(): void {
    unsubscribe(channel, this.#began);
    clearInterval(this.#sweep);
  }

  readonly #began = (message: unknown): void => {
    const { stream, headers } = message as { stream: ServerHttp2Stream; headers: IncomingHttpHeaders };
    if (stream.session?.socket.localPort !== this.#port) return;
    const startedMs = performance.now();
    const isPacked = (headers['grpc-encoding'] ?? 'identity') !== 'identity';
    const watched: Watched = {
      stream,
      startedMs,
      weight: isPacked ? mostPacked : 1,
      receivedBytes: 0,
      unsentBytes: 0,
      sentBytes: 0,
      unsentSinceMs: startedMs,
    };
    this.#open.add(watched);
    stream.once('close', () => {
      this.#open.delete(watched);
      this.#received(watched);
    });
    // Who reads it begins to in this tick, so that nothing of it is missed.
    if (isPacked) queueMicrotask(() => this.#watch(watched));
    else this.#fresh.push(watched);
    if (this.#fresh.length === 1) setImmediate(() => this.#watchUnfinished());
  };

  /** Most requests are whole by now. Of the others what comes is counted; who reads them has begun to. */
  #watchUnfinished(): void {
    for (const watched of this.#fresh.splice(0)) this.#watch(watched);
  }

  #watch(watched: Watched): void {
    const { stream, weight } = watched;
    if (stream.readableEnded || stream.destroyed) {
      watched.receivedBytes = undefined;
      return;
    }
    this.#count(watched, callBytes);
    // Told first, so that what is cut off is not unpacked, and what is whole does not count here when it is handled.
    stream.prependListener('data', (chunk: Buffer) => this.#count(watched, chunk.length * weight));
    // When it is unpacked shows nowhere: what it may take is counted until its call is over.
    if (weight === 1) stream.prependOnceListener('end', () => this.#received(watched));
  }

  #count(watched: Watched, bytes: number): void {
    if (watched.receivedBytes === undefined) return;
    const { messageLimitBytes, messageBudgetBytes } = this.#limits;
    const mostBytes = callBytes + frameBytes * watched.weight + messageLimitBytes;
    const receivedBytes = watched.receivedBytes + bytes;
    // A compressed message may be larger than its limit only as far as it has not been unpacked yet.
    const counted = watched.weight === 1 ? receivedBytes : Math.min(receivedBytes, mostBytes);
    this.#receivingBytes += counted - watched.receivedBytes;
    watched.receivedBytes = counted;
    // Clients are told RESOURCE_EXHAUSTED.
    if (counted > mostBytes || this.#receivingBytes > messageBudgetBytes) {
      this.#cut(watched, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  #received(watched: Watched): void {
    this.#receivingBytes -= watched.receivedBytes ?? 0;
    watched.receivedBytes = undefined;
  }

  #cut(watched: Watched, code: number): void {
    this.#received(watched);
    watched.stream.close(code);
  }

  #cutSlow(): void {
    const nowMs = performance.now();
    const { requestTimeoutMs, sendTimeoutMs } = this.#limits;
    for (const watched of this.#open) {
      const isUnfinished = watched.receivedBytes !== undefined && !watched.stream.readableEnded;
      const isSlow = isUnfinished && nowMs - watched.startedMs > requestTimeoutMs;
      if (isSlow || this.#unsentMs(watched, nowMs) > sendTimeoutMs) this.#cut(watched, constants.NGHTTP2_CANCEL);
    }
  }

  /** For how long nothing of an answer was taken. */
  #unsentMs(watched: Watched, nowMs: number): number {
    const { bufferSize, session } = watched.stream;
    // A large answer is one piece to Node: that it moves shows only in what its connection sends, beside pings and others.
    const sentBytes = bufferSize <= 2 * pieceBytes ? 0 : (session?.socket.bytesWritten ?? 0);
    const isMoving = bufferSize !== watched.unsentBytes || sentBytes - watched.sentBytes >= pieceBytes;
    if (bufferSize === 0 || isMoving) {
      watched.unsentBytes = bufferSize;
      watched.sentBytes = sentBytes;
      watched.unsentSinceMs = nowMs;
    }
    return nowMs - watched.unsentSinceMs;
  }
}
