import type { Socket } from 'node:net';
import type { Runtime, Timer } from '../../../engine/ports.ts';
import { isFreshEnough } from '../../closing.ts';
import { reasonOf } from '../../failure-reason.ts';
import {
  codeName,
  codes,
  Http2Session,
  type Http2Stream,
  type Incoming,
  type SessionOwner,
  type StreamReader,
} from '../../http2/session.ts';
import type { SenderLimits } from '../limits.ts';
import type { HttpRequest, Wire } from '../wire.ts';
import { requestBlock } from './headers.ts';
import { Http2Wire, type StreamSource, streamWindowBytes } from './wire.ts';

export interface Http2ConnectionParts {
  readonly socket: Socket;
  /** Where the socket reads into. */
  readonly incoming: Incoming;
  readonly limits: SenderLimits;
  /** The machine's time. */
  readonly upkeep: Runtime;
  /** It speaks HTTP/2, and takes calls; or it has ended before that, and says why. Once. */
  opened(why: string | undefined): void;
  /** It takes no calls any more. */
  retired(): void;
}

/** A connection that is closed has so long to write what is on its way. */
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
export class Http2Connection implements StreamSource, SessionOwner {
  readonly #parts: Http2ConnectionParts;
  readonly #session: Http2Session;
  #state: 'opening' | 'open' | 'retired' = 'opening';
  #mostStreams = 0;
  /** Wires that were given out and have not ended. */
  #wires = 0;
  #ended = 0;
  /** Of the last stream that the service may have processed, once it has said so. */
  #processedId = Number.POSITIVE_INFINITY;
  #goawayCode: number = codes.noError;
  #heardMs: number;
  #idle: Timer | undefined;
  #idleSinceMs = 0;
  #farewell: string | undefined;
  #lingering: Timer | undefined;

  constructor(parts: Http2ConnectionParts) {
    this.#parts = parts;
    this.#heardMs = this.nowMs();
    const { answerHeaderBytes } = parts.limits;
    const options = { streamWindowBytes, answerHeaderBytes, foreignWords: 'the service does not speak HTTP/2' };
    this.#session = new Http2Session(parts.socket, parts.incoming, options, this);
  }

  nowMs(): number {
    return this.#parts.upkeep.monotonicMs();
  }

  get farewell(): string | undefined {
    return this.#farewell;
  }

  get isReused(): boolean {
    return this.#ended > 0;
  }

  /** A wire for one call; undefined: no stream is free, or it was idle for too long for such a body. */
  take(bodyBytes: number): Wire | undefined {
    const isUsable = this.#state === 'open' && !this.#session.isEnded;
    if (!isUsable || this.#wires >= this.#mostStreams) return undefined;
    if (this.#wires === 0 && !isFreshEnough(bodyBytes, this.nowMs() - this.#idleSinceMs)) return undefined;
    this.#wires += 1;
    this.#idle?.cancel();
    return new Http2Wire(this);
  }

  request(request: HttpRequest, reader: StreamReader): Http2Stream {
    if (this.#session.isEnded) throw new Error('the service closed it');
    const stream = this.#session.request(requestBlock(request), bodyOf(request), reader);
    stream.onForgotten = this.#streamEnded;
    if (stream.id > lastStreamId) this.retire('it is out of stream ids');
    return stream;
  }

  heard(): void {
    this.#heardMs = this.nowMs();
  }

  /** Where nothing has come since the call began the other end may be gone: others get a new connection. */
  suspect(sinceMs: number): void {
    if (this.#heardMs <= sinceMs) this.retire('nothing was heard of it');
  }

  isUnprocessed(id: number, code: number): boolean {
    return id > this.#processedId || (code === codes.refusedStream && this.#goawayCode === codes.noError);
  }

  free(): void {
    this.#wires -= 1;
    if (this.#wires > 0) return;
    if (this.#state === 'retired') this.#destroy();
    else this.#rest();
  }

  /** It takes no more calls, and closes when those under way have ended. */
  retire(why: string): void {
    if (this.#state === 'retired') return;
    const wasOpening = this.#state === 'opening';
    this.#state = 'retired';
    this.#idle?.cancel();
    if (this.#wires === 0) this.#destroy();
    if (wasOpening) this.#parts.opened(why);
    else this.#parts.retired();
  }

  settings(mostStreams: number): void {
    this.heard();
    this.#mostStreams = mostStreams;
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#rest();
    this.#parts.opened(undefined);
  }

  goaway(code: number, lastId: number): void {
    this.#goawayCode = code;
    this.#processedId = Math.min(this.#processedId, lastId);
    this.#farewell = code === codes.noError ? 'the service is going away' : `the service ended it (${codeName(code)})`;
    this.retire(this.#farewell);
  }

  ended(why: Error | undefined): void {
    this.retire(why === undefined ? 'the service closed it' : reasonOf(why));
    this.#destroy();
  }

  readonly #streamEnded = (): void => {
    this.#ended += 1;
    this.free();
  };

  /** It is closed where no call comes. */
  #rest(): void {
    this.#idle?.cancel();
    this.#idleSinceMs = this.nowMs();
    this.#idle = this.#parts.upkeep.setTimer(this.#parts.limits.idleMs, () => this.retire('it was not used'));
  }

  #destroy(): void {
    const { socket, upkeep } = this.#parts;
    this.#session.close();
    if (socket.destroyed || this.#lingering !== undefined) return;
    // A service that reads no more would keep what is still to be written, and the descriptor.
    this.#lingering = upkeep.setTimer(lingerMs, () => this.#session.destroy('it is closed'));
    socket.once('close', () => this.#lingering?.cancel());
  }
}

function bodyOf({ method, body }: HttpRequest): Buffer {
  if (method === 'GET') return nothing;
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

const nothing = Buffer.alloc(0);
