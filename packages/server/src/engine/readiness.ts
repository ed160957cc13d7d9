/** Why the store keeps the coordinator from serving, as it is told to whoever asks whether it is ready. */
export class Readiness {
  readonly #warned: (message: string, reason: string) => void;
  #pausedReason: string | undefined;
  #doubtedReason: string | undefined;

  constructor(warned: (message: string, reason: string) => void) {
    this.#warned = warned;
  }

  get isPaused(): boolean {
    return this.#pausedReason !== undefined;
  }

  /** Why it cannot start yet; undefined: now it can. */
  waits(reason: string | undefined): void {
    this.#pausedReason = reason;
  }

  /** Why the store cannot write; undefined: it can again. */
  paused(reason: string | undefined): void {
    if (reason !== undefined && !this.isPaused) this.#warned('the store cannot write', reason);
    this.#pausedReason = reason;
  }

  /** The store notices, without a write, that it may not be the right one any more; undefined: it is. */
  doubts(reason: string | undefined): void {
    if (reason !== undefined && this.#doubtedReason === undefined) {
      this.#warned('the files of the store may have been moved or replaced', reason);
    }
    this.#doubtedReason = reason;
  }

  /**
   * Undefined: nothing keeps it.
   * @param away why a shared store cannot be used just now
   */
  reason(lease: 'valid' | 'lapsed' | 'none yet', away?: string): string | undefined {
    if (this.#doubtedReason !== undefined) return this.#doubtedReason;
    if (lease === 'valid' || (lease === 'none yet' && this.isPaused)) return this.#pausedReason;
    return away === undefined ? 'no lease on the store' : `no lease on the store: ${away}`;
  }
}
