import assert from 'node:assert/strict';
import { deriveFront, frontOf, readyOperations } from '../front.ts';
import {
  actionOf,
  compensateOf,
  type Decision,
  type Fact,
  isFinal,
  limits,
  operationAt,
  queryOperation,
  type Status,
  type Transaction,
} from '../index.ts';
import { callOrWait } from '../turn.ts';
import type { Subject } from './arbitrary.ts';
import { createdMs } from './definitions.ts';

/** What must hold of any transaction at any time, written down without looking at the code that is to obey it. */

/** The legal moves, written down once more. */
const moves: Readonly<Record<string, readonly string[]>> = {
  saga: ['prepared submitted', 'prepared failed', 'submitted aborting', 'submitted succeed', 'aborting failed'],
  msg: ['prepared submitted', 'prepared failed', 'submitted succeed'],
  tcc: ['prepared submitted', 'prepared aborting', 'submitted succeed', 'aborting failed'],
};

/** One fact was folded in: the status moved along the table or not at all, and final is final. */
export function checkStep({ definition }: Subject, before: Transaction, fact: Fact, after: Transaction): void {
  const from = before.progress.status;
  const to = after.progress.status;
  const isStop = fact.kind === 'stopped' && to === 'failed';
  assert.ok(from === to || isStop || moves[definition.type]?.includes(`${from} ${to}`), `${from} to ${to}`);
  if (isFinal(from)) assert.equal(after, before, 'final is final');
  const attempts = fact.kind === 'answered' && !isFinal(from) ? 1 : 0;
  assert.equal(after.progress.attemptCount, before.progress.attemptCount + attempts);
  assert.ok(after.progress.attempts.length <= limits.attempts);
}

export function checkInterval({ definition }: Subject, { progress }: Transaction): void {
  const { retryIntervalMs, timeoutToFailMs } = definition.options;
  const shortest = timeoutToFailMs > 0 ? Math.min(timeoutToFailMs, 10_000) : 10_000;
  const baseMs = retryIntervalMs || shortest;
  const capMs = Math.max(600_000, baseMs);
  assert.ok(progress.intervalMs >= baseMs && progress.intervalMs <= capMs, `interval ${progress.intervalMs}`);
}

/** What is kept up step by step is what would be derived anew. */
export function checkFront(transaction: Transaction): void {
  const kept = frontOf(transaction);
  const derived = deriveFront(transaction);
  assert.deepEqual([kept?.open, kept?.hasFailed], [derived?.open, derived?.hasFailed]);
  assert.deepEqual(kept && readyOperations(kept), derived && readyOperations(derived));
}

/** The short cuts of a decision about steps leave out none: it is what a look at all of them gives. */
export function checkTurn(
  transaction: Transaction,
  inFlight: ReadonlySet<number>,
  nowMs: number,
  decision: Decision,
): void {
  const front = deriveFront(transaction);
  const isTurn = decision.kind === 'call' || (decision.kind === 'wait' && decision.rule !== 'delay');
  if (front === undefined || !isTurn) return;
  const rule = front.status === 'submitted' ? 'forward' : 'backward';
  assert.deepEqual(decision, callOrWait(transaction, readyOperations(front), inFlight, nowMs, rule));
}

/** P7: nothing unfinished is due later than its time-out while that is ahead. */
export function checkDue({ definition }: Subject, { progress }: Transaction, nowMs: number): void {
  const { status, dueMs, submittedMs } = progress;
  const { timeoutToFailMs } = definition.options;
  assert.ok(Number.isSafeInteger(dueMs));
  if (status === 'submitted' && definition.type === 'saga' && timeoutToFailMs > 0) {
    assert.ok(dueMs <= submittedMs + timeoutToFailMs, 'due after its time-out');
  }
  const preparedUntilMs = createdMs + (timeoutToFailMs || 35_000);
  if (status === 'prepared' && nowMs < preparedUntilMs) assert.ok(dueMs <= preparedUntilMs, 'due after its time-out');
}

