/**
 * The data of a global transaction. Three kinds, kept apart everywhere: the *definition* (what was asked, immutable),
 * the *branches* (for tcc, xa and workflow: registered one by one, append-only) and the *progress* (small and mutable).
 *
 * Glossary
 * - **gid**: the global id of a transaction, chosen by the client or by `newGid`.
 * - **saga**: steps with an action and a compensation each; a failure undoes what ran, in mirror order.
 * - **msg**: a two-phase message: prepared before a local database transaction, submitted after it, delivered for sure.
 * - **tcc**: branches registered while prepared; then all are confirmed (submit) or all cancelled (abort, time-out).
 * - **xa**: branches registered while prepared, each a database transaction that is prepared there; then all are committed
 *   (submit) or all rolled back (abort, time-out).
 * - **workflow**: code of a service that runs by itself; its steps are registered with their results, and its URL is called
 *   until it says how it ended.
 * - **branch**: one participant's part of a transaction, named by its branch_id.
 * - **operation (op)**: one call of a branch: `action`, `compensate`, `confirm`, `cancel`, `commit`, `rollback`. It is the
 *   unit that is driven; the operations of a workflow are its own affair and only kept.
 * - **may have run**: a forward operation that was called, or may have been, and whose result is not known.
 * - **barrier**: the table in a participant's database that makes repeated, empty and late calls harmless.
 * - **owner**: the incarnation (one start of one process) that drives a transaction; nobody else may write it.
 * - **handed back**: without owner, written with nothing in flight; due at its due time.
 * - **due time**: when the transaction must be looked at next, in engine time (integer milliseconds).
 */

import type { Table } from './table.ts';

export type TransactionType = 'saga' | 'msg' | 'tcc' | 'xa' | 'workflow';

/**
 * Status of a transaction. The legal moves; every other one is refused:
 *
 * | type | moves |
 * |---|---|
 * | saga | prepared > submitted > succeed; submitted > aborting > failed (also as an operator asks); prepared > failed (abort) |
 * | msg  | prepared > submitted > succeed; prepared > failed |
 * | tcc, xa | prepared > submitted > succeed; prepared > aborting > failed |
 * | workflow | prepared > succeed; prepared > failed, as its submit says |
 * | any  | prepared, submitted, aborting > failed (operator stop) |
 */
export type Status = 'prepared' | 'submitted' | 'aborting' | 'succeed' | 'failed';

/** `succeed` and `failed` never change again. */
export type FinalStatus = 'succeed' | 'failed';

export type OperationName = 'action' | 'compensate' | 'confirm' | 'cancel' | 'commit' | 'rollback';

/** The body of a branch call, byte for byte as the client gave it: text over HTTP, bytes over gRPC. */
export type Payload = string | Uint8Array;

/** One step of a saga or a message. `compensate` is empty for a message. An empty URL always succeeds, without a call. */
export interface Step {
  readonly branchId: string;
  readonly action: string;
  readonly compensate: string;
  readonly payload: Payload;
}

/** What a client may ask for, per transaction. Zero means: the coordinator's default. Times are milliseconds. */
export interface Options {
  /** Answer submit and abort only when the transaction is final or waits for a timer. Default false. */
  readonly waitResult: boolean;
  /** saga: roll back this long after submit (0: never). tcc, xa, msg: abort or ask this long after creation (0: 35 s). */
  readonly timeoutToFailMs: number;
  /** Limit of one branch call (0: 3 s; of a workflow's callback: 60 s). */
  readonly requestTimeoutMs: number;
  /** Base of the back-off (0: 10 s, or timeoutToFail where that is shorter). */
  readonly retryIntervalMs: number;
  /** Headers sent on every branch call. */
  readonly branchHeaders: Readonly<Record<string, string>>;
  /** msg only: call all branches at once. A saga says so in its custom data. */
  readonly concurrent: boolean;
  /** saga actions: retries within the run after an error, then roll back (0: no limit, retried by back-off). */
  readonly retryLimit: number;
}

/** Nothing is asked for: all is as the coordinator has it. */
export const noOptions: Options = {
  waitResult: false,
  timeoutToFailMs: 0,
  requestTimeoutMs: 0,
  retryIntervalMs: 0,
  branchHeaders: {},
  concurrent: false,
  retryLimit: 0,
};

