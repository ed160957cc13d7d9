import { HoldfastError } from '@holdfast/core';
import { listenOn } from '../listen.ts';
import { allRoutes } from './all-routes.ts';
import { Intake } from './intake.ts';
import { Lane } from './lane/lane.ts';
import { NodeWay } from './node/node-way.ts';
import type { HttpParts } from './parts.ts';

export interface HttpServer {
  /**
   * Resolves with where it listens, once it does.
   * @throws the system's error (EADDRINUSE, EACCES, ...) where it cannot
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Connections that are open now. */
  openConnections(): Promise<number>;
  /**
   * Takes no new connection and lets what is under way end for that long. Then it tells those who wait still that it
   * stops, and cuts every connection. Idempotent.
   */
  close(graceMs: number): Promise<void>;
}

/** How long before the end of the grace those who wait still are told so. */
const farewellMs = 200;

const stopping = new HoldfastError(
  'UNAVAILABLE',
  'the coordinator stops, and no answer was ready: what was asked for goes on, ask again',
  { retryAfterMs: 1000 },
);

/** dtm's HTTP API, the probes and the metrics on one port. */
export function createHttpServer(parts: HttpParts): HttpServer {
  return new TwoWayServer(parts);
}

/**
 * Every connection begins in the lane, which serves what nearly every client sends. Where one brings anything else, the
 * lane hands it over to node:http, with the bytes that it has read, and there it stays.
 */
class TwoWayServer implements HttpServer {
  readonly #parts: HttpParts;
  readonly #intake: Intake;
  readonly #lane: Lane;
  readonly #node: NodeWay;
  #closed: Promise<void> | undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts.settings, parts.observer, parts.coordinator.longTurns);
    parts.coordinator.heedTurns(() => this.#intake.turns.waitedMs);
    const routes = allRoutes(parts, this.#intake);
    this.#node = new NodeWay(routes, this.#intake, (socket) => this.#lane.accept(socket));
    this.#lane = new Lane(routes, this.#intake, (socket) => this.#node.takeOver(socket));
  }

  async listen(): Promise<{ host: string; port: number }> {
    return listenOn(this.#node.server, this.#parts.settings);
  }

  openConnections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#node.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.#intake.isClosing = true;
    const farewell = setTimeout(
      () => {
        this.#lane.refuseWaiting(stopping);
        this.#node.refuseWaiting(stopping);
      },
      graceMs - Math.min(farewellMs, graceMs / 2),
    );
    const cut = setTimeout(() => {
      this.#lane.cut();
      this.#node.cut();
    }, graceMs);
    await new Promise<void>((resolve) => {
      // It calls back with an error where it did not listen: closed is closed.
      this.#node.server.close(() => resolve());
      this.#lane.closeIdle();
    });
    clearTimeout(farewell);
    clearTimeout(cut);
    this.#lane.close();
  }
}
