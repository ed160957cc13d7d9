import type { Runtime, Timer } from '../ports.ts';

interface Armed {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** Time stands still until a test moves it; timers and `soon` run in order of their time. For tests. */
export class ManualRuntime implements Runtime {
  /** Add to it to let the wall clock jump. */
  wallOffsetMs = 1_700_000_000_000;
  nextRandom = 0;
  #nowMs = 0;
  #ids = 0;
  #order = 0;
  readonly #armed = new Set<Armed>();
  readonly #soon: (() => void)[] = [];

  wallMs(): number {
    return this.#nowMs + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, action: () => void): Timer {
    this.#order += 1;
    const armed = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, action };
    this.#armed.add(armed);
    return { cancel: () => void this.#armed.delete(armed) };
  }

  soon(action: () => void): void {
    this.#soon.push(action);
  }

  random(): number {
    return this.nextRandom;
  }

  newId(): string {
    this.#ids += 1;
    return `id${this.#ids}`;
  }

  /** Timers that are armed. */
  get timerCount(): number {
    return this.#armed.size;
  }

  /** Runs what waits for the event loop, and what that leads to, until nothing is left to run without time passing. */
  async settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const actions = this.#soon.splice(0);
      if (actions.length === 0) return;
      for (const action of actions) action();
    }
  }

  /** Lets time pass, stopping at every timer on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#armed.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.action();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Armed | undefined {
    let first: Armed | undefined;
    for (const armed of this.#armed) {
      if (armed.atMs > untilMs) continue;
      const isEarlier = first === undefined || armed.atMs < first.atMs;
      if (isEarlier || (armed.atMs === first?.atMs && armed.order < first.order)) first = armed;
    }
    return first;
  }
}
