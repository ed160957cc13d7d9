import type { Decision } from './decision.ts';
import { actionOf, compensateOf, stateOf } from './operation.ts';
import type { Transaction } from './transaction.ts';
import { callOrWait } from './turn.ts';

/** Forward along the plan's edges until all succeeded, or one failed, or time is up; then back in mirror order. */
export function decideSaga(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { status } = transaction.progress;
  if (status === 'prepared') return decidePrepared(transaction, nowMs);
  return status === 'submitted'
    ? decideForward(transaction, inFlight, nowMs)
    : decideBackward(transaction, inFlight, nowMs);
}

/** Nobody decides for a human: past its time a prepared saga is an incident, never sent nor failed by itself. */
function decidePrepared({ definition, plan, progress }: Transaction, nowMs: number): Decision {
  const timeoutAtMs = definition.createdMs + (plan.timeoutMs || preparedSagaTimeoutMs);
  if (nowMs < timeoutAtMs) return { kind: 'wait', untilMs: timeoutAtMs, within: false, rule: 'prepared-waits' };
  return needsHuman(progress.incident, nowMs);
}

const preparedSagaTimeoutMs = 35_000;
const humanCheckMs = 3_600_000;

export function needsHuman(incident: string, nowMs: number): Decision {
  const untilMs = nowMs + humanCheckMs;
  const rule = 'prepared-needs-human';
  return incident === rule
    ? { kind: 'wait', untilMs, within: false, rule }
    : { kind: 'incident', incident: rule, untilMs, rule };
}

function decideForward(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { definition, plan, progress } = transaction;
  const steps = definition.steps.length;
  const ready: number[] = [];
  let succeeded = 0;
  for (let step = 0; step < steps; step += 1) {
    const action = actionOf(step);
    const state = stateOf(progress, action);
    if (state === 's') succeeded += 1;
    else if (state === 'f') return toAborting(failureReason(transaction), 'action-failed');
    else if (isReady(transaction, step)) ready.push(action);
  }
  if (succeeded === steps) return { kind: 'move', to: 'succeed', reason: '', rule: 'all-succeeded' };
  const timeoutAtMs = plan.timeoutMs > 0 ? progress.submittedMs + plan.timeoutMs : Number.POSITIVE_INFINITY;
  if (nowMs >= timeoutAtMs) return toAborting(timeoutReason(plan.timeoutMs), 'saga-timeout');
  const limit = definition.options.retryLimit;
  if (limit > 0 && ready.some((action) => (progress.retries[action] ?? 0) > limit)) {
    return toAborting(`RetryCount is greater than RetryLimit, RetryLimit: ${limit}`, 'retry-limit');
  }
  return callOrWait(transaction, ready, inFlight, nowMs, timeoutAtMs, 'forward');
}

function isReady({ plan, progress }: Transaction, step: number): boolean {
  for (const earlier of plan.before[step] ?? []) if (stateOf(progress, actionOf(earlier)) !== 's') return false;
  return true;
}

export function timeoutReason(timeoutMs: number): string {
  return `Timeout after ${Math.round(timeoutMs / 1000)} seconds`;
}

/** The reason of the FAILURE is set with the mark of the failed action, by the same fact. */
function failureReason({ progress }: Transaction): string {
  return progress.reason;
}

function toAborting(reason: string, rule: 'action-failed' | 'saga-timeout' | 'retry-limit'): Decision {
  return { kind: 'move', to: 'aborting', reason, rule };
}

/**
 * The set to compensate is every step whose action is not `p`: it was frozen by the move to aborting. A step's turn
 * comes when everything that depends on it, directly or not, is rolled back; a step outside the set counts as rolled
 * back once everything after it is. An action still out is waited for: its answer, or its request time-out.
 */
function decideBackward(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { definition, plan, progress } = transaction;
  const rolledBack = new Uint8Array(definition.steps.length);
  const ready: number[] = [];
  let open = 0;
  for (let index = plan.topological.length - 1; index >= 0; index -= 1) {
    const step = plan.topological[index] ?? 0;
    const isTurn = (plan.after[step] ?? []).every((later) => rolledBack[later] === 1);
    const done = stateOf(progress, actionOf(step)) === 'p' || stateOf(progress, compensateOf(step)) === 's';
    if (!done) open += 1;
    if (isTurn && done) rolledBack[step] = 1;
    else if (isTurn && !inFlight.has(actionOf(step))) ready.push(compensateOf(step));
  }
  if (open === 0) return { kind: 'move', to: 'failed', reason: progress.reason, rule: 'all-compensated' };
  return callOrWait(transaction, ready, inFlight, nowMs, Number.POSITIVE_INFINITY, 'backward');
}
