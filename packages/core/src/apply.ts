import { withAttempt } from './attempts.ts';
import { nextInterval, retryDelay, retryWithinRunDelay } from './backoff.ts';
import { type Fact, queryOperation } from './fact.ts';
import { isLegalMove } from './moves.ts';
import { operationAt, operationCount, stateOf, withState } from './operation.ts';
import { type Attempt, emptyRun, isFinal, type Progress, type Status, type Transaction } from './transaction.ts';

type Answered = Extract<Fact, { kind: 'answered' }>;

/** Folds one fact into the transaction. Pure and total: a fact that comes too late changes nothing that matters. */
export function apply(transaction: Transaction, fact: Fact): Transaction {
  const { progress } = transaction;
  if (isFinal(progress.status)) return transaction;
  switch (fact.kind) {
    case 'loaded':
      return applyLoaded(transaction, fact.handedBack);
    case 'due':
      return { ...transaction, run: emptyRun };
    case 'submitted':
      return changeStatus({ ...transaction, ...fact.amended }, 'submitted', '', fact.atMs);
    case 'abort-asked':
      return changeStatus(
        transaction,
        transaction.definition.type === 'tcc' ? 'aborting' : 'failed',
        fact.reason,
        fact.atMs,
      );
    case 'stopped':
      return { ...transaction, progress: { ...progress, ...finish('failed', fact.atMs), incident: '' } };
    case 'called':
      return applyCalled(transaction, fact.operation);
    case 'answered':
      return applyAnswered(transaction, fact);
    case 'blocked':
      return applyBlocked(transaction, fact);
    case 'moved':
      return changeStatus(transaction, fact.to, fact.reason, fact.atMs);
    case 'incident':
      return {
        ...transaction,
        progress: { ...progress, incident: fact.incident, dueMs: fact.untilMs, updatedMs: fact.atMs },
      };
    default:
      return fact satisfies never;
  }
}

/** The one function that changes a status. An illegal move is a programmer's error. */
function changeStatus(transaction: Transaction, to: Status, reason: string, atMs: number): Transaction {
  const { definition, plan, progress } = transaction;
  if (!isLegalMove(definition.type, progress.status, to)) {
    throw new Error(`illegal move of ${definition.gid}: ${progress.status} to ${to}`);
  }
  const moved: Progress = {
    ...progress,
    ...(isFinal(to) ? finish(to, atMs) : { status: to, updatedMs: atMs }),
    submittedMs: to === 'submitted' ? atMs : progress.submittedMs,
    reason: reason === '' ? progress.reason : reason,
    incident: '',
    intervalMs: plan.retryIntervalMs,
    dueMs: atMs + plan.retryIntervalMs,
  };
  return { ...transaction, progress: moved, run: emptyRun };
}

function finish(status: Status, atMs: number): Pick<Progress, 'status' | 'updatedMs' | 'finishedMs'> {
  return { status, updatedMs: atMs, finishedMs: atMs };
}

/**
 * Forward marks may be lost in a crash: a saga in submitted that was not handed back may have run every action without
 * a durable result, unless a step before it has durably failed. In aborting the set is frozen: nothing changes.
 */
function applyLoaded(transaction: Transaction, handedBack: boolean): Transaction {
  const { definition, plan, progress } = transaction;
  if (handedBack || definition.type !== 'saga' || progress.status !== 'submitted')
    return { ...transaction, run: emptyRun };
  const cutOff = new Uint8Array(definition.steps.length);
  const states = progress.operations.padEnd(operationCount(definition, []), 'p').split('');
  for (const step of plan.topological) {
    const isCutOff = (plan.before[step] ?? []).some(
      (earlier) => cutOff[earlier] === 1 || states[earlier * 2 + 1] === 'f',
    );
    if (isCutOff) cutOff[step] = 1;
    else if (states[step * 2 + 1] === 'p') states[step * 2 + 1] = 'm';
  }
  return { ...transaction, progress: { ...progress, operations: states.join('') }, run: emptyRun };
}

/** From here on the operation may have run. Only its own SUCCESS or FAILURE replaces the mark. */
function applyCalled(transaction: Transaction, operation: number): Transaction {
  const { progress } = transaction;
  if (operation === queryOperation || stateOf(progress, operation) !== 'p') return transaction;
  return { ...transaction, progress: { ...progress, operations: withState(progress.operations, operation, 'm') } };
}

function applyAnswered(transaction: Transaction, fact: Answered): Transaction {
  const recorded = { ...transaction, progress: withAttempt(transaction.progress, attemptOf(fact)) };
  if (isTooLate(transaction, fact.operation)) return recorded;
  const { outcome } = fact;
  switch (outcome.kind) {
    case 'success':
      return applySuccess(recorded, fact);
    case 'failure':
      return isDecisive(recorded, fact.operation)
        ? applyFailure(recorded, fact, outcome.message)
        : applyError(recorded, fact, 0);
    case 'ongoing':
      return applyOngoing(recorded, fact);
    case 'error':
      return countsRetries(recorded, fact.operation)
        ? applyRetry(recorded, fact.operation, fact.atMs)
        : applyError(recorded, fact, outcome.retryAfterMs);
    default:
      return outcome satisfies never;
  }
}

