import { isFinal } from '@holdfast/core';
import type { Heard } from '../../nodes.ts';
import type { Write } from '../../store.ts';
import { DueCursor } from './due-cursor.ts';

/**
 * A claim goes over little of what is gone, because there may be many claims; the heartbeat, once a second, finds what was kept
 * later than it was due.
 */
const claimMarginMs = 2000;
const beatMarginMs = 20_000;

/** From which due time on a coordinator's claims and heartbeats look for what is due. */
export class DueLooks {
  readonly #claims = new DueCursor(claimMarginMs);
  readonly #beats = new DueCursor(beatMarginMs);

  claimFrom(nowMs: number): number {
    return this.#claims.from(nowMs);
  }

  /** @param earliestMs of what that claim has left, and saw */
  claimed(nowMs: number, earliestMs: number | undefined, fromMs: number): void {
    this.#claims.found(nowMs, earliestMs, fromMs);
  }

  beatFrom(): number {
    return this.#beats.from(Number.MAX_SAFE_INTEGER);
  }

  beaten({ clockMs, nextDueMs }: Pick<Heard, 'clockMs' | 'nextDueMs'>, fromMs: number): void {
    this.#beats.found(clockMs, nextDueMs, fromMs);
    if (nextDueMs !== undefined) this.#claims.due(nextDueMs);
  }

  /** It may leave something without owner. */
  written(write: Write): void {
    if (write.kind === 'append') {
      if (write.dueMs !== undefined) this.due(write.dueMs);
    } else if (write.owner === null && !isFinal(write.progress.status)) {
      this.due(write.progress.dueMs);
    }
  }

  due(dueMs: number): void {
    this.#claims.due(dueMs);
    this.#beats.due(dueMs);
  }

  /** Whether it is time to look at all, which the asker does; by monotonic time. */
  isWholeLookDue(atMs: number): boolean {
    return this.#beats.isLookDue(atMs);
  }
}
