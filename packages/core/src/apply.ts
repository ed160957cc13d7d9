import { applyAnswered, applyBlocked } from './answer.ts';
import { shorten, withCutAttempts } from './attempts.ts';
import { clipDue, firstDue } from './deadline.ts';
import type { Fact } from './fact.ts';
import { deriveFront } from './front.ts';
import { isExpected, mark } from './mark.ts';
import { isLegalMove, isStoppable } from './moves.ts';
import { actionOf, operationCount, operationName, stateOf } from './operation.ts';
import { applyRollbackAsked, withDecision } from './operator.ts';
import { emptyRun, nextRun, withoutRetry } from './run.ts';
import { hasSecondPhase, isFinal, limits, type Status, type Transaction } from './transaction.ts';

/**
 * Folds one fact into the transaction. Pure and total: a fact that comes too late, twice or out of place changes
 * nothing that matters. A move that is not legal changes nothing at all: the same transaction comes back.
 */
export function apply(transaction: Transaction, fact: Fact): Transaction {
  const { definition, progress, run } = transaction;
  if (isFinal(progress.status)) return transaction;
  switch (fact.kind) {
    case 'loaded':
      return applyLoaded(transaction, fact.handedBack);
    case 'due':
      return { ...applyDue(transaction, fact.atMs), run: nextRun(run) };
    case 'submitted':
      return applySubmitted(transaction, fact);
    case 'repeated':
      return withIgnored(transaction, fact.ignoredFields, fact.atMs);
    case 'abort-asked':
      return move(transaction, hasSecondPhase(definition.type) ? 'aborting' : 'failed', fact.reason, fact.atMs);
    case 'stopped':
      return isStoppable(progress.status) ? applyStopped(transaction, fact) : transaction;
    case 'rollback-asked':
      return applyRollbackAsked(transaction, fact);
    case 'alive':
      return applyAlive(transaction, fact.atMs);
    case 'ended':
      return applyEnded(transaction, fact);
    case 'called':
      return applyCalled(transaction, fact.operation);
    case 'answered':
      return applyAnswered(transaction, fact);
    case 'blocked':
      return applyBlocked(transaction, fact);
    case 'moved':
      return move(transaction, fact.to, fact.reason, fact.atMs);
    case 'incident':
      return applyIncident(transaction, fact);
    default:
      return fact satisfies never;
  }
}

/** What is out ends with it: this is the last that is written of it. */
function applyStopped(transaction: Transaction, { atMs, cut = [] }: Extract<Fact, { kind: 'stopped' }>): Transaction {
  const decided = withDecision(transaction, { kind: 'stop', atMs, reason: '' });
  return changeStatus({ ...decided, progress: withCutAttempts(decided.progress, cut, atMs) }, 'failed', '', atMs);
}

/** A workflow that is woken is called back now: it has nothing else to try. */
function applyDue(transaction: Transaction, atMs: number): Transaction {
  const { definition, progress } = transaction;
  if (definition.type !== 'workflow' || progress.dueMs <= atMs) return transaction;
  return { ...transaction, progress: { ...progress, dueMs: atMs } };
}

function applyAlive(transaction: Transaction, atMs: number): Transaction {
  const { definition, plan, progress } = transaction;
  if (definition.type !== 'workflow') return transaction;
  const dueMs = atMs + plan.retryIntervalMs;
  return { ...transaction, progress: { ...progress, dueMs, intervalMs: plan.retryIntervalMs, updatedMs: atMs } };
}

/** Its client replays what is kept: reason and result stay as they are, whatever their length. */
function applyEnded(
  transaction: Transaction,
  { to, reason, result, atMs }: Extract<Fact, { kind: 'ended' }>,
): Transaction {
  if (transaction.definition.type !== 'workflow') return transaction;
  const ended = move(transaction, to, '', atMs);
  return { ...ended, progress: { ...ended.progress, reason, ...(result === '' ? {} : { result }) } };
}

function move(transaction: Transaction, to: Status, reason: string, atMs: number): Transaction {
  const isLegal = isLegalMove(transaction.definition.type, transaction.progress.status, to);
  return isLegal ? changeStatus(transaction, to, reason, atMs) : transaction;
}

