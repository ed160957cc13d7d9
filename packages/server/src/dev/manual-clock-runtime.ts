import type { Runtime, Timer } from '../engine/ports.ts';
import type { Activity } from './activity.ts';

interface Armed {
  readonly atMs: number;
  readonly action: () => void;
}

/**
 * Time for transactions that stands still until it is moved, in whole milliseconds since 1970. What is due now runs by
 * itself, soon; what is due later runs when the time has been moved there. There is no chance, hence no jitter.
 */
export class ManualClockRuntime implements Runtime {
  readonly newId: () => string;
  readonly #activity: Activity;
  readonly #armed = new Set<Armed>();
  #nowMs = 0;
  #isFiring = false;

  constructor(activity: Activity, newId: () => string) {
    this.#activity = activity;
    this.newId = newId;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return 0;
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const armed: Armed = { atMs: Math.ceil(this.#nowMs + Math.max(0, delayMs)), action };
    this.#armed.add(armed);
    if (armed.atMs <= this.#nowMs) this.#fireSoon();
    return { cancel: () => void this.#armed.delete(armed) };
  }

  soon(action: () => void): void {
    const ended = this.#activity.begin();
    setImmediate(() => {
      action();
      ended();
    });
  }

  /** When the next timer is due; infinity without any. */
  get nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#armed) nextMs = Math.min(nextMs, atMs);
    return nextMs;
  }

  /** Time never goes back. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#fireSoon();
  }

  #fireSoon(): void {
    if (this.#isFiring) return;
    this.#isFiring = true;
    this.soon(() => {
      this.#isFiring = false;
      const due = [...this.#armed].filter(({ atMs }) => atMs <= this.#nowMs);
      for (const armed of due.sort((one, other) => one.atMs - other.atMs)) {
        // One before it may have cancelled it.
        if (this.#armed.delete(armed)) armed.action();
      }
    });
  }
}
