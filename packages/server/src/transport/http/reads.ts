import { HoldfastError } from '@holdfast/core';

export interface ReadLimits {
  readonly readsAtOnce: number;
  readonly readsWaiting: number;
}

/**
 * Reads of whole transactions, which may be megabytes each: so many at once, some wait for their turn, and what comes
 * beyond is refused. Between two turns the event loop goes round, so that a queue of large ones delays nobody else.
 */
export class ReadGate {
  readonly #limits: ReadLimits;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /** @throws HoldfastError UNAVAILABLE where too many wait already; then `read` was not called */
  async pass<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#limits.readsAtOnce) this.#running += 1;
    else if (this.#waiting.length < this.#limits.readsWaiting) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else throw new HoldfastError('UNAVAILABLE', 'too many reads are waiting', { retryAfterMs: 1000 });
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else setImmediate(next);
    }
  }
}
