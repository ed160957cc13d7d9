import { HoldfastError } from '@holdfast/core';

export interface GateLimits {
  readonly atOnce: number;
  readonly waiting: number;
}

/**
 * Reads of whole transactions, which may be megabytes each: so many at once, some wait for their turn, and what comes
 * beyond is refused. Between two turns the event loop goes round, so that a queue of large ones delays nobody else.
 */
export class Gate {
  readonly #limits: GateLimits;
  readonly #soon: (action: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param soon runs an action after what already waits for the event loop */
  constructor(limits: GateLimits, soon: (action: () => void) => void) {
    this.#limits = limits;
    this.#soon = soon;
  }

  /** @throws HoldfastError UNAVAILABLE where too many wait already; then `read` was not called */
  async pass<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#limits.atOnce) this.#running += 1;
    else if (this.#waiting.length < this.#limits.waiting) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else throw new HoldfastError('UNAVAILABLE', 'too many reads are waiting', { retryAfterMs: 1000 });
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else this.#soon(next);
    }
  }
}
