import type { Scheduler } from './scheduler.ts';

/** True time zero, as milliseconds since 1970: where simulated wall clocks start. */
export const epochMs = Date.UTC(2026, 0, 1);

/** A lease is at most this old. */
const setBackMs = 5000;

/**
 * The clocks of one machine. Both run a little too fast or too slow; the wall clock is off and may jump; the monotonic
 * one never goes back and stands still while the machine is suspended.
 */
export class MachineClock {
  readonly #scheduler: Scheduler;
  readonly #rate: number;
  #bootMs: number;
  #wallOffsetMs: number;
  #suspendedMs = 0;
  #setBackAtMs = Number.NEGATIVE_INFINITY;
  #suspendedAtMs: number | undefined;

  /** @param drift 0.001: a millisecond too fast each second */
  constructor(scheduler: Scheduler, drift: number, wallOffsetMs: number, bootMs: number) {
    this.#scheduler = scheduler;
    this.#rate = 1 + drift;
    this.#wallOffsetMs = wallOffsetMs;
    this.#bootMs = bootMs;
  }

  wallMs(): number {
    return Math.floor(epochMs + this.#scheduler.nowMs * this.#rate + this.#wallOffsetMs);
  }

  monotonicMs(): number {
    const awakeMs = (this.#suspendedAtMs ?? this.#scheduler.nowMs) - this.#suspendedMs;
    return this.#bootMs + awakeMs * this.#rate;
  }

  /** True milliseconds until this much monotonic time has passed, if the machine stays awake. */
  trueMs(monotonicMs: number): number {
    return monotonicMs / this.#rate;
  }

  /** The monotonic clock goes wrong: it leaps ahead. */
  leap(byMs: number): void {
    this.#bootMs += byMs;
  }

  /**
   * The wall clock is set. Not set back while the machine is suspended, nor is it suspended within seconds of that: no
   * clock of its own could tell it then how long it has slept.
   */
  jump(byMs: number): boolean {
    if (byMs < 0 && this.#suspendedAtMs !== undefined) return false;
    if (byMs < 0) this.#setBackAtMs = this.#scheduler.nowMs;
    this.#wallOffsetMs += byMs;
    return true;
  }

  /** False: it cannot be suspended now. */
  suspend(): boolean {
    if (this.#scheduler.nowMs - this.#setBackAtMs < setBackMs) return false;
    this.#suspendedAtMs ??= this.#scheduler.nowMs;
    return true;
  }

  resume(): void {
    if (this.#suspendedAtMs === undefined) return;
    this.#suspendedMs += this.#scheduler.nowMs - this.#suspendedAtMs;
    this.#suspendedAtMs = undefined;
  }
}
