import type { Status, TransactionType } from '@holdfast/core';
import type { Statistics } from '../kernel/statistics.ts';
import type { Row } from '../store/row.ts';
import { isEnd } from './answers.ts';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

/** The auditor's own table of legal moves, besides an operator's stop. */
const legal: Readonly<Record<TransactionType, readonly string[]>> = {
  saga: ['prepared>submitted', 'prepared>failed', 'submitted>succeed', 'submitted>aborting', 'aborting>failed'],
  msg: ['prepared>submitted', 'prepared>failed', 'submitted>succeed'],
  tcc: ['prepared>submitted', 'prepared>aborting', 'submitted>succeed', 'aborting>failed'],
  xa: ['prepared>submitted', 'prepared>aborting', 'submitted>succeed', 'aborting>failed'],
  workflow: ['prepared>succeed', 'prepared>failed'],
};

const defaultTimeoutMs = 35_000;

/** Whether it is an operator's stop: asked for, and nothing else explains the move. */
export function isStop(found: Case, from: Status, { progress }: Row): boolean {
  const to = progress.status;
  if (to !== 'failed' || !found.askings.has('stop')) return false;
  if (from === 'aborting') return missingRollback(found) !== undefined;
  if (found.asked.type === 'workflow') return !found.endsAsked.some((end) => isEnd(progress, end));
  return from === 'submitted' || secondPhases[found.asked.type] !== undefined || !found.askings.has('abort');
}

/** P3: along the table, and only for a reason that the auditor has seen. P5: only when all was done. */
export function judgeMove(court: Court, found: Case, before: Row, after: Row, statistics: Statistics): void {
  const { gid, asked } = found;
  const from = before.progress.status;
  const to = after.progress.status;
  if (!legal[asked.type].includes(`${from}>${to}`)) {
    accuse(court, 'P3', gid, `a ${asked.type} moved from ${from} to ${to}`);
    return;
  }
  const reason = reasonFor(court, found, after, `${from}>${to}`);
  if (reason === undefined) accuse(court, 'P3', gid, `it moved from ${from} to ${to} and nothing called for it`);
  else if (reason !== '') statistics.count(`${asked.type} ${to}: ${reason}`);
  if (to === 'succeed') {
    const missing = missingForward(found);
    if (missing !== undefined) accuse(court, 'P5', gid, `it succeeded without ${missing}`);
  }
  if (from === 'aborting') {
    const missing = missingRollback(found);
    if (missing !== undefined) accuse(court, 'P5', gid, `it was called failed without ${missing}`);
  }
}

/** Undefined: there is none. Empty: such a move needs none. */
function reasonFor(court: Court, found: Case, after: Row, move: string): string | undefined {
  if (found.asked.type === 'workflow') {
    return found.endsAsked.some((end) => isEnd(after.progress, end)) ? 'asked for' : undefined;
  }
  const query = found.operation('00', 'msg');
  switch (move) {
    case 'prepared>submitted':
      if (found.askings.has('submit')) return 'asked for';
      return (query?.successes ?? 0) > 0 ? 'found to have committed' : undefined;
    case 'prepared>failed':
      if (found.askings.has('abort')) return 'asked for';
      return (query?.failures ?? 0) > 0 ? 'found not to have committed' : undefined;
    case 'prepared>aborting':
      if (found.askings.has('abort')) return 'asked for';
      return isOver(court, { engineMs: after.definition.createdMs, trueMs: found.createdMs }, timeoutOf(found))
        ? 'its time was up'
        : undefined;
    case 'submitted>aborting':
      return reasonToRollBack(court, found, after);
    default:
      return '';
  }
}

/** An operator asked for it, an action said FAILURE, or its retries are used up, or its time-out passed. */
function reasonToRollBack(court: Court, found: Case, after: Row): string | undefined {
  if (after.progress.operatorDecisions?.some(({ kind }) => kind === 'rollback') === true) {
    return found.askings.has('rollback') ? 'an operator asked' : undefined;
  }
  const { timeoutToFailMs, retryLimit } = found.asked.options;
  const actions = found.asked.steps.map((_, step) => found.ofStep(step, 'action'));
  if (actions.some((action) => (action?.failures ?? 0) > 0)) return 'an action failed';
  const isUsedUp = found.asked.steps.some(({ branchId }, step) => {
    return retryLimit > 0 && (actions[step]?.errors ?? 0) + (found.heldBack.get(branchId) ?? 0) > retryLimit;
  });
  if (isUsedUp) return 'its retries were used up';
  const isLate =
    timeoutToFailMs > 0 &&
    isOver(court, { engineMs: after.progress.submittedMs, trueMs: found.submittedMs }, timeoutToFailMs);
  return isLate ? 'its time was up' : undefined;
}

export function timeoutOf({ asked }: Case): number {
  return asked.options.timeoutToFailMs || defaultTimeoutMs;
}

/** An engine's time may be ahead of the store's by half the round trip of a heartbeat, which its lease limits. */
const clockErrorMs = 2500;

/** Where the clock of the store is set, a difference that is followed smoothly, and how much faster time runs then. */
const smallDifferenceMs = 11_000;
const fastest = 1.12;

/** Judged by true time where the clock of the store is set. */
function isOver(court: Court, since: { engineMs: number; trueMs: number | undefined }, lengthMs: number): boolean {
  const { isExclusive, database, hasStoodSince } = court;
  if (isExclusive) return true;
  if (hasStoodSince === undefined) return database.clockMs() >= since.engineMs + lengthMs - clockErrorMs;
  const passedMs = court.nowMs() - (since.trueMs ?? 0);
  return hasStoodSince(since.trueMs ?? 0) || passedMs * fastest + smallDifferenceMs + clockErrorMs >= lengthMs;
}

/** What each pattern with a second phase tells its branches. */
const secondPhases: Partial<Record<TransactionType, { readonly forward: string; readonly backward: string }>> = {
  tcc: { forward: 'confirm', backward: 'cancel' },
  xa: { forward: 'commit', backward: 'rollback' },
};

function missingForward(found: Case): string | undefined {
  const { type } = found.asked;
  if (type === 'workflow') return undefined;
  const phase = secondPhases[type];
  return phase === undefined ? missingAction(found) : missingSecondPhase(found, phase.forward);
}

function missingAction(found: Case): string | undefined {
  const missing = found.asked.steps.find((_, step) => !found.hasSucceeded(step, 'action'));
  return missing === undefined ? undefined : `the action of branch ${missing.branchId}`;
}

function missingRollback(found: Case): string | undefined {
  const phase = secondPhases[found.asked.type];
  if (phase !== undefined) return missingSecondPhase(found, phase.backward);
  const missing = found.asked.steps.find(
    (_, step) => found.wasSent(step, 'action') && !found.hasSucceeded(step, 'compensate'),
  );
  return missing === undefined ? undefined : `the compensation of branch ${missing.branchId}, whose action was called`;
}

/** Of every branch that is stored: what was acknowledged is stored, as P1 is judged. */
function missingSecondPhase(found: Case, op: string): string | undefined {
  const missing = (found.row?.branches ?? []).find(
    (branch) => branch.op === op && branch.url !== '' && (found.operation(branch.branchId, op)?.successes ?? 0) === 0,
  );
  return missing === undefined ? undefined : `the ${op} of branch ${missing.branchId}`;
}
