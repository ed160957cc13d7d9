import type { Runtime, Timer } from './ports.ts';

/** So much faster or slower it runs, per millisecond, until it shows what it should. */
const rate = 0.1;

/**
 * Engine time: the node's monotonic clock plus an offset, in integer milliseconds since 1970. One source for creation,
 * time-outs and due times. It never goes back, and takes a difference smoothly: it runs a tenth faster or slower until it
 * is where it should be.
 */
export class EngineClock {
  readonly #runtime: Pick<Runtime, 'wallMs' | 'monotonicMs' | 'setTimer'>;
  /** From monotonic to engine time, once no lead is left. */
  #offsetMs: number;
  /** How much it was ahead of that; less than 0: behind. */
  #leadMs = 0;
  #leadAtMs = 0;
  #highestMs: number;

  /** Starts at the wall clock; see {@link startAt}. */
  constructor(runtime: Pick<Runtime, 'wallMs' | 'monotonicMs' | 'setTimer'>) {
    this.#runtime = runtime;
    this.#highestMs = runtime.wallMs();
    this.#offsetMs = this.#highestMs - runtime.monotonicMs();
  }

  /** Engine time now, by the store. Only before anybody has asked for the time. */
  startAt(nowMs: number): void {
    this.#offsetMs = nowMs - this.#runtime.monotonicMs();
    this.#leadMs = 0;
    this.#highestMs = Math.round(nowMs);
  }

  /** Engine time goes on from here, at once, unless it is later already. Timers that were set keep their delay. */
  moveTo(nowMs: number): void {
    this.startAt(Math.max(nowMs, this.nowMs()));
  }

  /** From monotonic to engine time, as it is where it should be. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** From now on it should be the monotonic time plus this. */
  steer(offsetMs: number): void {
    const atMs = this.#runtime.monotonicMs();
    this.#leadMs = this.#exactMs(atMs) - (atMs + offsetMs);
    this.#leadAtMs = atMs;
    this.#offsetMs = offsetMs;
  }

  nowMs(): number {
    this.#highestMs = Math.max(this.#highestMs, Math.round(this.#exactMs(this.#runtime.monotonicMs())));
    return this.#highestMs;
  }

  /** Engine time of a monotonic time. */
  fromMonotonic(monotonicMs: number): number {
    return Math.round(this.nowMs() + (monotonicMs - this.#runtime.monotonicMs()));
  }

  timerAt(atMs: number, action: () => void): Timer {
    return this.#runtime.setTimer(Math.max(0, atMs - this.nowMs()), action);
  }

  #exactMs(monotonicMs: number): number {
    if (this.#leadMs === 0) return monotonicMs + this.#offsetMs;
    const left = Math.max(0, Math.abs(this.#leadMs) - (monotonicMs - this.#leadAtMs) * rate);
    return monotonicMs + this.#offsetMs + Math.sign(this.#leadMs) * left;
  }
}
