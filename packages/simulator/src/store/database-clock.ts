import { epochMs } from '../kernel/clock.ts';
import type { Scheduler } from '../kernel/scheduler.ts';

/** A clock that is off by more than this is followed once it has stood for about a minute. */
const smallMs = 9500;
const standsMs = 58_000;

/** The clock of the database's server, which may be set, may run too fast, and is another one after a failover. */
export class DatabaseClock {
  readonly #scheduler: Scheduler;
  #offsetMs = 0;
  #rate = 1;
  #atMs = 0;
  #setMs = 0;
  /** True time when it last had been far off for a minute. */
  #stoodMs = Number.NEGATIVE_INFINITY;
  #servers = 1;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** The process of the server that answers now. */
  get server(): string {
    return `server ${this.#servers}`;
  }

  get isFast(): boolean {
    return this.#rate > 1;
  }

  nowMs(): number {
    return epochMs + this.#scheduler.nowMs + this.#offset();
  }

  /** So far it is ahead of true time. */
  get aheadMs(): number {
    return this.#offset();
  }

  /** From now on it is off by this. */
  set(offsetMs: number): void {
    this.#noteStood();
    this.#offsetMs = offsetMs;
    this.#atMs = this.#scheduler.nowMs;
    this.#setMs = this.#scheduler.nowMs;
  }

  /** The same clock, and another process. */
  restart(): void {
    this.#servers += 1;
  }

  failOver(offsetMs: number): void {
    this.#servers += 1;
    this.set(offsetMs);
  }

  /** 2: twice as fast as time. */
  run(rate: number): void {
    this.#offsetMs = this.#offset();
    this.#atMs = this.#scheduler.nowMs;
    this.#rate = rate;
  }

  /** Since this true time it has been far off for a minute: who follows it then is right. */
  hasStoodSince(trueMs: number): boolean {
    this.#noteStood();
    return this.#stoodMs >= trueMs;
  }

  #offset(): number {
    return this.#offsetMs + (this.#rate - 1) * (this.#scheduler.nowMs - this.#atMs);
  }

  #noteStood(): void {
    const nowMs = this.#scheduler.nowMs;
    if (Math.abs(this.#offset()) > smallMs && nowMs - this.#setMs > standsMs) this.#stoodMs = nowMs;
  }
}
