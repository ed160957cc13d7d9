/** Whoever is to be written. */
export interface Departing {
  depart(): void;
}

/**
 * Calls that are written together, at the end of the round of the event loop in which they were asked for. Each write to
 * a service on this machine wakes that service, and the system may let it run in our place at once; woken by the first
 * of many, it finds the others as well. It saves about a twentieth of the processor time of a saga.
 */
export class Departures {
  #waiting: Departing[] = [];

  add(one: Departing): void {
    if (this.#waiting.push(one) === 1) setImmediate(this.#go);
  }

  readonly #go = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.depart();
  };
}
