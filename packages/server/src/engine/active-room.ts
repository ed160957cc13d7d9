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
const firstPages = 3;
const allHaveHeardMs = 1300;
/**
 * While it has much to drive it takes so many rows a millisecond of what others could drive as well: who is quick to claim would
 * take most of a small backlog, and drive it long after the others have ended theirs.
 */
const aheadRowsPerMs = 2;

/** A page that has more behind it. */
interface Backlog {
  /** Engine time from which any node could take the first of it. */
  readonly sinceMs: number;
  /** In the pages since then. */
  readonly rows: number;
  /** Until then no more is taken, unless most of what was claimed is done. */
  readonly pacedUntilMs: number;
}

/** What is active on one node, and how much more may be. */
export class ActiveRoom {
  readonly #limits: ActiveLimits;
  #count = 0;
  #bytes = 0;
  #claimedCount = 0;
  #claimedBytes = 0;
  #backlog: Backlog | undefined;

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
  paged(rows: number, isFull: boolean, dueMs: number, nowMs: number): void {
    const { sinceMs = dueMs, rows: before = 0 } = this.#backlog ?? {};
    const pacedUntilMs = nowMs + rows / aheadRowsPerMs;
    this.#backlog = isFull ? { sinceMs, rows: before + rows, pacedUntilMs } : undefined;
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
    if (isTight || (isShared && this.#leavesToOthers(nowMs))) return { rows: 0, bytes: 0 };
    const claimableBytes = Math.floor(maxActiveBytes * claimShare);
    const freeBytes = Math.min(maxActiveBytes - this.#bytes, claimableBytes - this.#claimedBytes);
    return { rows: Math.min(claimRows, free), bytes: freeBytes };
  }

  #leavesToOthers(nowMs: number): boolean {
    if (this.#backlog === undefined) return false;
    const { claimRows } = this.#limits;
    const { sinceMs, rows, pacedUntilMs } = this.#backlog;
    const isEarly = rows >= firstPages * claimRows && nowMs - sinceMs < allHaveHeardMs;
    return isEarly || (nowMs < pacedUntilMs && this.#claimedCount > claimRows / 2);
  }

  #change(count: number, bytes: number, isClaimed: boolean): void {
    this.#count += count;
    this.#bytes += bytes;
    if (!isClaimed) return;
    this.#claimedCount += count;
    this.#claimedBytes += bytes;
  }
}
