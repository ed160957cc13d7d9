import type { Socket } from 'node:net';
import type { HoldfastError } from '@holdfast/core';
import type { Intake } from '../intake.ts';
import type { Served } from '../served.ts';
import { checkEachMs } from '../settings.ts';
import { AnswerTexts } from './answer-text.ts';
import { LaneConnection, type LaneParts } from './connection.ts';
import { HeadMemory } from './head-memory.ts';
import type { LaneHead } from './head-reader.ts';

/**
 * The short way in, on the bare sockets: whole heads of GET and POST requests of routes without parameters in their
 * path, as SDKs send them. A connection that brings anything else is handed over, and does not come back.
 */
export class Lane implements LaneParts {
  readonly intake: Intake;
  readonly texts: AnswerTexts;
  readonly #handOver: (socket: Socket) => void;
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Served>>;
  readonly #heads: HeadMemory;
  readonly #connections = new Set<LaneConnection>();
  #answered: LaneConnection[] = [];
  #sweep: NodeJS.Timeout | undefined;

  /** @param handOver takes a connection whose bytes were put back */
  constructor(routes: readonly Served[], intake: Intake, handOver: (socket: Socket) => void) {
    this.intake = intake;
    this.texts = new AnswerTexts(intake.settings.keepAliveTimeoutMs);
    this.#handOver = handOver;
    const exact = routes.filter(({ path }) => !path.includes(':'));
    const of = (method: string) =>
      new Map(
        exact.filter(({ methods }) => methods === 'any' || methods.includes(method)).map((one) => [one.path, one]),
      );
    this.#routes = new Map(['GET', 'POST'].map((method) => [method, of(method)]));
    this.#heads = new HeadMemory(
      [...this.#routes].flatMap(([method, served]) => [...served.keys()].map((path) => `${method} ${path} HTTP/1.1`)),
    );
  }

  accept(socket: Socket): void {
    this.#sweep ??= setInterval(() => this.#check(), checkEachMs(this.intake.settings)).unref();
    this.#connections.add(new LaneConnection(this, socket));
  }

  read(text: string): LaneHead | undefined {
    return this.#heads.read(text);
  }

  routeOf({ head, path }: LaneHead): Served | undefined {
    return this.#routes.get(head.method)?.get(path);
  }

  answerSoon(connection: LaneConnection): void {
    if (this.#answered.push(connection) === 1) setImmediate(this.#answerAll);
  }

  handOver(connection: LaneConnection, socket: Socket): void {
    this.#connections.delete(connection);
    this.#handOver(socket);
  }

  forget(connection: LaneConnection): void {
    this.#connections.delete(connection);
  }

  /** Ends the connections on which no request is under way. */
  closeIdle(): void {
    for (const connection of this.#connections) connection.closeIdle();
  }

  /** Tells all that wait for an answer that they wait in vain. */
  refuseWaiting(error: HoldfastError): void {
    for (const connection of this.#connections) connection.refuseWaiting(error);
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /** Once there is no connection any more. */
  close(): void {
    clearInterval(this.#sweep);
  }

  /**
   * Each write to a client on this machine wakes it, and the system may let it run in our place at once. Woken by the
   * first of many answers it finds the others as well: a fifth of the times in which this process had to wait.
   */
  readonly #answerAll = (): void => {
    const answered = this.#answered;
    this.#answered = [];
    for (const connection of answered) connection.answer();
  };

  /** One look at all connections from time to time is cheaper than a timer for each request. */
  #check(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.check(nowMs);
  }
}
