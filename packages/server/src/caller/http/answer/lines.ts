/** Cuts what arrives in pieces into lines. Each byte is looked at once, and only a line that is not whole is kept. */
export class Lines {
  /** Where the line that `next` has found is: `from` to `to`, without its end. Valid until bytes arrive. */
  bytes: Buffer = empty;
  from = 0;
  to = 0;
  /** It ends in a line feed alone. */
  isBare = false;
  #kept: Buffer = empty;
  #keptLength = 0;

  /** How many bytes of a line without end are kept. */
  get keptLength(): number {
    return this.#keptLength;
  }

  /** The kept bytes; valid until bytes arrive. */
  get kept(): Buffer {
    return this.#kept.subarray(0, this.#keptLength);
  }

  /** @returns where the next line begins; -1: this one has no end yet, and was kept */
  next(bytes: Buffer, from: number, to: number): number {
    let end = from;
    while (end < to && bytes[end] !== lineFeed) end += 1;
    if (end === to) {
      this.#keep(bytes, from, to);
      return -1;
    }
    if (this.#keptLength === 0) {
      this.bytes = bytes;
      this.from = from;
      this.to = end;
    } else {
      this.#keep(bytes, from, end);
      this.bytes = this.#kept;
      this.from = 0;
      this.to = this.#keptLength;
      this.#keptLength = 0;
    }
    this.isBare = this.to === this.from || this.bytes[this.to - 1] !== carriageReturn;
    if (!this.isBare) this.to -= 1;
    return end + 1;
  }

  /** Forgets what is kept, and the memory for it. */
  clear(): void {
    this.#kept = empty;
    this.#keptLength = 0;
    this.bytes = empty;
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const length = this.#keptLength + to - from;
    if (length > this.#kept.length) {
      const larger = Buffer.alloc(Math.max(256, 2 * length));
      larger.set(this.kept);
      this.#kept = larger;
    }
    this.#kept.set(bytes.subarray(from, to), this.#keptLength);
    this.#keptLength = length;
  }
}

const empty = Buffer.alloc(0);
const lineFeed = 10;
const carriageReturn = 13;