export interface Definition {
  readonly gid: string;
  readonly type: TransactionType;
  /** `http`, `grpc` or `json-rpc`: how the client speaks, and how branches are called. */
  readonly protocol: string;
  readonly steps: readonly Step[];
  /** msg: asked past the time-out whether the local transaction committed; may be empty. workflow: its callback. */
  readonly queryPrepared: string;
  readonly options: Options;
  /** JSON text as the client sent it; saga: concurrency and orders, msg: delay, workflow: name and input. */
  readonly customData: string;
  /** Fields of the request that created it which mean nothing, perhaps misspelt; the first few, as text for people. Absent: none. */
  readonly unknownFields?: readonly string[];
  readonly createdMs: number;
}

/**
 * A registered operation, append-only and immutable. tcc and xa: two per registration, `cancel` or `rollback` first.
 * workflow: one per step that ended, with its result as payload and no URL.
 */
export interface BranchOperation {
  readonly branchId: string;
  /** An {@link OperationName}; of a workflow's step whatever its SDK calls it. */
  readonly op: string;
  readonly url: string;
  readonly payload: Payload;
  /** workflow only: how the step ended. */
  readonly state?: 's' | 'f';
}

/**
 * State of one operation, one character each so that a progress write stays small:
 * `p` prepared (not called), `m` may have run, `s` succeed, `f` failed.
 */
export type OperationState = 'p' | 'm' | 's' | 'f';

/** One attempt at a branch call. `operation` is the operation's index, or -1 for the call of query_prepared. */
export interface Attempt {
  readonly operation: number;
  readonly atMs: number;
  readonly durationMs: number;
  readonly outcome: 'success' | 'failure' | 'ongoing' | 'error';
  /** Why; at most 1 KiB. Empty for a success. */
  readonly reason: string;
  /** What else is worth knowing: that it was sent twice, a warning about the answer; at most 1 KiB. Absent: nothing. */
  readonly note?: string;
}

/**
 * What an operator decided about a transaction. Of each kind the first counts, so that there are never many.
 * `rollback`: roll it back. `do-not-wait`: do not wait for the calls that are out. `stop`: end it as failed.
 */
export interface OperatorDecision {
  readonly kind: 'rollback' | 'do-not-wait' | 'stop';
  readonly atMs: number;
  /** The status it had then. */
  readonly status: Status;
  /** Why, in the operator's words; at most 1 KiB, may be empty. */
  readonly reason: string;
}

export interface Progress {
  readonly status: Status;
  /** One {@link OperationState} per operation, in operation order. */
  readonly operations: string;
  /** Errors counted against retry_limit, per operation index; sparse. */
  readonly retries: Readonly<Record<number, number>>;
  /** The last 64 attempts, oldest first. */
  readonly attempts: readonly Attempt[];
  /** All attempts ever made; what is not in `attempts` was dropped. */
  readonly attemptCount: number;
  /** The back-off interval now (next_cron_interval on the wire). */
  readonly intervalMs: number;
  /** Runs in a row that ended with an error; absent: none. */
  readonly errorRuns?: number;
  /** When the transaction must be looked at next. Never later than its time-out. workflow: when it is called back. */
  readonly dueMs: number;
  /** When the submit was accepted: a saga's time-out and a message's delay count from here. 0 while prepared. */
  readonly submittedMs: number;
  readonly updatedMs: number;
  /** When it became final; 0 before. */
  readonly finishedMs: number;
  /** What somebody should know of: it waits for a decision, or fails again and again. Empty: nothing. */
  readonly incident: string;
  /** Why it was rolled back; at most 8 KiB, of a workflow as long as its submit may be. */
  readonly reason: string;
  /** workflow: what it returned, as its SDK wrote it down. Absent: nothing. */
  readonly result?: string;
  /** Fields of later requests for this gid that differed from what is stored and were not taken over; absent: none. */
  readonly ignoredFields?: readonly string[];
  /** What operators decided, oldest first; absent: nothing. */
  readonly operatorDecisions?: readonly OperatorDecision[];
}

/** The coordinator's defaults, from its configuration. */
export interface Defaults {
  readonly requestTimeoutMs: number;
  readonly retryIntervalMs: number;
  readonly timeoutToFailMs: number;
  /** The longest back-off interval; a longer retry_interval of the transaction wins. */
  readonly backoffCapMs: number;
  /** After so many runs in a row that ended with an error the transaction is an incident. */
  readonly alertAfterErrors: number;
}

/**
 * What a run remembers in memory only: a run begins when the transaction is due, claimed or woken and ends when
 * nothing is in flight and the next step waits for a timer.
 */
