import type { Decision } from './decision.ts';
import { queryOperation } from './fact.ts';
import { stateOf } from './operation.ts';
import { needsHuman } from './saga.ts';
import type { Transaction } from './transaction.ts';
import { callOrWait } from './turn.ts';

/** Prepared: waits, then asks the query URL. Submitted: after the delay every action, retried until it succeeds. */
export function decideMessage(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { definition, plan, progress } = transaction;
  if (progress.status === 'prepared') return decidePrepared(transaction, inFlight, nowMs);
  const delayedUntilMs = progress.submittedMs + plan.delayMs;
  if (nowMs < delayedUntilMs) return { kind: 'wait', untilMs: delayedUntilMs, within: false, rule: 'delay' };
  const open: number[] = [];
  for (let step = 0; step < definition.steps.length; step += 1) if (stateOf(progress, step) !== 's') open.push(step);
  if (open.length === 0) return { kind: 'move', to: 'succeed', reason: '', rule: 'all-succeeded' };
  const ready = plan.concurrent ? open : open.slice(0, 1);
  return callOrWait(transaction, ready, inFlight, nowMs, Number.POSITIVE_INFINITY, 'forward');
}

function decidePrepared(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { definition, plan, progress, run } = transaction;
  if (run.queryAnswer === 'committed') return { kind: 'move', to: 'submitted', reason: '', rule: 'query-said-success' };
  if (run.queryAnswer === 'rolled-back') {
    return { kind: 'move', to: 'failed', reason: progress.reason, rule: 'query-said-failure' };
  }
  const timeoutAtMs = definition.createdMs + plan.timeoutMs;
  if (nowMs < timeoutAtMs) return { kind: 'wait', untilMs: timeoutAtMs, within: false, rule: 'prepared-waits' };
  if (definition.queryPrepared === '') return needsHuman(progress.incident, nowMs);
  return callOrWait(transaction, [queryOperation], inFlight, nowMs, Number.POSITIVE_INFINITY, 'query-prepared');
}
