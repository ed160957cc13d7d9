import type { Definition } from '@holdfast/core';

/** A transaction of more steps or branches, or of more characters of `custom_data`, is a long one: each look at it takes milliseconds. */
const longSteps = 500;
const longCharacters = 64 * 1024;

/** @param branches that were registered */
export function isLong({ steps, customData }: Pick<Definition, 'steps' | 'customData'>, branches = 0): boolean {
  return steps.length + branches > longSteps || customData.length > longCharacters;
}

/**
 * Pieces of work that may take tens of milliseconds each: reading and creating a long transaction, driving one for a
 * while, showing one. One of them runs in one round of the event loop, in their order. So all other work, probes too, has
 * its turn between two of them, however many long transactions there are.
 */
export class LongTurns {
  readonly #soon: (action: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isSet = false;

  /** @param soon runs an action after what already waits for the event loop */
  constructor(soon: (action: () => void) => void) {
    this.#soon = soon;
  }

  /**
   * Runs it in a later round. What `soon` runs may still belong to the round of whoever asks, who may have just done a
   * long piece: so the first one waits twice.
   */
  take(piece: () => void): void {
    this.#waiting.push(piece);
    if (this.#isSet) return;
    this.#isSet = true;
    this.#soon(() => this.#next());
  }

  /** Resolves in the turn of whoever waits: what follows at once is the piece. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.take(resolve));
  }

  #next(): void {
    this.#soon(() => {
      const piece = this.#waiting.shift();
      if (this.#waiting.length > 0) this.#next();
      else this.#isSet = false;
      piece?.();
    });
  }
}
