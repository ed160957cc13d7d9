import type { AnswerHead } from './head.ts';

/** A longer head is read each time. */
const longestHead = 2048;

/**
 * The head of the answer before, byte for byte. A service says the same in nearly each of its answers, and a head that is
 * the same means the same: it need not be taken apart again, which is most of what reading an answer costs.
 */
export class KnownHead {
  head: AnswerHead | undefined;
  /** Its first line ends in a bare LF. */
  isBare = false;
  /** Of the head, up to its blank line, in `#bytes`, which may be longer. */
  length = 0;
  #bytes: Buffer = nothing;

  /** Whether the bytes begin with it. */
  isIn(bytes: Buffer, length: number): boolean {
    const own = this.length;
    return own > 0 && own <= length && this.#bytes.compare(bytes, 0, own, 0, own) === 0;
  }

  /** @param length of the head, which the bytes begin with */
  learn(bytes: Buffer, length: number, head: AnswerHead, isBare: boolean): void {
    if (length > longestHead) return;
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length);
    bytes.copy(this.#bytes, 0, 0, length);
    this.length = length;
    this.head = head;
    this.isBare = isBare;
  }
}

const nothing = Buffer.alloc(0);
