import type { Write } from 'holdfast/store/store';
import type { Statistics } from '../kernel/statistics.ts';
import { accuse, type Court } from './court.ts';

/** How a commit ended for whoever sent it. */
export type CommitEnd = 'done' | 'not-done' | 'unknown';

interface Sent {
  readonly token: string;
  isUnderWay: boolean;
  isUnknown: boolean;
}

/**
 * A process has one write of a transaction under way at a time, however many batches are, and issues no other one before
 * it is known what became of that.
 */
export class Writers {
  readonly #court: Court;
  readonly #statistics: Statistics;
  /** By process and gid. */
  readonly #sent = new Map<string, Map<string, Sent>>();

  constructor(court: Court, statistics: Statistics) {
    this.#court = court;
    this.#statistics = statistics;
  }

  /** A batch leaves; the function returned is told how that ended. */
  sent(process: string, batch: readonly Write[]): (end: CommitEnd) => void {
    const ofProcess = this.#sent.get(process) ?? new Map<string, Sent>();
    this.#sent.set(process, ofProcess);
    if ([...ofProcess.values()].some(({ isUnderWay }) => isUnderWay))
      this.#statistics.count('committed beside another batch');
    const sent = batch.map(({ gid, token }) => {
      const before = ofProcess.get(gid);
      if (before?.isUnderWay === true) accuse(this.#court, 'P4', gid, `${process} has two writes of it under way`);
      if (before !== undefined && before.token !== token) {
        accuse(this.#court, 'P4', gid, `${process} writes it again and does not know what became of its write before`);
      }
      const now = { token, isUnderWay: true, isUnknown: before?.isUnknown ?? false };
      ofProcess.set(gid, now);
      return [gid, now] as const;
    });
    return (end) => {
      for (const [gid, one] of sent) {
        one.isUnderWay = false;
        one.isUnknown ||= end === 'unknown';
        if (end === 'done' || !one.isUnknown) ofProcess.delete(gid);
      }
    };
  }
}
