import { type Attempted, shorten, withAttempt } from './attempts.ts';
import { nextInterval, retryDelay, retryWithinRunDelay } from './backoff.ts';
import { clipDue } from './deadline.ts';
import { explainOperation } from './explain.ts';
import { type Fact, queryOperation } from './fact.ts';
import { failingPrefixes } from './incident.ts';
import { isExpected, mark, marked } from './mark.ts';
import { operationAt, operationName, stateOf, withState } from './operation.ts';
import { withCut, withRetryAt, withTried } from './run.ts';
import { shownUrl } from './shown-url.ts';
import { type Attempt, limits, type Progress, type Transaction } from './transaction.ts';

type Answered = Extract<Fact, { kind: 'answered' }>;
type Blocked = Extract<Fact, { kind: 'blocked' }>;

/** Every answer is recorded as an attempt; one that is not waited for any more changes nothing else. */
export function applyAnswered(transaction: Transaction, fact: Answered): Transaction {
  const { operation, outcome } = fact;
  const attempt = attemptOf(fact);
  const attempted = withAttempt(transaction.progress, attempt);
  const isAwaited = isExpected(transaction, operation) && !isSettled(transaction, operation);
  if (isAwaited && outcome.kind === 'success' && isMarked(transaction, operation))
    return succeeded(transaction, fact, attempted);
  const { attempts, attemptCount } = attempted;
  const run = fact.isCut === true ? withCut(transaction.run, operation, attempt.atMs) : transaction.run;
  const recorded = { ...transaction, run, progress: { ...transaction.progress, attempts, attemptCount } };
  if (!isAwaited) return recorded;
  switch (outcome.kind) {
    case 'success':
      return questionAnswered(recorded, fact);
    case 'failure':
      return isDecisive(recorded, operation)
        ? applyFailure(recorded, fact, outcome.message)
        : applyError(reported(recorded, operation), fact, 0);
    case 'ongoing':
      return waitsUntil(withMayHaveRun(recorded, operation), fact, fact.atMs + recorded.progress.intervalMs);
    case 'error':
      return countsRetries(recorded, operation)
        ? applyRetry(withMayHaveRun(recorded, operation), operation, fact.atMs)
        : applyError(recorded, fact, outcome.retryAfterMs);
    default:
      return outcome satisfies never;
  }
}

/**
 * Not called, so nothing is used up, unless retry_limit counts: then a refused call is an error like any other. What this
 * machine lacks is never charged to the branch.
 */
export function applyBlocked(transaction: Transaction, fact: Blocked): Transaction {
  const { operation, atMs, untilMs, isLocal = false } = fact;
  if (!isExpected(transaction, operation) || isSettled(transaction, operation)) return transaction;
  if (!isLocal && countsRetries(transaction, operation)) return applyRetry(transaction, operation, atMs);
  return waitsUntil(transaction, fact, Math.max(untilMs, atMs + 1));
}

function attemptOf({ operation, outcome, atMs, durationMs, note }: Answered): Attempt {
  const reason = outcome.kind === 'success' ? '' : outcome.message;
  const attempt = { operation, atMs: atMs - durationMs, durationMs, outcome: outcome.kind, reason };
  return note === undefined ? attempt : { ...attempt, note };
}

/** Its own SUCCESS or FAILURE is known and stays. */
function isSettled({ progress }: Transaction, operation: number): boolean {
  const state = operation === queryOperation ? 'p' : stateOf(progress, operation);
  return state === 's' || state === 'f';
}

/** FAILURE is final only for a saga's action and a message's query; elsewhere it is retried for ever. */
function isDecisive({ definition }: Transaction, operation: number): boolean {
  return (
    (definition.type === 'msg' && operation === queryOperation) || (definition.type === 'saga' && operation % 2 === 1)
  );
}

/** An action was called, whatever else is known: an answer says so even where the mark was lost. */
function withMayHaveRun(transaction: Transaction, operation: number): Transaction {
  const { definition, branches, progress } = transaction;
  const isForward = operationName(definition, branches, operation) === 'action';
  return isForward && stateOf(progress, operation) === 'p' ? mark(transaction, operation, 'm') : transaction;
}

/** Whether its success is marked: it is an operation, and no question how things stand. */
function isMarked({ definition }: Transaction, operation: number): boolean {
  return definition.type !== 'workflow' && operation !== queryOperation;
}

function questionAnswered(transaction: Transaction, { atMs }: Answered): Transaction {
  if (transaction.definition.type === 'workflow') return calledBack(transaction, atMs);
  return { ...transaction, run: { ...transaction.run, queryAnswer: 'committed' } };
}

