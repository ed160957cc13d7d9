import type { Runtime, Timer } from './ports.ts';

/** Stores tell their clocks in whole milliseconds. */
const roundingMs = 1;
/** How much a measurement loses for each millisecond of age: far more than any clock drifts. */
const ageingPerMs = 0.001;

/**
 * Engine time: the node's monotonic clock plus an offset to the store's clock, in integer milliseconds since 1970. One
 * source for creation, time-outs and due times. It never goes back: after a smaller offset it stands still until
 * caught up.
 */
export class EngineClock {
  readonly #runtime: Runtime;
  #offsetMs: number;
  #highestMs: number;
  /** How wrong the offset may be, when it was measured. */
  #errorMs = Number.POSITIVE_INFINITY;
  #measuredMs = 0;

  /** Starts at the wall clock; see {@link startAt}. */
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#highestMs = runtime.wallMs();
    this.#offsetMs = this.#highestMs - runtime.monotonicMs();
  }

  /** Engine time now, by the store. Only before anybody has asked for the time. */
  startAt(nowMs: number): void {
    this.#offsetMs = nowMs - this.#runtime.monotonicMs();
    this.#highestMs = nowMs;
  }

  /** Engine time goes on from here, at once, unless it is later already. Timers that were set keep their delay. */
  moveTo(nowMs: number): void {
    this.startAt(Math.max(nowMs, this.nowMs()));
  }

  nowMs(): number {
    this.#highestMs = Math.max(this.#highestMs, Math.round(this.#runtime.monotonicMs() + this.#offsetMs));
    return this.#highestMs;
  }

  /**
   * The store's clock showed `storeMs` somewhere in a round trip between these two monotonic times. A slow round trip
   * tells little, and time never goes back: it counts only where it is better than what is known, which ages, or shows
   * that what is known is wrong: one of the clocks stood still or was set.
   */
  measure(storeMs: number, sentMs: number, receivedMs: number): void {
    const errorMs = (receivedMs - sentMs) / 2;
    const offsetMs = storeMs - (sentMs + receivedMs) / 2;
    const knownErrorMs = this.#errorMs + (receivedMs - this.#measuredMs) * ageingPerMs;
    const isContradiction = Math.abs(offsetMs - this.#offsetMs) > errorMs + knownErrorMs + roundingMs;
    if (errorMs > knownErrorMs && !isContradiction) return;
    this.#errorMs = errorMs;
    this.#measuredMs = receivedMs;
    this.#offsetMs = offsetMs;
  }

  /** The next measurement counts, however slow: the monotonic clock may have stood still. */
  forget(): void {
    this.#errorMs = Number.POSITIVE_INFINITY;
  }

  /** Engine time of a monotonic time. */
  fromMonotonic(monotonicMs: number): number {
    return Math.round(this.nowMs() + (monotonicMs - this.#runtime.monotonicMs()));
  }

  timerAt(atMs: number, action: () => void): Timer {
    return this.#runtime.setTimer(Math.max(0, atMs - this.nowMs()), action);
  }
}
