import { actionOf, compensateOf, stepOf } from './operation.ts';
import type { InFlight } from './operator.ts';
import { hasTried, retryingOperations } from './run.ts';
import { lookUp, tableOf, valuesOf, withEntries, withoutEntry } from './table.ts';
import { type Definition, type Front, type Progress, registersBranches, type Transaction } from './transaction.ts';

type Source = Pick<Transaction, 'definition' | 'plan' | 'progress'>;

/** The front of a transaction, as `apply` left it or derived anew. Undefined where no step is driven. */
export function frontOf(transaction: Transaction): Front | undefined {
  const { front, plan, progress } = transaction;
  const isCurrent =
    front !== undefined &&
    front.plan === plan &&
    front.status === progress.status &&
    front.operations === progress.operations;
  return isCurrent ? front : deriveFront(transaction);
}

export function deriveFront({ definition, plan, progress }: Source): Front | undefined {
  const { status, operations } = progress;
  if (registersBranches(definition.type) || (status !== 'submitted' && status !== 'aborting')) return undefined;
  const isForward = status === 'submitted';
  const edges = isForward ? plan.before : plan.after;
  const order = isForward ? plan.topological : plan.topological.toReversed();
  const hasPassed = new Uint8Array(order.length);
  const waitsFor: number[] = new Array(order.length).fill(0);
  const ready: (number | undefined)[] = new Array(order.length).fill(undefined);
  let open = 0;
  for (const step of order) {
    let waits = 0;
    for (const other of edges[step] ?? []) if (hasPassed[other] !== 1) waits += 1;
    waitsFor[step] = waits;
    const isDone = isStepDone(definition, progress, step);
    if (!isDone) open += 1;
    if (waits === 0 && isDone) hasPassed[step] = 1;
    else if (waits === 0) ready[step] = turnOf(definition, status, step);
  }
  const hasFailed = isForward && operations.includes('f');
  return { plan, status, operations, open, hasFailed, ready: tableOf(ready), waitsFor: tableOf(waitsFor) };
}

/** The operations whose turn it is, in the direction of the status. */
export function readyOperations({ ready, status }: Front): readonly number[] {
  const operations = valuesOf(ready);
  return status === 'submitted' ? operations : operations.reverse();
}

/**
 * Whether every operation whose turn it is was asked for already: its call is out, has come to nothing in this run, or
 * waits for its retry. A saga of thousands of concurrent steps is asked so at each answer: no step is looked at.
 */
export function isAllAsked({ ready }: Front, { definition, run }: Transaction, inFlight: InFlight): boolean {
  let asked = inFlight.size + run.tried.size;
  if (run.retryAtMs.size > 0) {
    for (const operation of retryingOperations(run)) {
      // Asked for again and not sent yet, it is counted already.
      if (!inFlight.has(operation) && !hasTried(run, operation)) asked += 1;
    }
  }
  if (asked !== ready.size) return false;
  // Calls of an earlier status were asked for first: where the first is of this front, all are.
  const { value: first } = inFlight.keys().next();
  return first !== undefined && first >= 0 && lookUp(ready, stepOf(definition, first)) === first;
}

/** The front after the state of one operation changed; `source` holds the new state. */
export function advanceFront(front: Front | undefined, source: Source, operation: number): Front | undefined {
  if (front === undefined) return undefined;
  const { definition, progress } = source;
  const { operations } = progress;
  const step = stepOf(definition, operation);
  if (front.status === 'submitted' && operations[operation] === 'f') return { ...front, operations, hasFailed: true };
  return isStepDone(definition, progress, step) ? stepDone(source, front, step) : { ...front, operations };
}

function stepDone({ definition, plan, progress }: Source, front: Front, step: number): Front {
  const { operations } = progress;
  const open = front.open - 1;
  if ((lookUp(front.waitsFor, step) ?? 0) > 0) return { ...front, operations, open };
  const edges = front.status === 'submitted' ? plan.after : plan.before;
  let ready = withoutEntry(front.ready, step);
  let { waitsFor } = front;
  const passing = [step];
  for (let next = passing.pop(); next !== undefined; next = passing.pop()) {
    const waiting = edges[next] ?? [];
    waitsFor = withEntries(waitsFor, waiting, oneLess);
    const freed: number[] = [];
    for (const other of waiting) {
      if ((lookUp(waitsFor, other) ?? 0) > 0) continue;
      (isStepDone(definition, progress, other) ? passing : freed).push(other);
    }
    ready = withEntries(ready, freed, (other) => turnOf(definition, front.status, other));
  }
  return { ...front, operations, open, ready, waitsFor };
}

const oneLess = (_: number, waits = 0) => waits - 1;

function turnOf({ type }: Definition, status: Front['status'], step: number): number {
  if (type !== 'saga') return step;
  return status === 'submitted' ? actionOf(step) : compensateOf(step);
}

/** The set to compensate is every step whose action is not `p`; the move to aborting has frozen it. */
function isStepDone({ type }: Definition, { status, operations }: Progress, step: number): boolean {
  if (type !== 'saga') return operations[step] === 's';
  if (status === 'submitted') return operations[actionOf(step)] === 's';
  return operations[compensateOf(step)] === 's' || (operations[actionOf(step)] ?? 'p') === 'p';
}