export interface Run {
  /** Operations that answered without success in this run, or could not be called; not called again before the due time. */
  readonly tried: Table<true>;
  /** retry_limit: the time of an operation's next retry within the run. */
  readonly retryAtMs: Table<number>;
  /** An error has doubled the interval in this run; further ones do not. */
  readonly backedOff: boolean;
  /** saga: actions that were out when an operator decided not to wait for them, by when their calls went out. */
  readonly cut: Table<number>;
  /** msg: what the query URL decided, until the move that follows is durable. */
  readonly queryAnswer: 'none' | 'committed' | 'rolled-back';
}

/** A transaction as the engine holds it. `plan` is derived from the definition alone. */
export interface Transaction {
  readonly definition: Definition;
  readonly plan: Plan;
  readonly branches: readonly BranchOperation[];
  readonly progress: Progress;
  readonly run: Run;
  /** What can go on now, kept up by `apply`; never stored. Only of a saga or message that is driven. */
  readonly front: Front | undefined;
}

/** Derived from definition and defaults by a pure function; never stored. */
export interface Plan {
  readonly requestTimeoutMs: number;
  /** The interval after a success, and the first one. */
  readonly retryIntervalMs: number;
  readonly backoffCapMs: number;
  readonly alertAfterErrors: number;
  /** Saga: from the submit, 0 is never. Others: the same as `preparedTimeoutMs`. */
  readonly timeoutMs: number;
  /** How long it may stay prepared, from its creation, before it is asked about, aborted or an incident. */
  readonly preparedTimeoutMs: number;
  readonly concurrent: boolean;
  /** msg: wait this long after submit. */
  readonly delayMs: number;
  /** Per step the steps that must have succeeded before it (orders plus the serial edge). Indexes, ascending. */
  readonly before: readonly (readonly number[])[];
  /** The same edges turned round; in a saga the steps whose compensation must end before this one's. */
  readonly after: readonly (readonly number[])[];
  /** Step indexes such that every step comes after all of `before`. */
  readonly topological: readonly number[];
  /** workflow only: what its callback is called with. */
  readonly callback?: { readonly op: string; readonly payload: Payload };
}

/**
 * What of a saga or a message can go on now. It follows from plan and progress alone; `apply` keeps it up step by step,
 * so that a saga of ten thousand steps is not looked through ten thousand times.
 *
 * Forward a step is *done* when its action has succeeded; backward when it was compensated or is outside the set to
 * compensate. A step *passes* when it is done and every step it waits for has passed: forward those before it,
 * backward those after it. So the order also holds between two steps that are joined only through steps outside the set.
 */
export interface Front {
  /** What it was derived from; a front that does not belong to its transaction is derived anew. */
  readonly plan: Plan;
  readonly status: 'submitted' | 'aborting';
  readonly operations: string;
  /** Steps that are not done. */
  readonly open: number;
  /** Forward: an action has answered FAILURE. */
  readonly hasFailed: boolean;
  /** The operations whose turn it is and that are not done. */
  readonly ready: Table<number>;
  /** Per step: how many of the steps it waits for have not passed. */
  readonly waitsFor: Table<number>;
}

export const limits = {
  gidCharacters: 128,
  branchIdCharacters: 128,
  opCharacters: 45,
  urlCharacters: 2048,
  steps: 10_000,
  /** Entries of the lists in `orders`, all together. */
  orderEdges: 100_000,
  transactionBytes: 16 * 1024 * 1024,
  optionMs: 10 * 365 * 24 * 3600 * 1000,
  attempts: 64,
  attemptReasonBytes: 1024,
  reasonBytes: 8192,
  progressBytes: 64 * 1024,
} as const;

/** Whether its branches are registered one by one instead of being its steps. */
export function registersBranches(type: TransactionType): type is 'tcc' | 'xa' | 'workflow' {
  return type === 'tcc' || type === 'xa' || type === 'workflow';
}

/** Whether it has a second phase: every branch is told what was decided. */
export function hasSecondPhase(type: TransactionType): type is 'tcc' | 'xa' {
  return type === 'tcc' || type === 'xa';
}

/** What a final status is called in a sentence, after `has`: `succeeded` or `failed`. */
export function endedAs(status: string): string {
  return status === 'succeed' ? 'succeeded' : status;
}

export function isFinal(status: Status): status is FinalStatus {
  return status === 'succeed' || status === 'failed';
}