/** The steps whose action has run or may have run. */
export function setToCompensate({ ancestors }: Subject, { progress }: Transaction): readonly number[] {
  return [...ancestors.keys()].filter((step) => progress.operations[actionOf(step)] !== 'p');
}

export function opOf({ definition, branches }: Subject, operation: number): string {
  return operation === queryOperation ? 'msg' : (operationAt(definition, branches, operation)?.op ?? 'none');
}

/** P2: what calls for an operation is durable before it is called. */
export function isCalledFor(subject: Subject, durable: Transaction, operation: number): boolean {
  const calledFor: Readonly<Record<string, Status>> = {
    action: 'submitted',
    confirm: 'submitted',
    compensate: 'aborting',
    cancel: 'aborting',
    msg: 'prepared',
  };
  return durable.progress.status === calledFor[opOf(subject, operation)];
}

/** DAG order forward, mirror order back, and the last branch of a tcc first. */
export function checkOrder(
  subject: Subject,
  { progress }: Transaction,
  operation: number,
  inFlight: ReadonlySet<number>,
  frozen: readonly number[],
): void {
  const { operations } = progress;
  switch (opOf(subject, operation)) {
    case 'action':
      checkForwardOrder(subject, operations, operation);
      return;
    case 'compensate':
      assert.ok(!inFlight.has(operation + 1), 'compensated while its action is out');
      checkMirrorOrder(subject, operations, operation >> 1, frozen);
      return;
    case 'confirm':
    case 'cancel':
      assert.equal(inFlight.size, 0);
      for (const [index, { op }] of subject.branches.entries()) {
        const isLater = index > operation && op === opOf(subject, operation);
        if (isLater) assert.equal(operations[index], 's', 'not the last branch first');
      }
  }
}

function checkForwardOrder({ definition, ancestors }: Subject, operations: string, operation: number): void {
  const isSaga = definition.type === 'saga';
  for (const earlier of ancestors[isSaga ? operation >> 1 : operation] ?? []) {
    assert.equal(operations[isSaga ? actionOf(earlier) : earlier], 's', 'called before what it waits for');
  }
}

function checkMirrorOrder({ ancestors }: Subject, operations: string, step: number, frozen: readonly number[]): void {
  assert.ok(frozen.includes(step), 'compensated though it is not in the set');
  for (const [later, before] of ancestors.entries()) {
    if (!before.has(step) || !frozen.includes(later)) continue;
    assert.equal(operations[compensateOf(later)], 's', `${step} compensated before ${later}`);
  }
}

/** Nothing succeeds before every action has. */
export function checkSuccess({ definition, ancestors }: Subject, { progress }: Transaction): void {
  if (definition.type === 'msg') assert.match(progress.operations, /^s*$/);
  if (definition.type !== 'saga') return;
  for (const step of ancestors.keys()) assert.equal(progress.operations[actionOf(step)], 's');
}

/**
 * P5, of a saga that was rolled back: what may have run is compensated, and no other.
 * @param everCalled operations that went out at any time
 * @param assumed steps that a crash left in doubt
 */
export function checkRolledBack(
  { definition, ancestors }: Subject,
  { progress }: Transaction,
  everCalled: ReadonlySet<number>,
  assumed: ReadonlySet<number>,
): void {
  assert.equal(progress.status, 'failed');
  for (const step of ancestors.keys()) {
    const wasCalled = everCalled.has(actionOf(step));
    const isCompensated = progress.operations[compensateOf(step)] === 's';
    if (wasCalled) assert.ok(isCompensated, `step ${step} may have run and is not compensated`);
    const mayHaveRun = wasCalled || definition.steps[step]?.action === '' || assumed.has(step);
    if (isCompensated) assert.ok(mayHaveRun, `step ${step} never ran and is compensated`);
  }
}
