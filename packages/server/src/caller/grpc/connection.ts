import type { GrpcTarget } from '@holdfast/core';
import type { Runtime, Timer } from '../../engine/ports.ts';
import { isFreshEnough } from '../closing.ts';
import type { Dialed, Dialer, DialFailure, Dialing } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
import {
  codeName,
  codes,
  frameBytes,
  Http2Session,
  type Http2Stream,
  Incoming,
  type SessionOptions,
  type SessionOwner,
  type StreamReader,
} from '../http2/session.ts';
import { type GrpcLimits, idleCheckMs, mostPings } from './limits.ts';

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
  retired(connection: GrpcConnection, unconnected: DialFailure | undefined): void;
  /** Its service closes connections behind its answers: calls want one that has served none. */
  wantsFresh(): boolean;
}

export interface ConnectionParts {
  readonly target: GrpcTarget;
  readonly dialer: Dialer;
  /** The machine's time, never that of a clock moved by hand. */
  readonly upkeep: Runtime;
  readonly limits: GrpcLimits;
  readonly owner: ConnectionOwner;
}

/** A connection that is closed has so long to write what is on its way. */
const lingerMs = 1000;
/** Beyond it a connection is out of stream ids soon. */
const lastStreamId = 2 ** 30;

/**
 * One HTTP/2 connection with its streams.
 *
 * - `dialing`: until there is a socket. `greeting`: until the service's settings are here, which say that it speaks HTTP/2 and
 *   how many streams it takes. What fails up to then was surely not sent. It has no time-out of its own: it is given up with
 *   the last call that waits for it.
 * - `open`: streams begin while the service takes more.
 * - `checking`: nothing was heard of it where something was due; streams begin again once it has answered a ping.
 * - `retired`: no stream begins any more, because it went away (GOAWAY), broke, or was given up; those that are under
 *   way end, and then it is closed.
 */
