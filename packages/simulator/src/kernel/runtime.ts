import type { Runtime, Timer } from 'holdfast/engine/ports';
import type { MachineClock } from './clock.ts';
import type { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';

/** Time, timers and chance of one process, as its machine's clocks show them. */
export class SimulatedRuntime implements Runtime {
  readonly #process: SimulatedProcess;
  readonly #clock: MachineClock;
  readonly #random: Random;
  #ids = 0;

  constructor(process: SimulatedProcess, clock: MachineClock, random: Random) {
    this.#process = process;
    this.#clock = clock;
    this.#random = random;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const dueMs = this.#clock.monotonicMs() + Math.max(0, delayMs);
    let isCancelled = false;
    const arm = (leftMs: number): void => {
      this.#process.after(this.#clock.trueMs(leftMs) + this.#lateness(), () => {
        if (isCancelled) return;
        const left = dueMs - this.#clock.monotonicMs();
        // The machine slept: the timer has not run out yet.
        if (left > 0.001) arm(left);
        else action();
      });
    };
    arm(Math.max(0, delayMs));
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  }

  soon(action: () => void): void {
    this.#process.after(this.#random.between(0, 0.1), action);
  }

  random(): number {
    return this.#random.next();
  }

  /** Carries the process's name: the auditor knows by it whose incarnation an id is. */
  newId(): string {
    this.#ids += 1;
    return `${this.#process.id}-${this.#ids.toString(36)}-${this.#random.hex(8)}`;
  }

  /** Timers are a little late, at times a lot: the event loop was busy. */
  #lateness(): number {
    return this.#random.chance(0.01) ? this.#random.between(1, 150) : this.#random.between(0, 1);
  }
}
