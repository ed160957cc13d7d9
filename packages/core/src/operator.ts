import { shorten } from './attempts.ts';
import { type Fact, queryOperation } from './fact.ts';
import { actionOf, compensateOf, stateOf } from './operation.ts';
import { cutSentMs } from './run.ts';
import { limits, type OperatorDecision, type Progress, type Transaction } from './transaction.ts';

/** The operations whose call has no answer yet. */
export interface InFlight extends Pick<ReadonlySet<number>, 'has' | 'size' | 'keys'> {
  /** No more are to be asked for now, until some of these have answered. */
  readonly isFull?: boolean;
  /** Until when a call that was cut is waited for all the same, in engine time as it is now; undefined: it was not cut. */
  cutUntilMs?(operation: number): number | undefined;
}

/**
 * Where an operator decided not to wait for the calls that are out, they are cut, and compensated this long after that. By
 * a clock that only goes on: engine time leaps where it follows a clock that was set, and a service needs its time.
 */
export const doNotWaitMs = 10_000;

/** Why a transaction was rolled back where the operator gave no reason. */
const rollbackReason = 'an operator asked for the rollback';

export function decisionOf(progress: Progress, kind: OperatorDecision['kind']): OperatorDecision | undefined {
  return progress.operatorDecisions?.find((decision) => decision.kind === kind);
}

/** Of each kind the first counts. */
export function withDecision(
  transaction: Transaction,
  { kind, atMs, reason }: Omit<OperatorDecision, 'status'>,
): Transaction {
  const { progress } = transaction;
  if (decisionOf(progress, kind) !== undefined) return transaction;
  const decision = { kind, atMs, status: progress.status, reason: shorten(reason, limits.attemptReasonBytes) };
  const operatorDecisions = [...(progress.operatorDecisions ?? []), decision];
  return { ...transaction, progress: { ...progress, operatorDecisions, updatedMs: atMs } };
}

/**
 * Only recorded here: whoever drives it decides to move. So it may be recorded by a node that does not drive it and does
 * not know which actions may have run.
 */
export function applyRollbackAsked(
  transaction: Transaction,
  { reason, doNotWait, atMs }: Extract<Fact, { kind: 'rollback-asked' }>,
): Transaction {
  const { definition, progress } = transaction;
  const isRunning = progress.status === 'submitted';
  if (definition.type !== 'saga' || (!isRunning && progress.status !== 'aborting')) return transaction;
  const asked = isRunning
    ? withDecision(withReason(transaction, reason), { kind: 'rollback', atMs, reason })
    : transaction;
  return doNotWait ? withDecision(asked, { kind: 'do-not-wait', atMs, reason }) : asked;
}

/** Where an action has failed already, that is why. */
function withReason(transaction: Transaction, reason: string): Transaction {
  const { progress } = transaction;
  if (progress.reason !== '') return transaction;
  const given = reason === '' ? rollbackReason : shorten(reason, limits.attemptReasonBytes);
  return { ...transaction, progress: { ...progress, reason: given } };
}

/**
 * Until when the compensation of an operation is held back because the call of its action was cut, as an operator
 * decided; 0: it is not. Whether it was cut only the driver knows that cut it: the next one waits for nothing that is
 * out, as after every crash.
 */
export function heldUntilMs({ progress, run }: Transaction, compensation: number, inFlight: InFlight): number {
  const decision = decisionOf(progress, 'do-not-wait');
  const action = compensation + 1;
  if (decision === undefined || cutSentMs(run, action) === undefined) return 0;
  return inFlight.cutUntilMs?.(action) ?? decision.atMs + doNotWaitMs;
}

/**
 * Whether an operator's decision ends the call of an operation that is out: a stop all of them, a rollback that does not
 * wait the actions. Nothing else cuts a call.
 */
export function isCutOff({ definition, progress }: Transaction, operation: number): boolean {
  if (progress.operatorDecisions === undefined) return false;
  if (decisionOf(progress, 'stop') !== undefined) return true;
  const isAction = definition.type === 'saga' && operation % 2 === 1;
  return isAction && progress.status === 'aborting' && decisionOf(progress, 'do-not-wait') !== undefined;
}

/** A rollback waits for an action that is out, and would go on sooner where an operator decided not to wait. */
export function mayStopWaiting(
  { definition, progress }: Transaction,
  calls: readonly { readonly operation: number; readonly untilMs: number | undefined }[],
  nowMs: number,
): boolean {
  if (definition.type !== 'saga' || progress.status !== 'aborting') return false;
  if (decisionOf(progress, 'do-not-wait') !== undefined) return false;
  return calls.some(({ operation, untilMs = 0 }) => operation % 2 === 1 && untilMs > nowMs + doNotWaitMs);
}

/**
 * Where an operator has stopped it: the operations that would have told a branch how it ended, and did not. Empty where
 * nobody stopped it.
 */
export function untoldOperations(transaction: Transaction): readonly number[] {
  const { definition, plan, branches, progress } = transaction;
  const from = decisionOf(progress, 'stop')?.status;
  if (from === undefined) return [];
  switch (definition.type) {
    case 'saga':
      return from === 'prepared' ? [] : plan.topological.toReversed().flatMap((step) => untoldStep(transaction, step));
    case 'msg':
      return from === 'prepared' ? [] : definition.steps.flatMap((_, index) => unless(progress, index));
    case 'tcc':
    case 'xa': {
      const told = from === 'submitted' ? ['confirm', 'commit'] : ['cancel', 'rollback'];
      return branches.flatMap(({ op }, index) => (told.includes(op) ? unless(progress, index) : []));
    }
    case 'workflow':
      return [queryOperation];
    default:
      return definition.type satisfies never;
  }
}

/** A step whose action may have run and that has something to undo. */
function untoldStep({ definition, progress }: Transaction, step: number): readonly number[] {
  const { action, compensate } = definition.steps[step] ?? { action: '', compensate: '' };
  const hasRun = action !== '' && stateOf(progress, actionOf(step)) !== 'p';
  return hasRun && compensate !== '' ? unless(progress, compensateOf(step)) : [];
}

function unless(progress: Progress, operation: number): readonly number[] {
  return stateOf(progress, operation) === 's' ? [] : [operation];
}
