import type { GrpcTarget } from '@holdfast/core';
import type { Runtime } from '../../engine/ports.ts';
import type { ClosingOrigins } from '../closing.ts';
import type { Dialer, DialFailure } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
import { type ConnectionOwner, GrpcConnection, type Obstacle } from './connection.ts';
import type { GrpcLimits } from './limits.ts';

export interface ChannelParts {
  readonly target: GrpcTarget;
  /** What stands for the target. */
  readonly origin: string;
  readonly dialer: Dialer;
  readonly closing: ClosingOrigins;
  readonly upkeep: Runtime;
  readonly limits: GrpcLimits;
  /** Its connection has no calls now, or has some again, or there is none. */
  changed(channel: GrpcChannel): void;
}

/** A call that waits for a stream. */
export interface WaitingCall {
  readonly bodyBytes: number;
  begin(connection: GrpcConnection): void;
  unconnected(why: DialFailure): void;
}

/**
 * Calls to one target (host, port, with or without TLS): they share one connection, which is opened when the first
 * comes and again after it has gone. Calls wait in turn until it is there and has a stream free.
 */
export class GrpcChannel implements ConnectionOwner {
  readonly #parts: ChannelParts;
  readonly #waiting = new Set<WaitingCall>();
  #connection: GrpcConnection | undefined;
  #isBeginning = false;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  /** No call waits or is under way on the connection that takes new ones. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && (this.#connection?.streams ?? 0) === 0;
  }

  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** What calls wait for. */
  get obstacle(): Obstacle {
    return this.#connection?.obstacle ?? { text: 'connection', health: 'connect' };
  }

  wait(call: WaitingCall): void {
    this.#waiting.add(call);
    this.#begin();
    this.#parts.changed(this);
  }

  /** It has ended while it waited. A connection that is not there yet is given up with the last one that waits for it. */
  leave(call: WaitingCall): void {
    this.#waiting.delete(call);
    const connection = this.#connection;
    if (this.#waiting.size === 0 && connection?.isConnected === false) {
      // Forgotten first: whoever comes next opens another.
      this.#connection = undefined;
      connection.retire('nobody waits for it');
    }
    this.#parts.changed(this);
  }

  /** Nothing is called any more. */
  close(): void {
    this.#connection?.retire('it is not used any more');
  }

  ready(connection: GrpcConnection): void {
    if (connection !== this.#connection) return;
    this.#begin();
    this.#parts.changed(this);
  }

  wantsFresh(): boolean {
    const { closing, origin, upkeep } = this.#parts;
    return closing.wantsFresh(origin, upkeep.monotonicMs());
  }

  /** Its connection was closing when a call was written on it. */
  wasClosing(): void {
    const { closing, origin, upkeep } = this.#parts;
    closing.ended(origin, upkeep.monotonicMs());
  }

  retired(connection: GrpcConnection, unconnected: DialFailure | undefined): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    if (unconnected !== undefined) this.#unconnected(unconnected);
    this.#begin();
    this.#parts.changed(this);
  }

  #begin(): void {
    if (this.#isBeginning || this.#waiting.size === 0) return;
    this.#isBeginning = true;
    try {
      const connection = this.#connection ?? this.#opened();
      this.#connection = connection;
      for (const call of this.#waiting) {
        if (!connection.takesCall(call.bodyBytes)) break;
        this.#waiting.delete(call);
        call.begin(connection);
      }
    } catch (error) {
      // What node does not even try is told like a connection that failed: nobody waits for ever.
      const why = { message: reasonOf(error), isLocal: false };
      process.nextTick(() => this.#unconnected(why));
    } finally {
      this.#isBeginning = false;
    }
  }

  #unconnected(why: DialFailure): void {
    const waited = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waited) call.unconnected(why);
  }

  #opened(): GrpcConnection {
    const { target, dialer, upkeep, limits } = this.#parts;
    return new GrpcConnection({ target, dialer, upkeep, limits, owner: this });
  }
}
