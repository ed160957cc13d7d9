import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

/** The time-out of a call where nothing else was asked for. */
const usualTimeoutMs = 3000;
/** By then a call that was out has timed out, its owner has looked at its row, and the next call has gone out. */
const goesOnMs = 4000;
/** What an operator does not wait for is compensated so much later. */
export const notWaitedForMs = 10_000;

/**
 * P7: a transaction that was made due goes on soon, also where that came during a call or a write. Judged only where
 * coordinators and store have no trouble of their own.
 */
export class WakeAuditor {
  readonly #court: Court;

  constructor(court: Court) {
    this.#court = court;
  }

  /** Asked to be made due now; what it returns is called when a node has answered that it is. */
  watch(gid: string): () => void {
    const found = this.#court.cases.get(gid);
    if (!this.#court.isTimed || found === undefined || !hasWorkNow(this.#court, found)) return () => undefined;
    const { activity } = found;
    return () => this.#judgeAfter(patienceFor(found), found, activity);
  }

  /** What an operator decides meanwhile counts too. */
  #judgeAfter(ms: number, found: Case, activity: number): void {
    const askedMs = patienceFor(found);
    this.#court.later(ms, () => {
      if (found.activity > activity || found.isFinal) return;
      const patienceMs = patienceFor(found);
      if (patienceMs > askedMs) {
        this.#judgeAfter(patienceMs - askedMs, found, activity);
        return;
      }
      accuse(this.#court, 'P7', found.gid, `it was made due, and nothing happened for ${patienceMs / 1000} s`);
    });
  }
}

function patienceFor({ asked, waitsNoMoreSinceMs }: Case): number {
  const heldMs = waitsNoMoreSinceMs === undefined ? 0 : notWaitedForMs;
  return Math.max(asked.options.requestTimeoutMs, usualTimeoutMs) + goesOnMs + heldMs;
}

/** Not while it waits for a submit, or for the delay that was asked for. */
function hasWorkNow(court: Court, { row, status, submittedMs }: Case): boolean {
  if (status === 'aborting') return true;
  if (row === undefined || status !== 'submitted' || submittedMs === undefined) return false;
  return court.nowMs() > submittedMs + delayOf(row.definition.customData);
}

/** A message's delay in milliseconds. */
export function delayOf(customData: string): number {
  if (customData === '') return 0;
  const custom: { delay?: number } = JSON.parse(customData);
  return (custom.delay ?? 0) * 1000;
}
