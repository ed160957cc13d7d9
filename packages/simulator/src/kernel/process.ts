import type { Random } from './random.ts';
import type { Scheduled, Scheduler } from './scheduler.ts';

/**
 * One life of one coordinator process. Whatever comes back to it (timers, answers) goes through here: once dead,
 * nothing it waits for ever happens; while paused, it is kept and happens in order when it goes on.
 *
 * running <-> paused; running, paused > dead.
 */
export class SimulatedProcess {
  readonly id: string;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #state: 'running' | 'paused' | 'dead' = 'running';
  #kept: (() => void)[] = [];

  constructor(id: string, scheduler: Scheduler, random: Random) {
    this.id = id;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** Runs it in this process: now, after the pause, or never. */
  run(action: () => void): void {
    if (this.#state === 'running' && this.#kept.length === 0) action();
    else if (this.#state !== 'dead') this.#kept.push(action);
  }

  after(delayMs: number, action: () => void): Scheduled {
    return this.#scheduler.after(delayMs, () => this.run(action));
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What was kept happens in its order, in separate turns: other things come between. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#runKept();
  }

  crash(): void {
    this.#state = 'dead';
    this.#kept = [];
  }

  #runKept(): void {
    if (this.#state !== 'running' || this.#kept.length === 0) return;
    this.#scheduler.after(this.#random.between(0, 2), () => {
      if (this.#state !== 'running') return;
      const action = this.#kept.shift();
      action?.();
      this.#runKept();
    });
  }
}
