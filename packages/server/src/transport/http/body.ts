import type { IncomingMessage } from 'node:http';
import { HoldfastError } from '@holdfast/core';

export interface BodyLimits {
  readonly bodyLimitBytes: number;
  readonly bodyBudgetBytes: number;
}

/** Reads request bodies under a limit for each and a budget for all that are in memory at once. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #heldBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Bytes of bodies that are being received. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A body that says itself that it is too large. */
  isTooLong(request: IncomingMessage): boolean {
    return Number(request.headers['content-length'] ?? 0) > this.#limits.bodyLimitBytes;
  }

  /**
   * Calls `done` once, with the body or with why it is refused; never if the client leaves before. A refused body is
   * not read further. The bytes count against the budget until `done` returns, so it must not keep them.
   */
  read(request: IncomingMessage, done: (body: Buffer | HoldfastError) => void): void {
    if (this.isTooLong(request)) {
      done(this.tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: Buffer | HoldfastError | undefined) => {
      request.off('data', take).off('end', end).off('close', left);
      try {
        if (result !== undefined) done(result);
      } finally {
        this.#heldBytes -= bytes;
      }
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      this.#heldBytes += chunk.length;
      chunks.push(chunk);
      if (bytes > this.#limits.bodyLimitBytes) settle(this.tooLarge());
      else if (this.#heldBytes > this.#limits.bodyBudgetBytes) settle(overBudget());
    };
    const end = () => settle(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes));
    const left = () => settle(undefined);
    request.on('data', take).on('end', end).on('close', left);
  }

  tooLarge(): HoldfastError {
    const message = `body: must be at most ${this.#limits.bodyLimitBytes} bytes`;
    return new HoldfastError('TOO_LARGE', message, { field: 'body' });
  }
}

function overBudget(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'too many request bodies are being received', { retryAfterMs: 1000 });
}
