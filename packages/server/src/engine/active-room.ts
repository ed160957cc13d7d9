/** What may be active on one node at once. */
export interface ActiveLimits {
  /** Transactions being driven. */
  readonly maxActive: number;
  /** Bytes of their definitions and branches. */
  readonly maxActiveBytes: number;
  /** Rows in one page of claims. */
  readonly claimRows: number;
}

/**
 * Of what may be active, what claims may take: a backlog that comes due in one moment, as after a crash, must not be
 * what new transactions are refused for.
 */
const claimShare = 0.5;

/** Whoever hears of a backlog first takes so many pages, and no more until all others have heard of it, so long after. */
const firstPages = 5;
const allHaveHeardMs = 1300;

/** What is active on one node, and how much more may be. */
export class ActiveRoom {
  readonly #limits: ActiveLimits;
  #count = 0;
  #bytes = 0;
  #claimedCount = 0;
  #claimedBytes = 0;
  /** Since when there has been more than a page, and rows in the pages since then. */
  #backlog: { readonly sinceMs: number; readonly rows: number } | undefined;

  constructor(limits: ActiveLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param isClaimed it was taken from the store, not asked for here */
  add(bytes: number, isClaimed: boolean): void {
    this.#change(1, bytes, isClaimed);
  }

  remove(bytes: number, isClaimed: boolean): void {
    this.#change(-1, -bytes, isClaimed);
  }

  /** A page of claims came. @param dueMs engine time from which any node could take its first row */
  paged(rows: number, isFull: boolean, dueMs: number): void {
    const { sinceMs = dueMs, rows: before = 0 } = this.#backlog ?? {};
    this.#backlog = isFull ? { sinceMs, rows: before + rows } : undefined;
  }

  /**
   * What the next page may have; 0 rows: none now. Rather nothing than a few: each page is a durable write.
   *
   * @param isShared other nodes take of the same work
   */
  free(nowMs: number, isShared: boolean): { rows: number; bytes: number } {
    const { maxActive, maxActiveBytes, claimRows } = this.#limits;
    const claimable = Math.ceil(maxActive * claimShare);
    const free = Math.min(maxActive - this.#count, claimable - this.#claimedCount);
    const isTight = free < Math.min(claimRows, claimable) / 4;
    if (isTight || (isShared && this.#isEarly(nowMs))) return { rows: 0, bytes: 0 };
    const claimableBytes = Math.floor(maxActiveBytes * claimShare);
    const freeBytes = Math.min(maxActiveBytes - this.#bytes, claimableBytes - this.#claimedBytes);
    return { rows: Math.min(claimRows, free), bytes: freeBytes };
  }

  #isEarly(nowMs: number): boolean {
    if (this.#backlog === undefined) return false;
    const { sinceMs, rows } = this.#backlog;
    return rows >= firstPages * this.#limits.claimRows && nowMs - sinceMs < allHaveHeardMs;
  }

  #change(count: number, bytes: number, isClaimed: boolean): void {
    this.#count += count;
    this.#bytes += bytes;
    if (!isClaimed) return;
    this.#claimedCount += count;
    this.#claimedBytes += bytes;
  }
}
