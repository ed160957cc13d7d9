/**
 * Spreads the return of refused calls, so that a backlog of 100,000 on a dead service does not come back in one moment:
 * each is told a time one step after the last. Where that would be too late it starts again at the earliest time, as a
 * second layer over the first.
 */
export class Ramp {
  #lastMs = Number.NEGATIVE_INFINITY;

  /**
   * When the next refused call is to come back.
   * @param earliestMs when the first one may
   * @param latestMs when the last one must, not before `earliestMs`
   */
  take(earliestMs: number, latestMs: number, perSecond: number): number {
    const nextMs = Math.max(earliestMs, this.#lastMs + 1000 / perSecond);
    this.#lastMs = nextMs > latestMs ? earliestMs : nextMs;
    return this.#lastMs;
  }

  /** The destination answers again: whoever is refused next comes back as the first. */
  reset(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }
}
