/** Requests that begin in one round of the event loop, at most: tens of milliseconds. */
export const requestsEachRound = 128;

/** A longer request may take tens of milliseconds to read. One of them begins in one round. */
export const largeRequestBytes = 64 * 1024;

interface Waiting {
  readonly begin: () => void;
  readonly sinceMs: number;
}

/**
 * Requests that take turns: only so many begin in one round of the event loop, the others in the rounds that follow, in
 * their order. Thousands of clients that ask at the same moment would else hold up everything that is under way for as
 * long as it takes to answer them all: answers of services, commits, time-outs.
 */
export class Turns {
  readonly #eachRound: number;
  readonly #waiting: Waiting[] = [];
  #begun = 0;

  constructor(eachRound: number) {
    this.#eachRound = eachRound;
  }

  /** How long the one that comes next has waited; 0 where none waits. */
  get waitedMs(): number {
    const [next] = this.#waiting;
    return next === undefined ? 0 : performance.now() - next.sinceMs;
  }

  /** Begins it now, or in a later round. */
  take(begin: () => void): void {
    if (this.#begun < this.#eachRound) this.#begin(begin);
    else this.#waiting.push({ begin, sinceMs: performance.now() });
  }

  #begin(begin: () => void): void {
    if (this.#begun === 0) setImmediate(() => this.#nextRound());
    this.#begun += 1;
    begin();
  }

  #nextRound(): void {
    this.#begun = 0;
    for (const { begin } of this.#waiting.splice(0, this.#eachRound)) this.#begin(begin);
  }
}
