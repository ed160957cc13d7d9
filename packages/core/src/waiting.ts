import { deadlineMs } from './deadline.ts';
import type { Rule } from './decision.ts';
import { queryOperation } from './fact.ts';
import { isExpected } from './mark.ts';
import { stateOf } from './operation.ts';
import type { Attempt, Transaction } from './transaction.ts';

/** The last call that did not succeed, of what is still to succeed; undefined where none is known. */
export function lastTrouble(transaction: Transaction): Attempt | undefined {
  const { progress } = transaction;
  return progress.attempts.findLast(({ operation, outcome }) => {
    if (outcome === 'success' || !isExpected(transaction, operation)) return false;
    const state = operation === queryOperation ? 'p' : stateOf(progress, operation);
    return state !== 's' && state !== 'f';
  });
}

/**
 * Why what nobody drives goes on when it is due, and not before: the rule that decides the time, as it holds now. Its run is
 * over and not stored, so that it follows from what is.
 */
export function waitingRule(transaction: Transaction, nowMs: number): Rule {
  const { definition, plan, progress } = transaction;
  const { status, dueMs, submittedMs, errorRuns = 0 } = progress;
  if (dueMs <= nowMs) return 'due';
  const isWorkflow = definition.type === 'workflow';
  const untilMs = deadlineMs(transaction);
  if (status === 'prepared' && !isWorkflow && nowMs < untilMs) return 'prepared-waits';
  if (status === 'prepared' && !isWorkflow && definition.queryPrepared === '') return 'prepared-needs-human';
  if (status === 'submitted' && definition.type === 'msg' && nowMs < submittedMs + plan.delayMs) return 'delay';
  if (status === 'submitted' && dueMs >= untilMs) return 'time-out-first';
  const trouble = lastTrouble(transaction);
  if (isWorkflow && (trouble === undefined || errorRuns === 0)) return 'workflow-runs';
  if (trouble === undefined) return 'not-called';
  return trouble.outcome === 'ongoing' ? 'answered-ongoing' : 'back-off';
}

const retried: ReadonlySet<Rule> = new Set([
  'back-off',
  'answered-ongoing',
  'not-called',
  'time-out-first',
  'workflow-runs',
]);

/** Whether it goes on sooner where an operator makes it due. */
export function isRetriable(rule: Rule): boolean {
  return retried.has(rule);
}
