/** Counts events and says how many there were in a period of late: the last whole one, or the one under way. */
export class Rate {
  readonly #periodMs: number;
  #period = 0;
  #count = 0;
  #before = 0;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  count(nowMs: number): void {
    this.#turnTo(nowMs);
    this.#count += 1;
  }

  latest(nowMs: number): number {
    this.#turnTo(nowMs);
    return Math.max(this.#count, this.#before);
  }

  #turnTo(nowMs: number): void {
    const period = Math.floor(nowMs / this.#periodMs);
    if (period === this.#period) return;
    this.#before = period === this.#period + 1 ? this.#count : 0;
    this.#count = 0;
    this.#period = period;
  }
}
