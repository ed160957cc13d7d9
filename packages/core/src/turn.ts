import { deadlineMs } from './deadline.ts';
import type { Decision, Rule } from './decision.ts';
import { isAllAsked, readyOperations } from './front.ts';
import { heldUntilMs, type InFlight } from './operator.ts';
import { hasTried, retryAtMs, retryingOperations } from './run.ts';
import type { Front, Transaction } from './transaction.ts';

/**
 * Calls what is ready and not out, not tried in this run and not waiting for a retry; with none of those, waits for
 * whatever comes first. Shared by all patterns: they differ only in what is ready. A compensation is held while the
 * action of its step is still out, or for as long as an operator's decision says.
 */
export function callOrWait(
  transaction: Transaction,
  ready: readonly number[],
  inFlight: InFlight,
  nowMs: number,
  rule: Rule,
): Decision {
  const { run, progress } = transaction;
  const operations: number[] = [];
  let nextRetryMs = Number.POSITIVE_INFINITY;
  let heldMs = Number.POSITIVE_INFINITY;
  for (const operation of ready) {
    if (hasTried(run, operation) || inFlight.has(operation)) continue;
    if (rule === 'backward') {
      const untilMs = heldUntilMs(transaction, operation, inFlight);
      if (untilMs > nowMs) {
        heldMs = untilMs;
        continue;
      }
      if (inFlight.has(operation + 1)) continue;
    }
    const atMs = retryAtMs(run, operation);
    if (atMs <= nowMs) operations.push(operation);
    else nextRetryMs = Math.min(nextRetryMs, atMs);
  }
  if (operations.length > 0) return { kind: 'call', operations, rule };
  const retryOrDeadlineMs = Math.min(nextDeadline(transaction, nowMs), nextRetryMs);
  if (heldMs < Number.POSITIVE_INFINITY) return { kind: 'wait', untilMs: heldMs, within: true, rule: 'not-waited-for' };
  if (inFlight.size > 0) return { kind: 'wait', untilMs: retryOrDeadlineMs, within: true, rule: 'in-flight' };
  if (nextRetryMs < Number.POSITIVE_INFINITY) {
    return { kind: 'wait', untilMs: retryOrDeadlineMs, within: true, rule: 'retry-within-run' };
  }
  return { kind: 'wait', untilMs: Math.min(retryOrDeadlineMs, progress.dueMs), within: false, rule: 'back-off' };
}

/** While so many wait for their retry within the run, nothing new is asked for. */
const mostRetries = 256;

/**
 * The same for the steps of a saga or a message. Where nothing new is to be asked for, only what waits for its retry is
 * looked at.
 */
export function callFront(
  transaction: Transaction,
  front: Front,
  inFlight: InFlight,
  nowMs: number,
  rule: 'forward' | 'backward',
): Decision {
  const { retryAtMs } = transaction.run;
  const isFull = inFlight.isFull === true || retryAtMs.size >= mostRetries;
  if (!isFull && !isAllAsked(front, transaction, inFlight)) {
    return callOrWait(transaction, readyOperations(front), inFlight, nowMs, rule);
  }
  if (retryAtMs.size > 0) return callOrWait(transaction, retryingOperations(transaction.run), inFlight, nowMs, rule);
  return { kind: 'wait', untilMs: nextDeadline(transaction, nowMs), within: true, rule: 'in-flight' };
}

/** The time-out, while it is still ahead. */
function nextDeadline(transaction: Transaction, nowMs: number): number {
  const untilMs = deadlineMs(transaction);
  return untilMs > nowMs ? untilMs : Number.POSITIVE_INFINITY;
}
