import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Runtime, Timer } from '../../engine/ports.ts';
import { reasonOf } from '../failure-reason.ts';
import { connectMs, type GrpcLimits, idleCheckMs, mostPings } from './limits.ts';

/** Why a call still waits: there is no such thing yet. */
export interface Obstacle {
  readonly text: string;
  /** What it says about the destination. */
  readonly health: 'connect' | 'unavailable';
}

/** Whoever a connection tells what becomes of it; each is told after the call that caused it has returned. */
export interface ConnectionOwner {
  /** It is there, or a stream is free again. */
  ready(connection: GrpcConnection): void;
  /** It takes no new calls any more. `unconnected` says why, where it never took one. */
  retired(connection: GrpcConnection, unconnected: string | undefined): void;
}

export interface ConnectionParts {
  /** For the session, such as `http://host:port`. */
  readonly url: string;
  /** The machine's time, never that of a clock moved by hand. */
  readonly upkeep: Runtime;
  readonly limits: GrpcLimits;
  readonly owner: ConnectionOwner;
  open(): Socket;
}

/** Beyond it a connection is out of stream ids soon. */
const lastStreamId = 2 ** 30;

/**
 * One HTTP/2 connection with its streams.
 *
 * - `connecting`: until the service's settings are here, which say that it speaks HTTP/2 and how many streams it takes.
 *   What fails up to then was surely not sent.
 * - `open`: streams begin while the service takes more.
 * - `checking`: nothing was heard of it where something was due; streams begin again once it has answered a ping.
 * - `retired`: no stream begins any more, because it went away (GOAWAY), broke, or was given up; those that are under
 *   way end, and then it is closed.
 */
