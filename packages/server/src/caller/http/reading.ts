/** A call whose answer is being kept until it is whole. */
export interface Reader {
  /** Reads on, after it was told to wait. */
  readOn(): void;
}

/** An answer that keeps no more than this never waits: nearly all are so short, and one slow service must not stop them. */
const smallBytes = 4096;

/**
 * One budget of bytes for all answers that are being read. Beyond it no more is read: the bytes wait in the sockets,
 * and the services with them. One answer at a time may go on beyond the budget, the one that has waited longest, so
 * that there is always one that comes to its end. So at most the budget is kept, one whole answer, and one piece and
 * `smallBytes` of each call that is out.
 */
export class ReadingBudget {
  readonly #bytesMax: number;
  readonly #pieceBytes: number;
  #bytes = 0;
  /** In the order in which they read on. */
  readonly #waiting = new Set<Reader>();
  /** Reads on whatever the budget says. */
  #first: Reader | undefined;

  /** @param pieceBytes the most that one reader adds before it asks again */
  constructor(bytesMax: number, pieceBytes: number) {
    this.#bytesMax = bytesMax;
    this.#pieceBytes = pieceBytes;
  }

  /** Kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls that wait until they may read on. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isWaiting(reader: Reader): boolean {
    return this.#waiting.has(reader);
  }

  /**
   * Counts bytes that are kept. False: `reader` must read no more until it is told to.
   * @param ownBytes all that it keeps now
   */
  add(reader: Reader, bytes: number, ownBytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes <= this.#bytesMax || ownBytes <= smallBytes || reader === this.#first) return true;
    if (this.#first === undefined) {
      this.#first = reader;
      return true;
    }
    this.#waiting.add(reader);
    return false;
  }

  /** It has ended, and all `bytes` that it added are free. */
  leave(reader: Reader, bytes: number): void {
    this.#bytes -= bytes;
    this.#waiting.delete(reader);
    if (this.#first === reader) this.#first = undefined;
    let room = this.#bytesMax - this.#bytes;
    for (const next of this.#waiting) {
      const mayExceed = this.#first === undefined && room < this.#pieceBytes;
      if (mayExceed) this.#first = next;
      else if (room < this.#pieceBytes) return;
      else room -= this.#pieceBytes;
      this.#waiting.delete(next);
      next.readOn();
    }
  }
}