/** The one function that changes a status. Retries are counted per status: nothing of them is needed any more. */
function changeStatus(transaction: Transaction, to: Status, reason: string, atMs: number): Transaction {
  const { plan, progress } = transaction;
  const moved: Transaction = {
    ...transaction,
    progress: {
      ...progress,
      status: to,
      retries: {},
      errorRuns: 0,
      intervalMs: plan.retryIntervalMs,
      submittedMs: to === 'submitted' ? atMs : progress.submittedMs,
      updatedMs: atMs,
      finishedMs: isFinal(to) ? atMs : 0,
      incident: '',
      reason: reasonAfter(to, progress.reason, reason),
    },
    run: emptyRun,
  };
  const dueMs = isFinal(to) ? progress.dueMs : firstDue(moved, atMs);
  return { ...moved, progress: { ...moved.progress, dueMs }, front: deriveFront(moved) };
}

/** A transaction that goes forward has no reason of a rollback, even if the query URL gave one before the submit. */
function reasonAfter(to: Status, known: string, reason: string): string {
  if (to === 'submitted' || to === 'succeed') return '';
  return reason === '' ? known : shorten(reason, limits.reasonBytes);
}

function applySubmitted(transaction: Transaction, fact: Extract<Fact, { kind: 'submitted' }>): Transaction {
  const moved = move({ ...transaction, ...fact.amended }, 'submitted', '', fact.atMs);
  if (moved.progress.status === transaction.progress.status) return transaction;
  return fact.ignoredFields === undefined ? moved : withIgnored(moved, fact.ignoredFields, fact.atMs);
}

function withIgnored(transaction: Transaction, fields: readonly string[], atMs: number): Transaction {
  const { progress } = transaction;
  const ignoredFields = [...new Set([...(progress.ignoredFields ?? []), ...fields])];
  return { ...transaction, progress: { ...progress, ignoredFields, updatedMs: atMs } };
}

/**
 * Forward marks may be lost in a crash: a saga in submitted that was not handed back may have run every action without
 * a durable result, unless a step before it has durably failed. In aborting the set is frozen: nothing changes.
 */
function applyLoaded(transaction: Transaction, handedBack: boolean): Transaction {
  const { definition, plan, progress } = transaction;
  const loaded = { ...transaction, run: emptyRun };
  if (handedBack || definition.type !== 'saga' || progress.status !== 'submitted') return loaded;
  const cutOff = new Uint8Array(definition.steps.length);
  const states = progress.operations.padEnd(operationCount(definition, []), 'p').split('');
  for (const step of plan.topological) {
    const isCutOff = (plan.before[step] ?? []).some(
      (earlier) => cutOff[earlier] === 1 || states[actionOf(earlier)] === 'f',
    );
    if (isCutOff) cutOff[step] = 1;
    else if (states[actionOf(step)] === 'p') states[actionOf(step)] = 'm';
  }
  const marked = { ...loaded, progress: { ...progress, operations: states.join('') } };
  return { ...marked, front: deriveFront(marked) };
}

/** From here on a forward operation may have run. Only its own SUCCESS or FAILURE replaces the mark. */
function applyCalled(transaction: Transaction, operation: number): Transaction {
  const { definition, branches, progress } = transaction;
  const isForward = operationName(definition, branches, operation) === 'action';
  const isNew = isForward && isExpected(transaction, operation) && stateOf(progress, operation) === 'p';
  const run = withoutRetry(transaction.run, operation);
  const called = run === transaction.run ? transaction : { ...transaction, run };
  return isNew ? mark(called, operation, 'm') : called;
}

function applyIncident(transaction: Transaction, fact: Extract<Fact, { kind: 'incident' }>): Transaction {
  const dueMs = clipDue(transaction, fact.untilMs, fact.atMs);
  const incident = shorten(fact.incident, limits.attemptReasonBytes);
  return { ...transaction, progress: { ...transaction.progress, incident, dueMs, updatedMs: fact.atMs } };
}
