import type { Plan } from './transaction.ts';

/** The interval after one more error: twice the last, within the cap (the first retry comes at 2x, as on the wire). */
export function nextInterval(intervalMs: number, plan: Plan): number {
  return Math.min(intervalMs * 2, plan.backoffCapMs);
}

/** When to retry after an error: the interval, or what the branch asked for within the cap, plus up to 10 % jitter. */
export function retryDelay(intervalMs: number, retryAfterMs: number, jitter: number, plan: Plan): number {
  const wanted = Math.max(intervalMs, Math.min(retryAfterMs, plan.backoffCapMs));
  return Math.round(wanted * (1 + 0.1 * jitter));
}

/** retry_limit: the pause before retry number `retries` within a run: 100 ms doubling, at most 1 s. */
export function retryWithinRunDelay(retries: number): number {
  return Math.min(100 * 2 ** Math.max(0, retries - 1), 1000);
}
