import { invalid } from '@holdfast/core';
import type { Fault } from '../transport/http/routes/dev-routes.ts';

const mostFaults = 1000;

/** Faults that wait for calls of their URL. Those of one URL come in the order in which they were added. */
export class Faults {
  #faults: readonly Fault[] = [];

  get all(): readonly Fault[] {
    return this.#faults;
  }

  /** @throws HoldfastError INVALID_INPUT where there are too many */
  add(fault: Fault): void {
    if (this.#faults.length >= mostFaults) throw invalid('faults', `must be at most ${mostFaults}`);
    this.#faults = [...this.#faults, fault];
  }

  /** Those of one URL, or all. */
  clear(url?: string): void {
    this.#faults = url === undefined ? [] : this.#faults.filter((fault) => fault.url !== url);
  }

  /** What happens to a call of this URL now; used up by one. */
  take(url: string): Fault | undefined {
    const taken = this.#faults.find((fault) => fault.url === url);
    if (taken === undefined) return undefined;
    const left = { ...taken, times: taken.times - 1 };
    this.#faults = this.#faults.flatMap((fault) => (fault !== taken ? [fault] : left.times > 0 ? [left] : []));
    return taken;
  }
}
