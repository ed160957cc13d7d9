import type { Runtime, Timer } from '../../engine/ports.ts';
import { ClosingOrigins, isFreshEnough } from '../closing.ts';
import type { Dialer, Dialing } from '../dial/dialer.ts';
import { Connection, type ConnectionKeeper, ReadInto } from './connection.ts';
import { Http2Origins } from './http2/origins.ts';
import type { SenderLimits } from './limits.ts';
import type { HttpPlace } from './target.ts';
import type { Wire, WireWaiter } from './wire.ts';

/** The longest that a service may ask for a connection without calls to be kept open. */
const idleMaxMs = 60_000;

/** A service that says how long it keeps a connection is believed but for this: a call must not meet its end. */
const closingMarginMs = 2000;

export interface ConnectionsParts {
  readonly limits: SenderLimits;
  readonly dialer: Dialer;
  /** The machine's time. */
  readonly upkeep: Runtime;
}

/** Connections without calls, kept for the next call to their origin; the one used last is used first. */
export class Connections implements ConnectionKeeper {
  readonly #parts: ConnectionsParts;
  readonly #closing = new ClosingOrigins();
  readonly #http2: Http2Origins;
  readonly #idle = new Map<string, Connection[]>();
  /** All of them, the longest idle first. */
  readonly #order = new Set<Connection>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#http2 = new Http2Origins(parts);
  }

  get idleCount(): number {
    return this.#order.size;
  }

  nowMs(): number {
    return this.#parts.upkeep.monotonicMs();
  }

  /** One that is open; undefined: there is none for such a call. */
  take(origin: string, bodyBytes: number): Wire | undefined {
    const idle = this.#idle.get(origin);
    const nowMs = this.nowMs();
    if (idle === undefined) {
      return this.#closing.wantsFresh(origin, nowMs) ? undefined : this.#http2.take(origin, bodyBytes);
    }
    for (let last = idle.at(-1); last !== undefined; last = idle.at(-1)) {
      if (nowMs < last.idleUntilMs) {
        if (!isFreshEnough(bodyBytes, nowMs - last.idleSinceMs)) return undefined;
        this.#removeIdle(last);
        return last.take();
      }
      this.#destroyIdle(last);
    }
    return undefined;
  }

  /** Over TLS the service may speak HTTP/2 only. */
  open(place: HttpPlace, waiter: WireWaiter): Dialing {
    return place.isTls
      ? this.#http2.open(place, waiter, (first) => this.#open(place, first))
      : this.#open(place, waiter);
  }

  #open({ origin, host, port, isTls }: HttpPlace, waiter: WireWaiter): Dialing {
    const request = {
      host,
      port,
      tls: isTls ? { alpn: ['http/1.1'] } : undefined,
      onread: () => new ReadInto(),
    };
    return this.#parts.dialer.dial(request, (result) => {
      if ('failed' in result) {
        waiter.wireFailed(result.failed);
        return;
      }
      const { socket, onread } = result.ok;
      const into = onread instanceof ReadInto ? onread : undefined;
      waiter.wireOpened(new Connection(origin, socket, into, this, this.#parts.limits.answerHeaderBytes));
    });
  }

  /** A connection to that origin ended under a call, and was closing already. */
  wasClosing(origin: string): void {
    this.#closing.ended(origin, this.nowMs());
    if (!this.#closing.wantsFresh(origin, this.nowMs())) return;
    for (const connection of this.#idle.get(origin)?.slice() ?? []) this.#destroyIdle(connection);
  }

  give(connection: Connection, keptForMs: number | undefined): void {
    const { limits } = this.#parts;
    const { origin } = connection;
    const nowMs = this.nowMs();
    const idleMs = keptForMs === undefined ? limits.idleMs : Math.min(keptForMs - closingMarginMs, this.#idleMaxMs);
    const siblings = this.#idle.get(origin) ?? [];
    const isKept = idleMs > 0 && siblings.length < limits.originIdleConnections;
    if (this.#isClosed || !isKept || this.#closing.wantsFresh(origin, nowMs)) {
      connection.destroy();
      return;
    }
    connection.idleSinceMs = nowMs;
    connection.idleUntilMs = nowMs + idleMs;
    if (siblings.push(connection) === 1) this.#idle.set(origin, siblings);
    this.#order.add(connection);
    this.#closeTooMany();
    this.#timer ??= this.#parts.upkeep.setTimer(this.#lookEveryMs, () => this.#closeExpired());
  }

  ended(connection: Connection): void {
    this.#removeIdle(connection);
  }

  /** Closes those without calls, and the others as soon as they have none. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#http2.close();
    for (const connection of this.#order) this.#destroyIdle(connection);
  }

  get #idleMaxMs(): number {
    return Math.max(this.#parts.limits.idleMs, idleMaxMs);
  }

  /** Often enough that none is open for much longer than it may be. */
  get #lookEveryMs(): number {
    return Math.min(1000, Math.max(10, this.#parts.limits.idleMs / 4));
  }

  #closeExpired(): void {
    this.#timer = undefined;
    const nowMs = this.nowMs();
    for (const connection of this.#order) {
      if (connection.idleUntilMs <= nowMs) this.#destroyIdle(connection);
    }
    if (this.#order.size === 0) return;
    this.#timer = this.#parts.upkeep.setTimer(this.#lookEveryMs, () => this.#closeExpired());
  }

  #closeTooMany(): void {
    if (this.#order.size <= this.#parts.limits.idleConnections) return;
    const [oldest] = this.#order;
    if (oldest !== undefined) this.#destroyIdle(oldest);
  }

  #destroyIdle(connection: Connection): void {
    this.#removeIdle(connection);
    connection.destroy();
  }

  #removeIdle(connection: Connection): void {
    this.#order.delete(connection);
    const siblings = this.#idle.get(connection.origin) ?? [];
    if (siblings.at(-1) === connection) siblings.pop();
    else siblings.splice(siblings.indexOf(connection), 1);
    if (siblings.length === 0) this.#idle.delete(connection.origin);
  }
}
