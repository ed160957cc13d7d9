import type { Outcome, Progress, Transaction } from '@holdfast/core';

/** What a waiting client is told: the last durable state, and the last answer that was no success in this run. */
export interface Standing {
  readonly transaction: Transaction;
  readonly trouble: Outcome | undefined;
}

/**
 * The last answer that was no success since then, as the row tells of it: where another node drives, what it remembers of its
 * run is not known.
 */
export function storedTrouble({ attempts }: Progress, sinceMs: number): Outcome | undefined {
  const last = attempts.findLast(
    ({ atMs, durationMs, outcome }) => outcome !== 'success' && atMs + durationMs >= sinceMs,
  );
  if (last === undefined || last.outcome === 'success') return undefined;
  const { outcome: kind, reason: message } = last;
  return kind === 'error' ? { kind, message, retryAfterMs: 0 } : { kind, message };
}
