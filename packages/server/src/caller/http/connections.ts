import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import buildConnector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import type { Trust } from '../../tls/trust.ts';
import type { SenderLimits } from './limits.ts';

type Open = ReturnType<typeof buildConnector>;

/** The longest that a service may ask for a connection without calls to be kept open. */
const idleMaxMs = 60_000;

/** One connection, for one call at a time. undici opens it at the first call, and again where the service closed it. */
export class Connection {
  readonly origin: string;
  readonly client: Client;
  /** The socket that was opened last: undici does not close one that is not connected yet. */
  #socket: Socket | undefined;

  constructor(origin: string, limits: SenderLimits, open: Open) {
    this.origin = origin;
    this.client = new Client(origin, {
      // Each call has one time-out for everything.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: limits.answerHeaderBytes,
      keepAliveTimeout: limits.idleMs,
      keepAliveMaxTimeout: Math.max(limits.idleMs, idleMaxMs),
      allowH2: false,
      connect: (options, callback) => {
        this.#socket = open(options, callback);
      },
    });
  }

  destroy(): void {
    this.client.destroy(null, () => undefined);
    this.#socket?.destroy();
  }
}

/** One call has one time-out for everything, so that connecting has none of its own. */
function openerFor(secureContext: SecureContext | undefined): Open {
  return buildConnector({ allowH2: false, timeout: 0, ...(secureContext && { secureContext }) });
}

/** Connections without calls, kept for the next call to their origin; the one used last is used first. */
export class Connections {
  readonly #limits: SenderLimits;
  readonly #trust: Trust;
  /** What `opener` was made for: it remembers the TLS sessions of those whom that trusted. */
  #trusted: SecureContext | undefined;
  #opener: Open;
  readonly #idle = new Map<string, Connection[]>();
  /** All of them, the longest idle first. */
  readonly #order = new Set<Connection>();
  #inUse = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  /** @param trust what new connections trust over TLS; undefined: what node trusts */
  constructor(limits: SenderLimits, trust: Trust = () => undefined) {
    this.#limits = limits;
    this.#trust = trust;
    this.#trusted = trust();
    this.#opener = openerFor(this.#trusted);
  }

  get idleCount(): number {
    return this.#order.size;
  }

  take(origin: string): Connection {
    this.#inUse += 1;
    const idle = this.#idle.get(origin)?.at(-1);
    if (idle !== undefined) {
      this.#removeIdle(idle);
      return idle;
    }
    const connection = new Connection(origin, this.#limits, (...asked) => this.#open(...asked));
    connection.client.on('disconnect', () => {
      if (this.#order.has(connection)) this.#destroyIdle(connection);
    });
    return connection;
  }

  /** Its call has ended with a whole answer. */
  give(connection: Connection): void {
    this.#inUse -= 1;
    const siblings = this.#idle.get(connection.origin) ?? [];
    if (this.#closing !== undefined || siblings.length >= this.#limits.originIdleConnections) {
      connection.destroy();
    } else {
      siblings.push(connection);
      this.#idle.set(connection.origin, siblings);
      this.#order.add(connection);
      this.#closeTooMany();
    }
    this.#tellClosed();
  }

  /** Its call has ended without one: the connection is closed, whatever is still under way on it. */
  drop(connection: Connection): void {
    this.#inUse -= 1;
    connection.destroy();
    this.#tellClosed();
  }

  /** Resolves when those in use have been given back too. */
  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers();
    for (const connection of this.#order) this.#destroyIdle(connection);
    this.#tellClosed();
    return this.#closing.promise;
  }

  /** Whoever opens a connection trusts what is trusted now. */
  #open(...asked: Parameters<Open>): ReturnType<Open> {
    const trusted = this.#trust();
    if (trusted !== this.#trusted) {
      this.#trusted = trusted;
      this.#opener = openerFor(trusted);
    }
    return this.#opener(...asked);
  }

  #closeTooMany(): void {
    if (this.#order.size <= this.#limits.idleConnections) return;
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

  #tellClosed(): void {
    if (this.#inUse === 0) this.#closing?.resolve();
  }
}
