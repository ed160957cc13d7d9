/** A call, as far as its end is concerned: it says `cancelled` once its answer was taken, or nobody takes it any more. */
interface Call {
  once(event: 'cancelled', listener: () => void): unknown;
}

/** Large answers that clients have not taken yet, with a budget over all connections. */
export class UnsentReplies {
  readonly #budgetBytes: number;
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#budgetBytes;
  }

  /** Counts an answer that is about to be sent until it is gone. */
  hold(call: Call, bytes: number): void {
    this.#bytes += bytes;
    call.once('cancelled', () => {
      this.#bytes -= bytes;
    });
  }
}
