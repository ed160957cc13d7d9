import type { Runtime, Timer } from './ports.ts';

/** What the engine does later or again and again, until it ends. */
export class Chores {
  readonly #runtime: Pick<Runtime, 'setTimer'>;
  readonly #failed: (error: unknown) => void;
  readonly #timers = new Set<Timer>();
  #ended = false;

  /** @param failed told of each turn that failed; the next one comes all the same */
  constructor(runtime: Pick<Runtime, 'setTimer'>, failed: (error: unknown) => void) {
    this.#runtime = runtime;
    this.#failed = failed;
  }

  after(delayMs: number, action: () => void): void {
    if (this.#ended) return;
    const timer = this.#runtime.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  /** Resolves after that long; never once it has ended. */
  rest(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Again and again, each turn that long after the last has ended. */
  every(delayMs: number | (() => number), action: () => Promise<void>): void {
    this.after(typeof delayMs === 'number' ? delayMs : delayMs(), () => {
      action().then(
        () => this.every(delayMs, action),
        (error: unknown) => {
          this.#failed(error);
          this.every(delayMs, action);
        },
      );
    });
  }

  end(): void {
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
