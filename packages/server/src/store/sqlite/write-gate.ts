/**
 * Orders the writers of one process, first come first served, so that none waits inside SQLite: the event loop's
 * connection is synchronous, and waiting for a lock there would stop the process. Work of the event loop takes no time
 * of its own here: it runs at once unless the worker thread is writing.
 */
export class WriteGate {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs synchronous work now, or as soon as the gate is free. */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enter(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Holds the gate until the work has ended. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#enter(() => {
        this.#isHeld = true;
        resolve();
      });
    });
    try {
      return await work();
    } finally {
      this.#isHeld = false;
      while (!this.#isHeld) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        next();
      }
    }
  }

  #enter(action: () => void): void {
    if (this.#isHeld) this.#waiting.push(action);
    else action();
  }
}
