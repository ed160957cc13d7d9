import type { Runtime } from './ports.ts';

/** So many answered heartbeats without a failure between them: it is back. */
const quietAnswers = 2;

export interface OutageParts {
  readonly runtime: Pick<Runtime, 'monotonicMs'>;
  warned(message: string, error: unknown): void;
}

/** A shared store that is away: one line when that is found, whoever finds it and however many do, and one when it is back. */
export class Outage {
  readonly #parts: OutageParts;
  /** Monotonic time; undefined: it is there. */
  #sinceMs: number | undefined;
  #quiet = 0;
  #reason: string | undefined;

  constructor(parts: OutageParts) {
    this.#parts = parts;
  }

  /** Why it cannot be used, as it was said last; undefined: it is there. */
  get reason(): string | undefined {
    return this.#sinceMs === undefined ? undefined : this.#reason;
  }

  failed(message: string, error: unknown): void {
    this.#quiet = 0;
    this.#reason = error instanceof Error ? error.message : String(error);
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#parts.runtime.monotonicMs();
    this.#parts.warned(message, error);
  }

  /** A heartbeat was answered. */
  answered(): void {
    if (this.#sinceMs === undefined) return;
    this.#quiet += 1;
    if (this.#quiet < quietAnswers) return;
    const { runtime, warned } = this.#parts;
    const seconds = Math.max(1, Math.round((runtime.monotonicMs() - this.#sinceMs) / 1000));
    this.#sinceMs = undefined;
    warned(`the store answers again: it did not for up to ${seconds} s`, undefined);
  }
}
