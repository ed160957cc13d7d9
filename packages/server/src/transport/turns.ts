/** Requests that begin in one round of the event loop, at most: tens of milliseconds. */
export const requestsEachRound = 128;

/**
 * Requests that take turns: only so many begin in one round of the event loop, the others in the rounds that follow, in
 * their order. Thousands of clients that ask at the same moment would else hold up everything that is under way for as
 * long as it takes to answer them all: answers of services, commits, time-outs.
 */
export class Turns {
  readonly #eachRound: number;
  #waiting: (() => void)[] = [];
  #begun = 0;

  constructor(eachRound: number) {
    this.#eachRound = eachRound;
  }

  /** Begins it now, or in a later round. */
  take(begin: () => void): void {
    if (this.#begun >= this.#eachRound) {
      this.#waiting.push(begin);
      return;
    }
    if (this.#begun === 0) setImmediate(() => this.#nextRound());
    this.#begun += 1;
    begin();
  }

  #nextRound(): void {
    this.#begun = 0;
    for (const begin of this.#waiting.splice(0, this.#eachRound)) this.take(begin);
  }
}
