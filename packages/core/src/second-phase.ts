import { deadlineMs } from './deadline.ts';
import type { Decision } from './decision.ts';
import type { InFlight } from './operator.ts';
import { timeoutReason } from './saga.ts';
import type { OperationName, Transaction } from './transaction.ts';
import { callOrWait } from './turn.ts';

/** How a pattern tells its branches what was decided. */
export interface SecondPhase {
  readonly forward: OperationName;
  readonly backward: OperationName;
  readonly order: 'first-to-last' | 'last-to-first';
}

/** Prepared until submit, abort or time-out; then every branch is told, one at a time. */
export function decideSecondPhase(
  phase: SecondPhase,
  transaction: Transaction,
  inFlight: InFlight,
  nowMs: number,
): Decision {
  const { plan, progress } = transaction;
  if (progress.status === 'prepared') {
    const untilMs = deadlineMs(transaction);
    if (nowMs < untilMs) return { kind: 'wait', untilMs, within: false, rule: 'prepared-waits' };
    return { kind: 'move', to: 'aborting', reason: timeoutReason(plan.timeoutMs), rule: 'prepared-timeout' };
  }
  const next = nextToTell(phase, transaction);
  if (next !== undefined) return callOrWait(transaction, [next], inFlight, nowMs, 'second-phase');
  const to = progress.status === 'submitted' ? 'succeed' : 'failed';
  return { kind: 'move', to, reason: progress.reason, rule: 'second-phase-done' };
}

/** A plain loop: it is gone through at every step of transactions with thousands of branches. */
function nextToTell(
  { forward, backward, order }: SecondPhase,
  { branches, progress }: Transaction,
): number | undefined {
  const { status, operations } = progress;
  const op = status === 'submitted' ? forward : backward;
  const isForward = order === 'first-to-last';
  const step = isForward ? 1 : -1;
  for (let index = isForward ? 0 : branches.length - 1; index >= 0 && index < branches.length; index += step) {
    if (branches[index]?.op === op && operations[index] !== 's') return index;
  }
  return undefined;
}
