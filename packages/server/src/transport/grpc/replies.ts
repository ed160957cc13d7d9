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

  /** Counts an answer that is about to be sent; negative: it is gone. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }
}
