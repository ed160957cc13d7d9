/** So many requests a second, at times fixed before the first is sent, whatever becomes of them. */
export class Arrivals {
  readonly #arrive: (intendedMs: number) => void;
  #rate = 0;
  #sinceMs = 0;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(arrive: (intendedMs: number) => void) {
    this.#arrive = arrive;
  }

  /** From now on at this rate; 0 stops. */
  setRate(perSecond: number): void {
    clearTimeout(this.#timer);
    this.#rate = perSecond;
    this.#sinceMs = performance.now();
    this.#count = 0;
    if (perSecond > 0) this.#tick();
  }

  /** The first comes at once. Timers come late where the machine is busy: all that should have come by then comes then. */
  #tick(): void {
    const due = Math.floor(((performance.now() - this.#sinceMs) / 1000) * this.#rate) + 1;
    for (; this.#count < due; this.#count += 1) {
      this.#arrive(this.#sinceMs + (this.#count / this.#rate) * 1000);
    }
    this.#timer = setTimeout(() => this.#tick(), 2);
  }
}
