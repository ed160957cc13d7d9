const lookEveryMs = 60_000;

/**
 * From which due time on what has no owner is looked at. What was due before has been claimed and is gone, but for the
 * index: there it stays for as long as somebody holds an old snapshot, and each claim and each heartbeat would go over
 * all of it. What lies before all the same is found by a look at all, once a minute.
 */
export class DueCursor {
  readonly #marginMs: number;
  #fromMs = Number.MIN_SAFE_INTEGER;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param marginMs so much before the earliest that was found it begins: clocks of nodes differ, and what another node writes
   *   may be kept later than it is due
   */
  constructor(marginMs: number) {
    this.#marginMs = marginMs;
  }

  /** Where to begin at that engine time. */
  from(nowMs: number): number {
    return Math.min(this.#fromMs, nowMs - this.#marginMs);
  }

  /** At that time this was the earliest from there on; undefined: there was none. What has become due since stays seen. */
  found(nowMs: number, earliestMs: number | undefined, askedFromMs: number): void {
    if (this.#fromMs < askedFromMs) return;
    this.#fromMs = Math.min(earliestMs ?? nowMs, nowMs) - this.#marginMs;
  }

  /** Something is due then. */
  due(dueMs: number): void {
    this.#fromMs = Math.min(this.#fromMs, dueMs);
  }

  /** Whether it is time to look at all, which the asker does; by monotonic time. */
  isLookDue(atMs: number): boolean {
    if (atMs - this.#lookedMs < lookEveryMs) return false;
    this.#lookedMs = atMs;
    return true;
  }
}
