import { decide } from './decide.ts';
import { type Decision, type Rule, rules } from './decision.ts';
import { queryOperation } from './fact.ts';
import { operationAt } from './operation.ts';
import { untoldOperations } from './operator.ts';
import { emptyRun } from './run.ts';
import type { Attempt, OperatorDecision, Status, Transaction } from './transaction.ts';

/** Which call of which branch: the identity that its barrier sees. */
export interface ExplainedOperation {
  readonly operation: number;
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
}

/** A call that has no answer yet. */
export interface ExplainedCall extends ExplainedOperation {
  /** When it went out, in engine time; undefined: it waits for its turn. */
  readonly sentMs: number | undefined;
  /** When its time-out ends it. */
  readonly untilMs: number | undefined;
}

/** The calls that have no answer yet, by their operation, with the time when each went out. */
export type CallsOut = ReadonlyMap<number, number | undefined>;

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
  readonly rule: Rule;
  /** The rule as a sentence. */
  readonly sentence: string;
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
  return {
    status,
    reason,
    incident,
    ignoredFields,
    operatorDecisions,
    untold: untoldOperations(transaction).map((operation) => explainOperation(transaction, operation)),
    attempts: attempts.map((attempt) => ({ ...attempt, ...explainOperation(transaction, attempt.operation) })),
    droppedAttempts: attemptCount - attempts.length,
    inFlight: explainCalls(transaction, inFlight ?? noCalls),
    next,
    calls: next.kind === 'call' ? next.operations.map((operation) => explainOperation(transaction, operation)) : [],
    nextAtMs: timeOf(next, atMs, inFlight !== undefined),
    rule: next.rule,
    sentence: rules[next.rule],
  };
}

const noCalls: CallsOut = new Map();

export function explainCalls(transaction: Transaction, calls: CallsOut): readonly ExplainedCall[] {
  return [...calls].map(([operation, sentMs]) => {
    const untilMs = sentMs === undefined ? undefined : sentMs + transaction.plan.requestTimeoutMs;
    return { ...explainOperation(transaction, operation), sentMs, untilMs };
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
