/** The judgement of a clock that has jumped, without a clock. */

/** How long a coordinator runs, over all its starts, before it accepts a jump. */
export const holdMs = 3_600_000;
/** A difference that is told. */
export const gapWarnedMs = 60_000;

/** Where the record lies in the store. */
export const clockKey = { category: 'engine', name: 'clock' } as const;

/** What is stored of the clock, beside the highest time that a write carries. */
export interface ClockRecord {
  /** Engine time when it was written. */
  readonly engineMs: number;
  /** Since the clock was found to have jumped: engine time then, and how long the coordinator has run. Null: it has not. */
  readonly held: { readonly fromMs: number; readonly ranMs: number } | null;
  /** The last jump that was accepted: engine time when it was found, and when time had followed it. */
  readonly accepted: { readonly fromMs: number; readonly toMs: number } | null;
}

export const newRecord: ClockRecord = { engineMs: 0, held: null, accepted: null };

export function parseRecord(text: string | undefined): ClockRecord {
  try {
    return text === undefined ? newRecord : { ...newRecord, ...(JSON.parse(text) as Partial<ClockRecord>) };
  } catch {
    // Damaged: what the transactions carry still tells the time, and the next write replaces it.
    return newRecord;
  }
}

/**
 * The clock of the machine is ahead of what is stored by so much that to follow it would purge what is kept. A
 * retention of less than an hour counts as one hour: so long a jump is waited for.
 *
 * @param storedMs 0: nothing is stored, and any clock is right
 */
export function isJump(storedMs: number, wallMs: number, retentionMs: number): boolean {
  return storedMs > 0 && wallMs - storedMs > Math.max(retentionMs, holdMs);
}

/**
 * What ended before this time may be deleted. What ended while the jump was waited for carries times from before it: it
 * is kept for as long as everything else, counted from when time followed the clock.
 */
export function purgeBeforeMs({ accepted }: ClockRecord, nowMs: number, retentionMs: number): number {
  const beforeMs = nowMs - retentionMs;
  return accepted !== null && beforeMs < accepted.toMs ? Math.min(beforeMs, accepted.fromMs) : beforeMs;
}

const text = (ms: number) => new Date(ms).toISOString();

export function aheadText(storedMs: number, wallMs: number): string {
  return (
    `the clock of this machine (${text(wallMs)}) is ahead of the stored time (${text(storedMs)}) by more than the retention: ` +
    'time goes on from the stored time; put the clock right, or run holdfast clock accept if it is right; ' +
    'after an hour of running it is accepted'
  );
}

export function runAheadText(nowMs: number, wallMs: number, retentionMs: number): string {
  const next = isJump(nowMs, wallMs, retentionMs)
    ? 'the next start does not follow it before it is accepted, or an hour has passed'
    : 'the next start follows it';
  return (
    `the clock of this machine (${text(wallMs)}) is ahead of the coordinator's time (${text(nowMs)}): ` +
    `it was set forward or the machine slept; ${next}`
  );
}

export function behindText(storedMs: number, wallMs: number): string {
  return (
    `the clock of this machine (${text(wallMs)}) is behind the coordinator's time (${text(storedMs)}): ` +
    'time goes on from the later one; put the clock right, or, if the later one is wrong, stop and run holdfast clock set-back'
  );
}
