import { HoldfastError } from '@holdfast/core';

export interface BodyLimits {
  readonly bodyLimitBytes: number;
  readonly bodyBudgetBytes: number;
}

/** A limit for each request body, and a budget for all that are in memory at once, however they came in. */
export class Bodies {
  readonly #limits: BodyLimits;
  #heldBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Bytes of bodies that are being received or wait for their turn. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  isTooLong(bytes: number): boolean {
    return bytes > this.#limits.bodyLimitBytes;
  }

  /** Counts them, also where that is more than the budget allows. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  get isOverBudget(): boolean {
    return this.#heldBytes > this.#limits.bodyBudgetBytes;
  }

  tooLarge(): HoldfastError {
    const message = `body: must be at most ${this.#limits.bodyLimitBytes} bytes`;
    return new HoldfastError('TOO_LARGE', message, { field: 'body' });
  }

  overBudget(): HoldfastError {
    return new HoldfastError('UNAVAILABLE', 'too many request bodies are being received', { retryAfterMs: 1000 });
  }
}
