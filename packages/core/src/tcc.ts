import { deadlineMs } from './deadline.ts';
import type { Decision } from './decision.ts';
import { timeoutReason } from './saga.ts';
import type { Transaction } from './transaction.ts';
import { callOrWait } from './turn.ts';

/** Prepared until submit, abort or time-out; then one branch at a time from the last registered to the first. */
export function decideTcc(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  const { plan, progress } = transaction;
  if (progress.status === 'prepared') {
    const untilMs = deadlineMs(transaction);
    if (nowMs < untilMs) return { kind: 'wait', untilMs, within: false, rule: 'prepared-waits' };
    return { kind: 'move', to: 'aborting', reason: timeoutReason(plan.timeoutMs), rule: 'prepared-timeout' };
  }
  const next = nextToTell(transaction);
  if (next !== undefined) return callOrWait(transaction, [next], inFlight, nowMs, 'second-phase');
  const to = progress.status === 'submitted' ? 'succeed' : 'failed';
  return { kind: 'move', to, reason: progress.reason, rule: 'second-phase-done' };
}

function nextToTell({ branches, progress }: Transaction): number | undefined {
  const op = progress.status === 'submitted' ? 'confirm' : 'cancel';
  const { operations } = progress;
  for (let index = branches.length - 1; index >= 0; index -= 1) {
    if (operations[index] !== 's' && branches[index]?.op === op) return index;
  }
  return undefined;
}