function attemptOf({ operation, outcome, atMs, durationMs }: Answered): Attempt {
  const reason = outcome.kind === 'success' ? '' : outcome.message;
  return { operation, atMs: atMs - durationMs, durationMs, outcome: outcome.kind, reason };
}

/** A forward result after the decision to roll back changes nothing about what is compensated. */
function isTooLate({ definition, branches, progress }: Transaction, operation: number): boolean {
  if (operation === queryOperation) return progress.status !== 'prepared';
  const op = operationAt(definition, branches, operation)?.op;
  return progress.status === 'aborting' && (op === 'action' || op === 'confirm');
}

/** FAILURE is final only for a saga's action and a message's query; elsewhere it is retried for ever. */
function isDecisive({ definition }: Transaction, operation: number): boolean {
  if (operation === queryOperation) return true;
  return definition.type === 'saga' && operation % 2 === 1;
}

function applySuccess(transaction: Transaction, { operation, atMs }: Answered): Transaction {
  const { progress, plan, run } = transaction;
  if (operation === queryOperation) return { ...transaction, run: { ...run, queryAnswer: 'committed' } };
  const reset = run.backedOff ? {} : { intervalMs: plan.retryIntervalMs };
  const operations = withState(progress.operations, operation, 's');
  return { ...transaction, progress: { ...progress, ...reset, operations, updatedMs: atMs } };
}

function applyFailure(transaction: Transaction, { operation, atMs }: Answered, message: string): Transaction {
  const { definition, branches, progress, run } = transaction;
  const url = operationAt(definition, branches, operation)?.url ?? definition.queryPrepared;
  const reason = progress.reason === '' ? `url:${url} return failed: ${message}` : progress.reason;
  if (operation === queryOperation) {
    return { ...transaction, progress: { ...progress, reason }, run: { ...run, queryAnswer: 'rolled-back' } };
  }
  const operations = withState(progress.operations, operation, 'f');
  return { ...transaction, progress: { ...progress, operations, reason, updatedMs: atMs } };
}

/** The interval stays exactly as it is; an error in the same run keeps its later due time. */
function applyOngoing(transaction: Transaction, { operation, atMs }: Answered): Transaction {
  const { progress, run } = transaction;
  const dueMs = run.backedOff ? progress.dueMs : atMs + progress.intervalMs;
  return { ...transaction, progress: { ...progress, dueMs, updatedMs: atMs }, run: withTried(transaction, operation) };
}

/** The interval doubles once in a run, however many branches fail in it. */
function applyError(transaction: Transaction, fact: Answered, retryAfterMs: number): Transaction {
  const { progress, plan, run } = transaction;
  const intervalMs = run.backedOff ? progress.intervalMs : nextInterval(progress.intervalMs, plan);
  const dueMs = fact.atMs + retryDelay(intervalMs, retryAfterMs, fact.jitter, plan);
  return {
    ...transaction,
    progress: {
      ...progress,
      intervalMs,
      dueMs: run.backedOff ? Math.max(dueMs, progress.dueMs) : dueMs,
      updatedMs: fact.atMs,
    },
    run: { ...withTried(transaction, fact.operation), backedOff: true },
  };
}

function withTried({ run }: Transaction, operation: number): Transaction['run'] {
  return { ...run, tried: new Set(run.tried).add(operation) };
}

function countsRetries({ definition, progress }: Transaction, operation: number): boolean {
  return definition.options.retryLimit > 0 && progress.status === 'submitted' && operation % 2 === 1;
}

/** retry_limit: counted durably with the next write, retried within the run after a pause. */
function applyRetry(transaction: Transaction, operation: number, atMs: number): Transaction {
  const { progress, run } = transaction;
  const count = (progress.retries[operation] ?? 0) + 1;
  const retryAtMs = new Map(run.retryAtMs).set(operation, atMs + retryWithinRunDelay(count));
  return {
    ...transaction,
    progress: { ...progress, retries: { ...progress.retries, [operation]: count }, updatedMs: atMs },
    run: { ...run, retryAtMs },
  };
}

/** Not called, so nothing is used up, unless retry_limit counts: then a refused call is an error like any other. */
function applyBlocked(transaction: Transaction, fact: Extract<Fact, { kind: 'blocked' }>): Transaction {
  if (isTooLate(transaction, fact.operation)) return transaction;
  if (countsRetries(transaction, fact.operation)) return applyRetry(transaction, fact.operation, fact.atMs);
  const { progress, run } = transaction;
  const first = run.tried.size === 0;
  const dueMs = first ? fact.untilMs : Math.max(progress.dueMs, fact.untilMs);
  return { ...transaction, progress: { ...progress, dueMs }, run: withTried(transaction, fact.operation) };
}
