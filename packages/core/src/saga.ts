import { deadlineMs } from './deadline.ts';
import type { Decision } from './decision.ts';
import { frontOf } from './front.ts';
import { needsHuman } from './human.ts';
import { decisionOf, type InFlight } from './operator.ts';
import type { Transaction } from './transaction.ts';
import { callFront } from './turn.ts';

/** Forward along the plan's edges until all succeeded, or one failed, or time is up; then back in mirror order. */
export function decideSaga(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  const { status } = transaction.progress;
  if (status === 'prepared') return decidePrepared(transaction, nowMs);
  return status === 'submitted'
    ? decideForward(transaction, inFlight, nowMs)
    : decideBackward(transaction, inFlight, nowMs);
}

/** Nobody decides for a human: past its time a prepared saga is an incident, never sent nor failed by itself. */
function decidePrepared(transaction: Transaction, nowMs: number): Decision {
  const untilMs = deadlineMs(transaction);
  if (nowMs < untilMs) return { kind: 'wait', untilMs, within: false, rule: 'prepared-waits' };
  return needsHuman(transaction, nowMs);
}

/** What an operator was answered holds whatever came since. A time-out counts for nothing once all actions succeeded; the reason of a FAILURE came with its mark. */
function decideForward(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  const { definition, plan, progress } = transaction;
  if (decisionOf(progress, 'rollback') !== undefined) return toAborting(progress.reason, 'rollback-asked');
  const front = frontOf(transaction);
  if (front?.hasFailed) return toAborting(progress.reason, 'action-failed');
  if (front === undefined || front.open === 0)
    return { kind: 'move', to: 'succeed', reason: '', rule: 'all-succeeded' };
  if (nowMs >= deadlineMs(transaction)) return toAborting(timeoutReason(plan.timeoutMs), 'saga-timeout');
  const turn = callFront(transaction, front, inFlight, nowMs, 'forward');
  const { retryLimit } = definition.options;
  return turn.kind === 'call' && retryLimit > 0 && turn.operations.some((operation) => isUsedUp(transaction, operation))
    ? toAborting(`RetryCount is greater than RetryLimit, RetryLimit: ${retryLimit}`, 'retry-limit')
    : turn;
}

function isUsedUp({ definition, progress }: Transaction, operation: number): boolean {
  const { retryLimit } = definition.options;
  return (progress.retries[operation] ?? 0) > retryLimit;
}

export function timeoutReason(timeoutMs: number): string {
  return `Timeout after ${Math.round(timeoutMs / 1000)} seconds`;
}

function toAborting(
  reason: string,
  rule: 'rollback-asked' | 'action-failed' | 'saga-timeout' | 'retry-limit',
): Decision {
  return { kind: 'move', to: 'aborting', reason, rule };
}

/** An action that is still out is waited for before it is compensated: for its answer, or for its request time-out. */
function decideBackward(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  const front = frontOf(transaction);
  if (front === undefined || front.open === 0) {
    return { kind: 'move', to: 'failed', reason: transaction.progress.reason, rule: 'all-compensated' };
  }
  return callFront(transaction, front, inFlight, nowMs, 'backward');
}