/** The interval starts anew, unless another branch has failed in this run. One progress is made: it happens most. */
function succeeded(transaction: Transaction, { operation, atMs }: Answered, attempted: Attempted): Transaction {
  const { plan, progress, run } = transaction;
  const { incident, intervalMs, errorRuns = 0 } = progress;
  return marked(transaction, operation, {
    ...progress,
    operations: withState(progress.operations, operation, 's'),
    attempts: attempted.attempts,
    attemptCount: attempted.attemptCount,
    intervalMs: run.backedOff ? intervalMs : plan.retryIntervalMs,
    errorRuns: run.backedOff ? errorRuns : 0,
    incident: incident !== '' && isIncidentOf(transaction, operation) ? '' : incident,
    updatedMs: atMs,
  });
}

/** The end of a callback is a sign of life; how the workflow ended only its submit says. */
function calledBack(transaction: Transaction, atMs: number): Transaction {
  const { plan, progress } = transaction;
  const intervalMs = plan.retryIntervalMs;
  const dueMs = atMs + intervalMs;
  return { ...transaction, progress: { ...progress, intervalMs, errorRuns: 0, incident: '', dueMs, updatedMs: atMs } };
}

function applyFailure(transaction: Transaction, { operation, atMs }: Answered, message: string): Transaction {
  const { definition, branches, progress, run } = transaction;
  const url = operationAt(definition, branches, operation)?.url ?? definition.queryPrepared;
  const first = progress.reason === '';
  const reason = first
    ? shorten(`url:${shownUrl(url)} return failed: ${message}`, limits.reasonBytes)
    : progress.reason;
  const explained = { ...transaction, progress: { ...progress, reason, updatedMs: atMs } };
  if (operation === queryOperation) return { ...explained, run: { ...run, queryAnswer: 'rolled-back' } };
  return mark(explained, operation, 'f');
}

/**
 * A branch that answers FAILURE where only success can end the transaction is an incident, until it succeeds. Of several
 * the first is named, and stays so whatever the order of their answers: it is one incident.
 */
function reported(transaction: Transaction, operation: number): Transaction {
  if (operation === queryOperation || transaction.progress.incident.startsWith(failingPrefixes.failures))
    return transaction;
  const incident = failingPrefixes.failures + nameOf(transaction, operation);
  return { ...transaction, progress: { ...transaction.progress, incident } };
}

function isIncidentOf(transaction: Transaction, operation: number): boolean {
  return transaction.progress.incident.endsWith(`: ${nameOf(transaction, operation)}`);
}

function nameOf(transaction: Transaction, operation: number): string {
  const { op, branchId } = explainOperation(transaction, operation);
  return `${op} of branch ${branchId}`;
}

/** The interval doubles once in a run, however many branches fail in it. */
function applyError(transaction: Transaction, fact: Answered, retryAfterMs: number): Transaction {
  const { progress, plan, run } = transaction;
  const errorRuns = (progress.errorRuns ?? 0) + (run.backedOff ? 0 : 1);
  const isIncident = progress.incident === '' && errorRuns >= plan.alertAfterErrors;
  const incident = isIncident ? failingPrefixes.errors + nameOf(transaction, fact.operation) : progress.incident;
  const intervalMs = run.backedOff ? progress.intervalMs : nextInterval(progress.intervalMs, plan);
  const dueMs = fact.atMs + retryDelay(intervalMs, retryAfterMs, fact.jitter, plan);
  const waiting = waitsUntil(withMayHaveRun(transaction, fact.operation), fact, dueMs);
  return {
    ...waiting,
    progress: { ...waiting.progress, intervalMs, errorRuns, incident },
    run: { ...waiting.run, backedOff: true },
  };
}

/** Not called again in this run; with several such branches the next run begins when the last of them may be called. */
function waitsUntil(transaction: Transaction, { operation, atMs }: Answered | Blocked, untilMs: number): Transaction {
  const { progress, run } = transaction;
  const dueMs = run.tried.size === 0 ? untilMs : Math.max(progress.dueMs, untilMs);
  const waiting: Progress = { ...progress, dueMs: clipDue(transaction, dueMs, atMs), updatedMs: atMs };
  return { ...transaction, progress: waiting, run: { ...run, tried: withTried(run, operation) } };
}

function countsRetries({ definition, progress }: Transaction, operation: number): boolean {
  const isAction = definition.type === 'saga' && operation % 2 === 1;
  return isAction && definition.options.retryLimit > 0 && progress.status === 'submitted';
}

/** retry_limit: counted durably with the next write, retried within the run after a pause; none once used up. */
function applyRetry(transaction: Transaction, operation: number, atMs: number): Transaction {
  const { definition, progress, run } = transaction;
  const count = (progress.retries[operation] ?? 0) + 1;
  const isUsedUp = count > definition.options.retryLimit;
  return {
    ...transaction,
    progress: { ...progress, retries: { ...progress.retries, [operation]: count }, updatedMs: atMs },
    run: { ...run, retryAtMs: withRetryAt(run, operation, isUsedUp ? atMs : atMs + retryWithinRunDelay(count)) },
  };
}
