/** Counts events and says how many there were a second of late: in the last whole second or the one under way. */
export class Rate {
  #second = 0;
  #count = 0;
  #before = 0;

  count(nowMs: number): void {
    this.#turnTo(nowMs);
    this.#count += 1;
  }

  perSecond(nowMs: number): number {
    this.#turnTo(nowMs);
    return Math.max(this.#count, this.#before);
  }

  #turnTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#count : 0;
    this.#count = 0;
    this.#second = second;
  }
}
