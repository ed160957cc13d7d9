import { apply } from './apply.ts';
import { deadlineMs } from './deadline.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import { HoldfastError } from './error.ts';
import type { Fact } from './fact.ts';
import { ruleAbort, ruleRollback } from './request.ts';
import { emptyRun } from './run.ts';
import { isFinal, type Status, type Transaction } from './transaction.ts';

/** What would happen if every call from here on succeeded. */
export interface Foreseen {
  /** When it begins, in engine time. */
  readonly atMs: number;
  /** The operations that would be called, in order; no more than {@link foreseenCalls} of them. */
  readonly calls: readonly number[];
  readonly hasMoreCalls: boolean;
  /** Where it would end. A status that is not final: it waits there for somebody. */
  readonly status: Status;
  readonly reason: string;
}

export const foreseenCalls = 100;

/**
 * An abort now, by whoever owns the transaction.
 * @returns the refusal where it would be refused
 */
export function foreseeAbort(transaction: Transaction, nowMs: number): Foreseen | HoldfastError {
  const ruling = ruleAbort(transaction, transaction.definition.type, '', nowMs);
  if (ruling instanceof HoldfastError) return ruling;
  return foresee(ruling === 'nothing' ? transaction : apply(transaction, ruling), nowMs);
}

/**
 * A rollback now, by an operator.
 * @returns the refusal where it would be refused
 */
export function foreseeRollback(transaction: Transaction, nowMs: number): Foreseen | HoldfastError {
  const ruling = ruleRollback(transaction, { reason: '', doNotWait: false }, nowMs);
  if (ruling instanceof HoldfastError) return ruling;
  return foresee(ruling === 'nothing' ? transaction : apply(transaction, ruling), nowMs);
}

/**
 * Its time-out, with nothing else happening before; undefined where it has none any more. Past it only a move is still
 * to come: a message that asks again, or what is left to a human, goes on by its due time.
 */
export function foreseeTimeout(transaction: Transaction, nowMs: number): Foreseen | undefined {
  const untilMs = isFinal(transaction.progress.status) ? Number.POSITIVE_INFINITY : deadlineMs(transaction);
  if (untilMs === Number.POSITIVE_INFINITY) return undefined;
  if (untilMs <= nowMs && decide(transaction, noneInFlight, nowMs).kind !== 'move') return undefined;
  return foresee(transaction, Math.max(nowMs, untilMs));
}

const noneInFlight: ReadonlySet<number> = new Set();

/** Runs the rules themselves ahead, on a copy. */
function foresee(transaction: Transaction, atMs: number): Foreseen {
  let ahead: Transaction = { ...transaction, run: emptyRun };
  let nowMs = atMs;
  const calls: number[] = [];
  while (calls.length <= foreseenCalls) {
    const decision = decide(ahead, noneInFlight, nowMs);
    if (decision.kind === 'wait' && (decision.rule === 'delay' || decision.rule === 'not-waited-for'))
      nowMs = decision.untilMs;
    else {
      const facts = factsAfter(decision, nowMs, calls);
      if (facts.length === 0) break;
      for (const fact of facts) ahead = apply(ahead, fact);
    }
  }
  const { status, reason } = ahead.progress;
  const hasMoreCalls = calls.length > foreseenCalls;
  // Many calls are not played to the last: where they lead is known.
  const end = hasMoreCalls ? endOf(status) : status;
  return { atMs, calls: calls.slice(0, foreseenCalls), hasMoreCalls, status: end, reason };
}

const endOf = (status: Status) => (status === 'submitted' ? 'succeed' : status === 'aborting' ? 'failed' : status);

/** None: nothing more happens at that time. */
function factsAfter(decision: Decision, atMs: number, calls: number[]): Fact[] {
  if (decision.kind === 'move') return [{ kind: 'moved', to: decision.to, reason: decision.reason, atMs }];
  if (decision.kind !== 'call') return [];
  // One more than is named tells that there are more.
  const operations = decision.operations.slice(0, foreseenCalls + 1 - calls.length);
  calls.push(...operations);
  return operations.map((operation) => ({
    ...{ kind: 'answered', operation, outcome: { kind: 'success' }, atMs, durationMs: 0, jitter: 0 },
  }));
}
