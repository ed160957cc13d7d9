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

/**
 * They are told in order, so that the search goes on behind the last that was told. That nothing is left to tell is
 * believed only where all were looked at.
 */
function nextToTell(phase: SecondPhase, transaction: Transaction): number | undefined {
  const { operations } = transaction.progress;
  const isForward = phase.order === 'first-to-last';
  const told = isForward ? operations.lastIndexOf('s') : operations.indexOf('s');
  const next = told === -1 ? undefined : untoldFrom(phase, transaction, isForward ? told + 1 : told - 1);
  return next ?? untoldFrom(phase, transaction, isForward ? 0 : transaction.branches.length - 1);
}

function untoldFrom(
  { forward, backward, order }: SecondPhase,
  { branches, progress }: Transaction,
  from: number,
): number | undefined {
  const { status, operations } = progress;
  const op = status === 'submitted' ? forward : backward;
  const step = order === 'first-to-last' ? 1 : -1;
  for (let index = from; index >= 0 && index < branches.length; index += step) {
    if (branches[index]?.op === op && operations[index] !== 's') return index;
  }
  return undefined;
}
