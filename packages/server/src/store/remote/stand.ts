import { numberAt, type Row, textAt } from './values.ts';

/** What a look at a host tells of the server behind it, and of the data there (decision 0035). */
export interface Stand {
  readonly isWritable: boolean;
  /** Why it may lose what it acknowledges, and what to do. Undefined: it keeps it. */
  readonly fault: string | undefined;
  /**
   * The line of writes that the server goes on with: another one after each promotion, and one for all members of a
   * cluster that write the same data. Empty: it cannot be told.
   */
  readonly line: string;
  /** When the server was started, in milliseconds of its clock; it may be a second off. */
  readonly startedMs: number;
  /** What the data say of lines. Undefined: nothing of Holdfast is there. */
  readonly followed: Followed | undefined;
  readonly beats: readonly StoredBeat[];
}

/** The line that coordinators have followed to last. */
export interface Followed {
  /** Empty: to none yet. */
  readonly line: string;
  /** How often they have followed to another one. */
  readonly term: number;
}

/** A heartbeat as it is stored there. */
export interface StoredBeat {
  readonly incarnation: string;
  /** The name of the coordinator. */
  readonly node: string;
  readonly count: number;
  /** It came in the last seconds, by the clock of that server, and since that server started. */
  readonly isFresh: boolean;
}

/** Where the data say which line is followed. */
export const lineKey = { category: 'cluster', key: 'line' } as const;

/** How long a heartbeat is fresh. */
export const freshMs = 5000;

export const notFollowed: Followed = { line: '', term: 0 };

/** Columns: incarnation, node, count, age in ms, ms since the server started. */
export function toStoredBeat(row: Row): StoredBeat {
  const ageMs = numberAt(row, 3);
  // What comes from the future was written by another clock.
  const isFresh = Math.abs(ageMs) < freshMs && ageMs < numberAt(row, 4);
  return { incarnation: textAt(row, 0), node: textAt(row, 1), count: numberAt(row, 2), isFresh };
}
