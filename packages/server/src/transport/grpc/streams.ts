import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { GrpcSettings } from './settings.ts';

export type StreamLimits = Pick<
  GrpcSettings,
  'messageLimitBytes' | 'messageBudgetBytes' | 'requestTimeoutMs' | 'sendTimeoutMs'
>;

/** One call on a connection, as it is seen from below. */
interface Watched {
  readonly stream: ServerHttp2Stream;
  readonly startedMs: number;
  /** Of a request that is not whole yet; undefined once it is. */
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
    const { stream } = message as { stream: ServerHttp2Stream };
    if (stream.session?.socket.localPort !== this.#port) return;
    const startedMs = performance.now();
    const watched: Watched = {
      stream,
      startedMs,
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
    this.#fresh.push(watched);
    if (this.#fresh.length === 1) setImmediate(() => this.#watchUnfinished());
  };

  /** Most requests are whole by now. Of the others what comes is counted; who reads them has begun to. */
  #watchUnfinished(): void {
    for (const watched of this.#fresh.splice(0)) {
      const { stream } = watched;
      if (stream.readableEnded || stream.destroyed) {
        watched.receivedBytes = undefined;
        continue;
      }
      this.#count(watched, callBytes);
      stream.on('data', (chunk: Buffer) => this.#count(watched, chunk.length));
      stream.once('end', () => this.#received(watched));
    }
  }

  #count(watched: Watched, bytes: number): void {
    if (watched.receivedBytes === undefined) return;
    watched.receivedBytes += bytes;
    this.#receivingBytes += bytes;
    const { messageLimitBytes, messageBudgetBytes } = this.#limits;
    const isOver =
      watched.receivedBytes > callBytes + frameBytes + messageLimitBytes || this.#receivingBytes > messageBudgetBytes;
    // Clients are told RESOURCE_EXHAUSTED.
    if (isOver) this.#cut(watched, constants.NGHTTP2_ENHANCE_YOUR_CALM);
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
      const isSlow = watched.receivedBytes !== undefined && nowMs - watched.startedMs > requestTimeoutMs;
      if (isSlow || this.#unsentMs(watched, nowMs) > sendTimeoutMs) this.#cut(watched, constants.NGHTTP2_CANCEL);
    }
  }

  /** For how long nothing of an answer was taken. */
  #unsentMs(watched: Watched, nowMs: number): number {
    const { bufferSize, session } = watched.stream;
    // A large answer is one piece to Node: that it moves shows only in what its connection sends.
    const sentBytes = bufferSize === 0 ? 0 : (session?.socket.bytesWritten ?? 0);
    if (bufferSize === 0 || bufferSize !== watched.unsentBytes || sentBytes !== watched.sentBytes) {
      watched.unsentBytes = bufferSize;
      watched.sentBytes = sentBytes;
      watched.unsentSinceMs = nowMs;
    }
    return nowMs - watched.unsentSinceMs;
  }
}
