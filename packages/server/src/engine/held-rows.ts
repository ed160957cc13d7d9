/**
 * Rows that a request is changing. One creation, change or take-up of a row runs at a time, so that on one node all
 * writes of a gid go through one hand, and no driver starts from what was read before another write.
 */
export class HeldRows {
  /** Gids, with who waits for the change to end. */
  readonly #waiting = new Map<string, (() => void)[]>();

  has(gid: string): boolean {
    return this.#waiting.has(gid);
  }

  gids(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** Runs the change when no other one of this gid runs. */
  async exclusively<T>(gid: string, change: () => Promise<T>): Promise<T> {
    for (let others = this.#waiting.get(gid); others !== undefined; others = this.#waiting.get(gid)) {
      const before = others;
      await new Promise<void>((resolve) => before.push(resolve));
    }
    const waiting: (() => void)[] = [];
    this.#waiting.set(gid, waiting);
    try {
      return await change();
    } finally {
      this.#waiting.delete(gid);
      for (const resolve of waiting) resolve();
    }
  }
}
