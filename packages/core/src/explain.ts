import { decide } from './decide.ts';
import { type Decision, type Rule, rules } from './decision.ts';
import { queryOperation } from './fact.ts';
import { operationAt } from './operation.ts';
import { mayStopWaiting, untoldOperations } from './operator.ts';
import { emptyRun } from './run.ts';
import { type Attempt, isFinal, type OperatorDecision, type Status, type Transaction } from './transaction.ts';
import { isRetriable, lastTrouble, waitingRule } from './waiting.ts';

/** Which call of which branch: the identity that its barrier sees. */
export interface ExplainedOperation {
  readonly operation: number;
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
}

/** A call that has no answer yet. */
export interface ExplainedCall extends ExplainedOperation {
  /** When it was to be made, in engine time. */
  readonly askedMs: number;
  /** When it went out; undefined: it waits for its turn. */
  readonly sentMs: number | undefined;
  /** When its time-out ends it. */
  readonly untilMs: number | undefined;
}

/** The calls that have no answer yet, by their operation. */
export type CallsOut = ReadonlyMap<number, CallOut>;

export interface CallOut {
  /** When it was to be made, in engine time. */
  readonly askedMs: number;
  /** When it went out; undefined: it waits for its turn. */
  readonly sentMs: number | undefined;
}

/** `retry`: make it due. `do-not-wait`: a rollback that does not wait for the actions that are out. */
export type Sooner = 'retry' | 'do-not-wait';

export interface ExplainedAttempt extends ExplainedOperation, Attempt {}

/** What an operator reads about a transaction: what happened, what comes next, when, and which rule says so. */
export interface Explanation {
  readonly status: Status;
  readonly reason: string;
  readonly incident: string;
  /** Fields of the submit that differed from what was prepared, and were not taken over. */
  readonly ignoredFields: readonly string[];
  readonly operatorDecisions: readonly OperatorDecision[];
  /** Where an operator has stopped it: the calls that would have told its branches, and were not made. */
  readonly untold: readonly ExplainedOperation[];
  /** The last attempts, oldest first. */
  readonly attempts: readonly ExplainedAttempt[];
  /** Attempts made before those and not kept. */
  readonly droppedAttempts: number;
  readonly inFlight: readonly ExplainedCall[];
  readonly next: Decision;
  /** The operations that `next` calls. */
  readonly calls: readonly ExplainedOperation[];
  /** When `next` comes in engine time, infinity where nothing comes by itself. */
  readonly nextAtMs: number;
  /** What decides that time, as it holds now. */
  readonly rule: Rule;
  /** The rule as a sentence. */
  readonly sentence: string;
  /** The last call that did not succeed, of what is still to succeed. */
  readonly trouble: ExplainedAttempt | undefined;
  /** By what an operator makes it go on sooner; undefined: by nothing. */
  readonly sooner: Sooner | undefined;
}

/**
 * @param inFlight the operations whose call is out; undefined where nobody drives it: then what comes next comes when
 *   it is due
 */
export function explain(transaction: Transaction, inFlight: CallsOut | undefined, nowMs: number): Explanation {
  const { status, reason, incident, attempts, attemptCount, dueMs } = transaction.progress;
  const { ignoredFields = [], operatorDecisions = [] } = transaction.progress;
  const atMs = inFlight === undefined ? Math.max(nowMs, dueMs) : nowMs;
  const run = inFlight === undefined ? emptyRun : transaction.run;
  const next = decide({ ...transaction, run }, inFlight ?? new Set(), atMs);
  const isAsleep = next.kind !== 'rest' && (inFlight === undefined || next.rule === 'back-off');
  const rule = isAsleep ? waitingRule(transaction, nowMs) : next.rule;
  const trouble = isFinal(status) ? undefined : lastTrouble(transaction);
  const calls = explainCalls(transaction, inFlight ?? noCalls);
  const explainAttempt = (attempt: Attempt) => ({ ...attempt, ...explainOperation(transaction, attempt.operation) });
  return {
    status,
    reason,
    incident,
    ignoredFields,
    operatorDecisions,
    untold: untoldOperations(transaction).map((operation) => explainOperation(transaction, operation)),
    attempts: attempts.map(explainAttempt),
    droppedAttempts: attemptCount - attempts.length,
    inFlight: calls,
    next,
    calls: next.kind === 'call' ? next.operations.map((operation) => explainOperation(transaction, operation)) : [],
    nextAtMs: timeOf(next, atMs, inFlight !== undefined),
    rule,
    sentence: rules[rule],
    trouble: trouble === undefined ? undefined : explainAttempt(trouble),
    sooner: isRetriable(rule) ? 'retry' : mayStopWaiting(transaction, calls, nowMs) ? 'do-not-wait' : undefined,
  };
}

const noCalls: CallsOut = new Map();

export function explainCalls(transaction: Transaction, calls: CallsOut): readonly ExplainedCall[] {
  return [...calls].map(([operation, call]) => {
    const untilMs = call.sentMs === undefined ? undefined : call.sentMs + transaction.plan.requestTimeoutMs;
    return { ...explainOperation(transaction, operation), ...call, untilMs };
  });
}

/** What nobody drives is looked at when it is due, also where all that comes of it is to wait again. */
function timeOf(next: Decision, atMs: number, isDriven: boolean): number {
  if (next.kind === 'rest') return Number.POSITIVE_INFINITY;
  return next.kind === 'wait' && isDriven ? next.untilMs : atMs;
}

/** Which call an operation is; -1 is that of query_prepared. */
export function explainOperation({ definition, plan, branches }: Transaction, operation: number): ExplainedOperation {
  if (operation === queryOperation) {
    return { operation, branchId: '00', op: plan.callback?.op ?? 'msg', url: definition.queryPrepared };
  }
  const branch = operationAt(definition, branches, operation);
  return { operation, branchId: branch?.branchId ?? '', op: branch?.op ?? '', url: branch?.url ?? '' };
}
