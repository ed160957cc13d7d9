import type { WriteResult } from '../store/store.ts';
import type { Runtime, Timer } from './ports.ts';
import type { Row } from './row.ts';

export interface FlushContext {
  readonly runtime: Runtime;
  /** Forward successes are flushed this long after they came, unless another write takes them along. */
  readonly flushDelayMs: number;
}

/** Writes the successes of one driver soon, so that a crash repeats few calls. Any other write takes them along. */
export class Flush {
  readonly #context: FlushContext;
  readonly #row: Row;
  readonly #written: (result: WriteResult) => void;
  #timer: Timer | undefined;

  constructor(context: FlushContext, row: Row, written: (result: WriteResult) => void) {
    this.#context = context;
    this.#row = row;
    this.#written = written;
  }

  soon(): void {
    if (!this.#row.hasMarks || this.#timer !== undefined || this.#row.isBusy) return;
    this.#timer = this.#context.runtime.setTimer(this.#context.flushDelayMs, () => {
      this.#timer = undefined;
      if (!this.#row.isBusy && this.#row.hasMarks) this.#row.write('marks', this.#written);
    });
  }

  /** Another write takes them along, or the driver has left. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
