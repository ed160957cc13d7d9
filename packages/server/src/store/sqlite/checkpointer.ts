import type { Checkpoint } from './worker/jobs.ts';

export interface CheckpointerParts {
  readonly passive: () => Promise<Checkpoint>;
  readonly restart: () => Promise<Checkpoint>;
}

const everyMs = 250;
/** A WAL longer than this (32 MiB) is begun anew, even if that holds up the commits for a moment. */
const walPagesLimit = 8192;
/** So many pages may be left to copy while commits wait; more are copied beside them first. */
const leftPagesLimit = 1024;
const passes = 4;
/** After a restart that a reader stood in the way of, or an error. */
const blockedPauseMs = 2000;

/**
 * Keeps the WAL short without the commits doing it: copies it to the database beside them, and where it has grown long
 * all the same (under load it never comes to its end by itself), makes them wait for the rest.
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #timer: NodeJS.Timeout | undefined;
  #isWritten = false;
  #isRunning = false;
  #isClosed = false;
  #pauses = 0;
  #restartFromMs = 0;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  /** Something was committed. */
  written(): void {
    this.#isWritten = true;
    this.#arm();
  }

  /** A backup reads one state of the database: until it ends, the WAL cannot be begun anew. */
  pause(): void {
    this.#pauses += 1;
  }

  resume(): void {
    this.#pauses -= 1;
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (!this.#isWritten || this.#timer !== undefined || this.#isRunning || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#run(), everyMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isRunning = true;
    this.#isWritten = false;
    try {
      await this.#round();
    } catch {
      // The WAL has all of it, and damage is reported where the worker answers: tried again after a while.
      this.#isWritten = true;
      this.#restartFromMs = performance.now() + blockedPauseMs;
    }
    this.#isRunning = false;
    this.#arm();
  }

  async #round(): Promise<void> {
    let { walPages, leftPages } = await this.#parts.passive();
    if (walPages < walPagesLimit) return;
    for (let pass = 1; pass < passes && leftPages > leftPagesLimit; pass += 1) {
      ({ walPages, leftPages } = await this.#parts.passive());
    }
    if (this.#isClosed || this.#pauses > 0 || performance.now() < this.#restartFromMs) return;
    const { isBlocked } = await this.#parts.restart();
    if (isBlocked) this.#restartFromMs = performance.now() + blockedPauseMs;
  }
}
