/** A call whose answer is being kept until it is whole. */
export interface Reader {
  /** Of the service that answers. The same for as long as anything of the answer is kept. */
  readonly origin: string;
  /** Reads on, after it was told to wait. */
  readOn(): void;
}

/** So much of each answer is not counted: nearly all are so short, and must not wait for long ones. */
const smallBytes = 4096;

interface Share {
  /** What is counted for one origin. */
  bytes: number;
  /** Its readers that wait, in the order in which they read on, with what they keep and is not counted yet. */
  readonly waiting: Map<Reader, number>;
}

/**
 * One budget of bytes for all answers that are being read. Beyond it no more is read: the bytes wait in the sockets,
 * and the services with them.
 *
 * An origin reads on while it keeps no more than what is free. So one has half of the budget at most, each of two a third,
 * and there is always room for one more: answers that stand still stop those of their own service alone.
 *
 * One answer at a time may go on whatever the budget says, of each origin in turn, so that there is always one that comes
 * to its end. So at most the budget is kept, one whole answer, and one piece and `smallBytes` of each call that is out.
 */
export class ReadingBudget {
  readonly #pieceBytes: number;
  #free: number;
  #bytes = 0;
  /** By origin; the one that read on last is the last. */
  readonly #shares = new Map<string, Share>();
  #waiting = 0;
  /** Reads on whatever the budget says, and since then is not counted. */
  #first: Reader | undefined;
  #firstBytes = 0;

  /** @param pieceBytes the most that one reader adds before it asks again */
  constructor(bytesMax: number, pieceBytes: number) {
    this.#free = bytesMax;
    this.#pieceBytes = pieceBytes;
  }

  /** Kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls that wait until they may read on. */
  get waiting(): number {
    return this.#waiting;
  }

  isWaiting(reader: Reader): boolean {
    return this.#shares.get(reader.origin)?.waiting.has(reader) === true;
  }

  /**
   * Counts bytes that are kept. False: `reader` must read no more until it is told to.
   * @param ownBytes all that it keeps now
   */
  add(reader: Reader, bytes: number, ownBytes: number): boolean {
    this.#bytes += bytes;
    const counted = countedOf(ownBytes) - countedOf(ownBytes - bytes);
    if (counted === 0) return !this.isWaiting(reader);
    const share = this.#shareOf(reader.origin);
    const waits = share.waiting.get(reader);
    if (waits === undefined && reader !== this.#first && share.bytes + counted <= this.#free - counted) {
      this.#count(share, counted);
      return true;
    }
    if (waits === undefined && (this.#first === undefined || reader === this.#first)) {
      this.#first = reader;
      this.#firstBytes += counted;
      return true;
    }
    if (waits === undefined) this.#waiting += 1;
    share.waiting.set(reader, (waits ?? 0) + counted);
    return false;
  }

  /** It has ended, and all `bytes` that it added are free. */
  leave(reader: Reader, bytes: number): void {
    this.#bytes -= bytes;
    const share = this.#shareOf(reader.origin);
    let counted = countedOf(bytes) - (share.waiting.get(reader) ?? 0);
    if (share.waiting.delete(reader)) this.#waiting -= 1;
    if (this.#first === reader) {
      counted -= this.#firstBytes;
      this.#first = undefined;
      this.#firstBytes = 0;
    }
    this.#count(share, -counted);
    if (share.bytes === 0 && share.waiting.size === 0) this.#shares.delete(reader.origin);
    if (this.#waiting > 0) this.#goOn();
  }

  #shareOf(origin: string): Share {
    const known = this.#shares.get(origin);
    if (known !== undefined) return known;
    const share: Share = { bytes: 0, waiting: new Map() };
    this.#shares.set(origin, share);
    return share;
  }

  #count(share: Share, bytes: number): void {
    share.bytes += bytes;
    this.#free -= bytes;
  }

  /** Those read on for which there is room, and one in any case. */
  #goOn(): void {
    const shares = [...this.#shares].filter(([, { waiting }]) => waiting.size > 0);
    for (const [origin, share] of shares) {
      let promised = 0;
      for (const [next, bytes] of share.waiting) {
        promised += this.#pieceBytes;
        if (share.bytes + bytes + promised > this.#free - bytes - promised) break;
        this.#count(share, bytes);
        this.#readOn(origin, share, next);
      }
    }
    if (this.#first !== undefined) return;
    for (const [origin, share] of shares) {
      const [next] = share.waiting;
      if (next === undefined) continue;
      [this.#first, this.#firstBytes] = next;
      this.#readOn(origin, share, next[0]);
      return;
    }
  }

  #readOn(origin: string, share: Share, reader: Reader): void {
    share.waiting.delete(reader);
    this.#waiting -= 1;
    this.#shares.delete(origin);
    this.#shares.set(origin, share);
    reader.readOn();
  }
}

function countedOf(bytes: number): number {
  return Math.max(0, bytes - smallBytes);
}