export class GrpcConnection implements SessionOwner {
  readonly #parts: ConnectionParts;
  readonly #dialing: Dialing;
  #session: Http2Session | undefined;
  #state: 'dialing' | 'greeting' | 'open' | 'checking' | 'retired' = 'dialing';
  #streams = 0;
  /** A stream has begun on it. */
  #isUsed = false;
  #hasServed = false;
  #mostStreams = 0;
  /** Of the last stream that the service may have processed, once it has said so. */
  #processedId = Number.POSITIVE_INFINITY;
  #goawayCode = codes.noError as number;
  #heardMs: number;
  #usedMs: number;
  #pings = 0;
  #pong: Timer | undefined;
  #timer: Timer | undefined;
  #lingering: Timer | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#heardMs = this.#usedMs = parts.upkeep.monotonicMs();
    const { target, dialer } = parts;
    const { hostname, port } = new URL(`http://${target.authority}`);
    const request = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port === '' ? 80 : port),
      tls: target.isTls ? { alpn: ['h2'] } : undefined,
      onread: () => new Incoming(),
    };
    this.#dialing = dialer.dial(request, (result) => {
      if ('failed' in result) this.#retire(result.failed);
      else this.#greet(result.ok);
    });
  }

  /**
   * Whether a stream may begin now, with a body of so many bytes. A connection that has been silent for long is asked first
   * whether it is there.
   */
  takesCall(bodyBytes: number): boolean {
    const session = this.#session;
    if (session === undefined || this.#state !== 'open' || this.#streams >= this.#mostStreams) return false;
    if (session.isEnded) return false;
    if (this.#hasServed && this.#parts.owner.wantsFresh()) {
      this.retire('its service closes connections behind its answers');
      return false;
    }
    const silentMs = this.#parts.upkeep.monotonicMs() - this.#heardMs;
    const isFresh = silentMs < this.#parts.limits.grpcKeepaliveMs && isFreshEnough(bodyBytes, silentMs);
    if (this.#streams > 0 || isFresh) return true;
    this.#ping(session, Math.min(idleCheckMs, this.#parts.limits.grpcKeepaliveTimeoutMs));
    return false;
  }

  get isConnected(): boolean {
    return this.#state === 'open' || this.#state === 'checking';
  }

  /** A call on it has had an answer. */
  get hasServed(): boolean {
    return this.#hasServed;
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
      case 'dialing':
        return { text: this.#dialing.waitsFor, health: 'connect' };
      case 'greeting':
        return { text: 'HTTP/2 settings from the service', health: 'connect' };
      case 'retired':
        return { text: 'connection', health: 'connect' };
      default:
        return this.#state satisfies never;
    }
  }

  /**
   * Begins a stream, which takes a place until it is over.
   * @throws where it cannot begin; nothing was sent then
   */
  request(block: Buffer, body: Buffer, reader: StreamReader): Http2Stream {
    if (this.#session === undefined) throw new Error('there is no connection yet');
    const stream = this.#session.request(block, body, reader);
    stream.onForgotten = this.#streamEnded;
    this.#streams += 1;
    this.#isUsed = true;
    this.#usedMs = this.#parts.upkeep.monotonicMs();
    if (stream.id > lastStreamId) this.retire('it is out of stream ids');
    return stream;
  }

  /** Something of a call has arrived. */
  heard(): void {
    this.#hasServed = true;
    this.#pings = 0;
    this.#isThere();
  }

  /** A call has timed out: has anything been heard since it began? Where not, the connection must answer or go. */
  suspect(sinceMs: number): void {
    const session = this.#session;
    if (this.#heardMs > sinceMs || !this.isConnected || session === undefined) return;
    if (this.#pings < mostPings) this.#ping(session, this.#parts.limits.grpcKeepaliveTimeoutMs);
    else this.retire('nothing was heard of it');
  }

  /** Whether the service has said, by a refusal or by going away, that it has not processed a stream. */
  isUnprocessed(id: number, code: number): boolean {
    return id > this.#processedId || (code === codes.refusedStream && this.#goawayCode === codes.noError);
  }

  /** Takes no more calls, and closes when those under way have ended; at once where none are, or it never was there. */
  retire(why: string): void {
    this.#retire({ message: why, isLocal: false });
  }

  #retire(why: DialFailure): void {
    if (this.#state === 'retired') return;
    // Whoever waits for it is told, and opens no other at once: the next one would most likely be as useless.
    const unconnected = this.#isUsed ? undefined : why;
    this.#state = 'retired';
    this.#timer?.cancel();
    this.#pong?.cancel();
    if (this.#streams === 0) this.#destroy();
    process.nextTick(() => this.#parts.owner.retired(this, unconnected));
  }

  #greet({ socket, alpn, onread }: Dialed): void {
    const { target, limits, upkeep } = this.#parts;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lingering?.cancel());
    if (!(onread instanceof Incoming) || (target.isTls && alpn !== undefined && alpn !== 'h2')) {
      socket.destroy();
      this.retire(`the service agreed on ${alpn} and not on HTTP/2, which gRPC needs`);
      return;
    }
    this.#state = 'greeting';
    this.#heardMs = this.#usedMs = upkeep.monotonicMs();
    this.#session = new Http2Session(socket, onread, optionsOf(limits), this);
  }

  settings(mostStreams: number): void {
    this.#mostStreams = mostStreams;
    this.#isThere();
    if (this.#state === 'greeting' && this.#session !== undefined) {
      this.#state = 'open';
      this.#watch(this.#session);
    }
    this.#tellReady();
  }

  goaway(code: number, lastId: number): void {
    this.#goawayCode = code;
    this.#processedId = Math.min(this.#processedId, lastId);
    this.retire(code === codes.noError ? 'the service is going away' : `the service ended it (${codeName(code)})`);
  }

  ended(why: Error | undefined): void {
    this.retire(why === undefined ? 'the service closed it' : reasonOf(why));
  }

  /** Looks after it from time to time: asks whether it is still there while calls wait, closes it where none come. */
  #watch(session: Http2Session): void {
    const { upkeep, limits } = this.#parts;
    const everyMs = Math.min(limits.grpcKeepaliveMs, limits.grpcIdleMs);
    this.#timer = upkeep.setTimer(everyMs, () => {
      const nowMs = upkeep.monotonicMs();
      if (this.#streams === 0 && nowMs - this.#usedMs >= limits.grpcIdleMs) {
        this.retire('it was not used');
        return;
      }
      const isSilent = this.#streams > 0 && nowMs - Math.max(this.#heardMs, this.#usedMs) >= limits.grpcKeepaliveMs;
      if (isSilent && this.#pings < mostPings) this.#ping(session, limits.grpcKeepaliveTimeoutMs);
      this.#watch(session);
    });
  }

  #ping(session: Http2Session, timeoutMs: number): void {
    if (this.#pong !== undefined || session.isEnded) return;
    const { upkeep } = this.#parts;
    this.#state = 'checking';
    this.#pings += 1;
    this.#pong = upkeep.setTimer(timeoutMs, () => {
      this.retire(`no answer to a ping within ${timeoutMs} ms`);
      // Nobody may read what is still to be written, and it would wait for as long as the other end stands still.
      session.destroy(`no answer to a ping within ${timeoutMs} ms`);
    });
    session.ping(() => {
      if (this.#state !== 'retired') this.#isThere();
    });
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

  #destroy(): void {
    this.#dialing.cancel();
    const session = this.#session;
    if (session === undefined) return;
    session.close();
    // A service that reads no more would keep what is still to be written, and the descriptor.
    this.#lingering ??= this.#parts.upkeep.setTimer(lingerMs, () => session.destroy('it is closed'));
  }

  readonly #streamEnded = (): void => {
    this.#streams -= 1;
    this.#usedMs = this.#parts.upkeep.monotonicMs();
    if (this.#state === 'retired') {
      if (this.#streams === 0) this.#destroy();
    } else process.nextTick(() => this.#tellReady());
  };

  #tellReady(): void {
    this.#parts.owner.ready(this);
  }
}

/** More of an answer than its limit is not asked for. */
function optionsOf({ answerBytes, answerHeaderBytes }: GrpcLimits): SessionOptions {
  return {
    streamWindowBytes: answerBytes + frameBytes,
    answerHeaderBytes,
    foreignWords: 'the service does not speak HTTP/2, which gRPC needs',
  };
}
