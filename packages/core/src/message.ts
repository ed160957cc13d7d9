import { deadlineMs } from './deadline.ts';
import type { Decision } from './decision.ts';
import { queryOperation } from './fact.ts';
import { frontOf } from './front.ts';
import { needsHuman } from './human.ts';
import type { InFlight } from './operator.ts';
import type { Transaction } from './transaction.ts';
import { callFront, callOrWait } from './turn.ts';

/** Prepared: waits, then asks the query URL. Submitted: after the delay every action, retried until it succeeds. */
export function decideMessage(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  const { plan, progress } = transaction;
  if (progress.status === 'prepared') return decidePrepared(transaction, inFlight, nowMs);
  const untilMs = progress.submittedMs + plan.delayMs;
  if (nowMs < untilMs) return { kind: 'wait', untilMs, within: inFlight.size > 0, rule: 'delay' };
  const front = frontOf(transaction);
  if (front === undefined || front.open === 0)
    return { kind: 'move', to: 'succeed', reason: '', rule: 'all-succeeded' };
  return callFront(transaction, front, inFlight, nowMs, 'forward');
}

function decidePrepared(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  const { definition, progress, run } = transaction;
  if (run.queryAnswer === 'committed') return { kind: 'move', to: 'submitted', reason: '', rule: 'query-said-success' };
  if (run.queryAnswer === 'rolled-back') {
    return { kind: 'move', to: 'failed', reason: progress.reason, rule: 'query-said-failure' };
  }
  const untilMs = deadlineMs(transaction);
  if (nowMs < untilMs) return { kind: 'wait', untilMs, within: false, rule: 'prepared-waits' };
  if (definition.queryPrepared === '') return needsHuman(transaction, nowMs);
  return callOrWait(transaction, [queryOperation], inFlight, nowMs, 'query-prepared');
}
