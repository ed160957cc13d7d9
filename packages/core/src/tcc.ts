import type { Decision } from './decision.ts';
import { stateOf } from './operation.ts';
import { timeoutReason } from './saga.ts';
import type { Transaction } from './transaction.ts';
import { callOrWait } from './turn.ts';

/** Prepared until submit, abort or time-out; then one branch at a time from the last registered to the first. */
export function decideTcc(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { definition, plan, progress, branches } = transaction;
  if (progress.status === 'prepared') {
    const timeoutAtMs = definition.createdMs + plan.timeoutMs;
    if (nowMs < timeoutAtMs) return { kind: 'wait', untilMs: timeoutAtMs, within: false, rule: 'prepared-waits' };
    return { kind: 'move', to: 'aborting', reason: timeoutReason(plan.timeoutMs), rule: 'prepared-timeout' };
  }
  const submitted = progress.status === 'submitted';
  const op = submitted ? 'confirm' : 'cancel';
  for (let index = branches.length - 1; index >= 0; index -= 1) {
    if (branches[index]?.op !== op || stateOf(progress, index) === 's') continue;
    return callOrWait(transaction, [index], inFlight, nowMs, Number.POSITIVE_INFINITY, 'second-phase');
  }
  return { kind: 'move', to: submitted ? 'succeed' : 'failed', reason: progress.reason, rule: 'second-phase-done' };
}
