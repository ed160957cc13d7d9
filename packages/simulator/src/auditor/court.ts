import type { MachineClock } from '../kernel/clock.ts';
import type { Database } from '../store/database.ts';
import type { Case } from './case.ts';
import { type PromiseName, Violation } from './violation.ts';

/** What the parts of the auditor share: the cases, what they may look at, and how they find against the engine. */
export interface Court {
  readonly cases: Map<string, Case>;
  readonly database: Database;
  readonly isExclusive: boolean;
  /** The monotonic clocks of machines leap: what they say of time-outs is not judged. */
  readonly isLeaping: boolean;
  /** Engine time may be this much ahead of the clock of a shared store. */
  readonly serverErrorMs: number;
  /**
   * Since this true time the clock of a shared store has been far off for long enough to be followed; undefined: that clock
   * is never set, and tells the time.
   */
  readonly hasStoodSince: ((trueMs: number) => boolean) | undefined;
  /** Coordinators and store have no trouble of their own. */
  readonly isCalm: boolean;
  /** And what they owe can be judged by time. */
  readonly isTimed: boolean;
  /** True simulated time. */
  nowMs(): number;
  machines(): ReadonlyMap<string, MachineClock>;
  /** Judges something later, in simulated time. */
  later(delayMs: number, judge: () => void): void;
  find(violation: Violation): void;
}

export function accuse(court: Court, promise: PromiseName, gid: string, what: string): void {
  court.find(new Violation(promise, gid, what));
}

/** Ids carry the name of the process that made them: `a1-...` is the first life of machine a. */
export function processOf(incarnation: string): string {
  return incarnation.slice(0, incarnation.indexOf('-'));
}

export function machineOf(process: string): string {
  return process.replace(/\d+$/, '');
}
