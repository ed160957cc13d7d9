import type { Scheduler } from './scheduler.ts';

/** True time zero, as milliseconds since 1970: where simulated wall clocks start. */
export const epochMs = Date.UTC(2026, 0, 1);

/**
 * The clocks of one machine. Both run a little too fast or too slow; the wall clock is off and may jump; the monotonic
 * one never goes back and stands still while the machine is suspended.
 */
export class MachineClock {
  readonly #scheduler: Scheduler;
  readonly #rate: number;
  readonly #bootMs: number;
  #wallOffsetMs: number;
  #suspendedMs = 0;
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

  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  suspend(): void {
    this.#suspendedAtMs ??= this.#scheduler.nowMs;
  }

  resume(): void {
    if (this.#suspendedAtMs === undefined) return;
    this.#suspendedMs += this.#scheduler.nowMs - this.#suspendedAtMs;
    this.#suspendedAtMs = undefined;
  }
}