export class GrpcConnection {
  readonly #parts: ConnectionParts;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  #state: 'connecting' | 'open' | 'checking' | 'retired' = 'connecting';
  #streams = 0;
  /** A stream has begun on it. */
  #isUsed = false;
  #mostStreams = 0;
  /** Of the last stream that the service may have processed, once it has said so. */
  #processedId = Number.POSITIVE_INFINITY;
  #goawayCode = constants.NGHTTP2_NO_ERROR;
  #heardMs: number;
  #usedMs: number;
  #pings = 0;
  #pong: Timer | undefined;
  #timer: Timer;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#socket = parts.open();
    this.#session = connect(parts.url, {
      createConnection: () => this.#socket,
      settings: { enablePush: false, maxHeaderListSize: parts.limits.answerHeaderBytes },
      // What is on its way out is bounded by the calls in flight; beyond this node would refuse streams.
      maxSessionMemory: 1024,
    });
    this.#heardMs = this.#usedMs = parts.upkeep.monotonicMs();
    this.#timer = parts.upkeep.setTimer(connectMs, () => this.#giveUp(`no connection within ${connectMs} ms`));
    this.#listen();
  }

  /** Whether a stream may begin now. A connection that has been silent for long is asked first whether it is there. */
  takesCall(): boolean {
    if (this.#state !== 'open' || this.#streams >= this.#mostStreams) return false;
    if (this.#session.closed || this.#session.destroyed) return false;
    const silentMs = this.#parts.upkeep.monotonicMs() - this.#heardMs;
    if (this.#streams > 0 || silentMs < this.#parts.limits.grpcKeepaliveMs) return true;
    this.#ping(Math.min(idleCheckMs, this.#parts.limits.grpcKeepaliveTimeoutMs));
    return false;
  }

  get isConnected(): boolean {
    return this.#state === 'open' || this.#state === 'checking';
  }

  get streams(): number {
    return this.#streams;
  }

  /** What a call that waits for it waits for. */
  get obstacle(): Obstacle {
    switch (this.#state) {
      case 'open':
        return { text: `free stream (the service takes ${this.#mostStreams} at once)`, health: 'unavailable' };
      case 'checking':
        return { text: 'answer to a ping on its connection', health: 'unavailable' };
      case 'connecting':
      case 'retired':
        return { text: 'connection', health: 'connect' };
      default:
        return this.#state satisfies never;
    }
  }

  /**
   * Begins a stream, which takes a place until it is closed.
   * @throws where it cannot begin; nothing was sent then
   */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: false });
    this.#streams += 1;
    this.#isUsed = true;
    this.#usedMs = this.#parts.upkeep.monotonicMs();
    stream.once('close', () => this.#ended());
    if ((stream.id ?? 0) > lastStreamId) this.retire('it is out of stream ids');
    return stream;
  }

  /** Something of a call has arrived. */
  heard(): void {
    this.#pings = 0;
    this.#isThere();
  }

  /** A call has timed out: has anything been heard since it began? Where not, the connection must answer or go. */
  suspect(sinceMs: number): void {
    if (this.#heardMs > sinceMs || !this.isConnected) return;
    if (this.#pings < mostPings) this.#ping(this.#parts.limits.grpcKeepaliveTimeoutMs);
    else this.retire('nothing was heard of it');
  }

  /** Whether the service has said, by a refusal or by going away, that it has not processed a stream. */
  isUnprocessed({ id, rstCode }: Pick<ClientHttp2Stream, 'id' | 'rstCode'>): boolean {
    if (id !== undefined && id > this.#processedId) return true;
    return rstCode === constants.NGHTTP2_REFUSED_STREAM && this.#goawayCode === constants.NGHTTP2_NO_ERROR;
  }

  /** Takes no more calls, and closes when those under way have ended; at once where none are, or it never was there. */
  retire(why: string): void {
    if (this.#state === 'retired') return;
    // Whoever waits for it is told, and opens no other at once: the next one would most likely be as useless.
    const unconnected = this.#isUsed ? undefined : why;
    this.#state = 'retired';
    this.#timer.cancel();
    this.#pong?.cancel();
    if (this.#streams === 0) this.#destroy();
    process.nextTick(() => this.#parts.owner.retired(this, unconnected));
  }

  #listen(): void {
    const session = this.#session;
    session.on('remoteSettings', ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }) => {
      this.#mostStreams = maxConcurrentStreams;
      this.heard();
      if (this.#state === 'connecting') {
        this.#state = 'open';
        this.#timer.cancel();
        this.#watch();
      }
      this.#tellReady();
    });
    session.on('goaway', (code: number, lastId: number) => {
      this.#goawayCode = code;
      this.#processedId = Math.min(this.#processedId, lastId);
      this.retire(code === constants.NGHTTP2_NO_ERROR ? 'the service is going away' : `the service ended it (${code})`);
    });
    session.on('error', (error) => this.#giveUp(reasonOf(error)));
    session.on('close', () => this.#giveUp('the service closed it'));
  }

  /** Looks after it from time to time: asks whether it is still there while calls wait, closes it where none come. */
  #watch(): void {
    const { upkeep, limits } = this.#parts;
    const everyMs = Math.min(limits.grpcKeepaliveMs, limits.grpcIdleMs);
    this.#timer = upkeep.setTimer(everyMs, () => {
      const nowMs = upkeep.monotonicMs();
      if (this.#streams === 0 && nowMs - this.#usedMs >= limits.grpcIdleMs) {
        this.retire('it was not used');
        return;
      }
      const isSilent = this.#streams > 0 && nowMs - Math.max(this.#heardMs, this.#usedMs) >= limits.grpcKeepaliveMs;
      if (isSilent && this.#pings < mostPings) this.#ping(limits.grpcKeepaliveTimeoutMs);
      this.#watch();
    });
  }

  #ping(timeoutMs: number): void {
    if (this.#pong !== undefined || this.#session.destroyed) return;
    const { upkeep } = this.#parts;
    this.#state = 'checking';
    this.#pings += 1;
    this.#pong = upkeep.setTimer(timeoutMs, () => {
      this.#giveUp(`no answer to a ping within ${timeoutMs} ms`);
      // Nobody may read what is still to be written, and it would wait for as long as the other end stands still.
      this.#socket.destroy();
    });
    const isSent = this.#session.ping((error) => {
      if (error !== null || this.#state === 'retired') return;
      this.#isThere();
    });
    if (!isSent) this.#giveUp('it takes no ping');
  }

  /** It has answered something. */
  #isThere(): void {
    this.#heardMs = this.#parts.upkeep.monotonicMs();
    this.#pong?.cancel();
    this.#pong = undefined;
    if (this.#state !== 'checking') return;
    this.#state = 'open';
    this.#tellReady();
  }

  /** It is broken, or taken for it: its streams end now. */
  #giveUp(why: string): void {
    this.retire(why);
    this.#destroy();
  }

  #destroy(): void {
    if (!this.#session.destroyed) this.#session.destroy();
    // Not left to the other end: where that is gone the socket would stay for many minutes.
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #ended(): void {
    this.#streams -= 1;
    this.#usedMs = this.#parts.upkeep.monotonicMs();
    if (this.#state === 'retired') {
      if (this.#streams === 0) this.#destroy();
    } else this.#tellReady();
  }

  #tellReady(): void {
    this.#parts.owner.ready(this);
  }
}
