import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import type { Runtime, Timer } from '../../../engine/ports.ts';
import { isFreshEnough } from '../../closing.ts';
import { reasonOf } from '../../failure-reason.ts';
import type { SenderLimits } from '../limits.ts';
import type { HttpRequest, Wire } from '../wire.ts';
import { streamHeaders } from './headers.ts';
import { Http2Wire, type StreamSource } from './wire.ts';

export interface Http2SessionParts {
  readonly origin: string;
  readonly socket: Socket;
  readonly limits: SenderLimits;
  /** The machine's time. */
  readonly upkeep: Runtime;
  /** It speaks HTTP/2, and takes calls; or it has ended before that, and says why. Once. */
  opened(why: string | undefined): void;
  /** It takes no calls any more. */
  retired(): void;
}

/** What is closed, a stream or the connection, has so long to write what is on its way. */
const lingerMs = 1000;
/** Beyond it a connection is out of stream ids soon. */
const lastStreamId = 2 ** 30;

/**
 * One connection of HTTP/2 with its streams, one a call.
 *
 * - `opening`: until the settings of the service are here. What fails up to then was surely not sent.
 * - `open`: takes calls while the service takes more streams.
 * - `retired`: takes no more: the service goes away (GOAWAY), it was not used, or it broke. It closes with its last call.
 */
export class Http2Session implements StreamSource {
  readonly #parts: Http2SessionParts;
  readonly #session: ClientHttp2Session;
  #state: 'opening' | 'open' | 'retired' = 'opening';
  #mostStreams = 0;
  /** Wires that were given out and have not ended. */
  #wires = 0;
  #ended = 0;
  /** Of the last stream that the service may have processed, once it has said so. */
  #processedId = Number.POSITIVE_INFINITY;
  #goawayCode: number = constants.NGHTTP2_NO_ERROR;
  #heardMs: number;
  #idle: Timer | undefined;
  #idleSinceMs = 0;
  #why = 'the service closed it';

  constructor(parts: Http2SessionParts) {
    this.#parts = parts;
    this.#heardMs = this.nowMs();
    this.#session = connect(parts.origin, {
      createConnection: () => parts.socket,
      settings: { enablePush: false, maxHeaderListSize: parts.limits.answerHeaderBytes },
      // What is on its way out is bounded by the calls in flight; beyond this node would refuse streams.
      maxSessionMemory: 1024,
    });
    this.#listen();
  }

  nowMs(): number {
    return this.#parts.upkeep.monotonicMs();
  }

  get endedBy(): string | undefined {
    return this.#session.destroyed ? this.#why : undefined;
  }

  get isReused(): boolean {
    return this.#ended > 0;
  }

  /** A wire for one call; undefined: no stream is free, or it was idle for too long for such a body. */
  take(bodyBytes: number): Wire | undefined {
    const isUsable = this.#state === 'open' && !this.#session.closed && !this.#session.destroyed;
    if (!isUsable || this.#wires >= this.#mostStreams) return undefined;
    if (this.#wires === 0 && !isFreshEnough(bodyBytes, this.nowMs() - this.#idleSinceMs)) return undefined;
    this.#wires += 1;
    this.#idle?.cancel();
    return new Http2Wire(this);
  }

  request(request: HttpRequest): ClientHttp2Stream {
    const hasBody = request.method === 'POST';
    const stream = this.#session.request(streamHeaders(request), { endStream: !hasBody });
    if ((stream.id ?? 0) > lastStreamId) this.retire();
    return stream;
  }

  heard(): void {
    this.#heardMs = this.nowMs();
  }

  /** Where nothing has come since the call began the other end may be gone: others get a new connection. */
  suspect(sinceMs: number): void {
    if (this.#heardMs <= sinceMs) this.retire();
  }

  abandon(stream: ClientHttp2Stream): void {
    // Its reset waits behind what the service does not read.
    const lingering = this.#parts.upkeep.setTimer(lingerMs, () => stream.destroy());
    stream.once('close', () => lingering.cancel());
  }

  isUnprocessed({ id, rstCode }: Pick<ClientHttp2Stream, 'id' | 'rstCode'>): boolean {
    if (id !== undefined && id > this.#processedId) return true;
    return rstCode === constants.NGHTTP2_REFUSED_STREAM && this.#goawayCode === constants.NGHTTP2_NO_ERROR;
  }

  free(wasUsed: boolean): void {
    this.#wires -= 1;
    if (wasUsed) this.#ended += 1;
    if (this.#wires > 0) return;
    if (this.#state === 'retired') this.#destroy();
    else this.#rest();
  }

  /** It takes no more calls, and closes when those under way have ended. */
  retire(): void {
    if (this.#state === 'retired') return;
    const wasOpening = this.#state === 'opening';
    this.#state = 'retired';
    this.#idle?.cancel();
    if (this.#wires === 0) this.#destroy();
    if (wasOpening) this.#parts.opened(this.#why);
    else this.#parts.retired();
  }

  #listen(): void {
    const session = this.#session;
    session.on('remoteSettings', ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }) => {
      this.heard();
      this.#mostStreams = maxConcurrentStreams;
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      this.#rest();
      this.#parts.opened(undefined);
    });
    session.on('goaway', (code: number, lastId: number) => {
      this.#goawayCode = code;
      this.#processedId = Math.min(this.#processedId, lastId);
      this.#why = 'the service is going away';
      this.retire();
    });
    session.on('error', (error) => {
      this.#why = reasonOf(error);
      this.retire();
    });
    session.on('close', () => this.retire());
  }

  /** It is closed where no call comes. */
  #rest(): void {
    this.#idle?.cancel();
    this.#idleSinceMs = this.nowMs();
    this.#idle = this.#parts.upkeep.setTimer(this.#parts.limits.idleMs, () => this.retire());
  }

  #destroy(): void {
    if (!this.#session.destroyed) this.#session.destroy();
    const { socket, upkeep } = this.#parts;
    if (socket.destroyed) return;
    socket.destroySoon();
    // A service that reads no more would keep what is still to be written, and the descriptor.
    const lingering = upkeep.setTimer(lingerMs, () => socket.destroy());
    socket.once('close', () => lingering.cancel());
  }
}
