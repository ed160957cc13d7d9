import { firstDue } from './deadline.ts';
import { deriveFront } from './front.ts';
import { operationCount } from './operation.ts';
import { planOf } from './plan.ts';
import { emptyRun } from './run.ts';
import type { BranchOperation, Defaults, Definition, Plan, Progress, Transaction } from './transaction.ts';

/**
 * A new transaction, prepared or submitted at once.
 * @throws HoldfastError INVALID_INPUT where custom_data cannot be followed
 */
export function createTransaction(
  definition: Definition,
  status: 'prepared' | 'submitted',
  defaults: Defaults,
): Transaction {
  const plan = planOf(definition, defaults);
  const { createdMs } = definition;
  const progress: Progress = {
    status,
    operations: 'p'.repeat(operationCount(definition, [])),
    retries: {},
    attempts: [],
    attemptCount: 0,
    intervalMs: plan.retryIntervalMs,
    dueMs: createdMs,
    submittedMs: status === 'submitted' ? createdMs : 0,
    updatedMs: createdMs,
    finishedMs: 0,
    incident: '',
    reason: '',
  };
  const dueMs = firstDue({ definition, plan, progress }, createdMs);
  return restored(definition, plan, [], { ...progress, dueMs });
}

/**
 * A transaction as it was stored.
 * @throws HoldfastError INVALID_INPUT where the stored custom_data cannot be followed
 */
export function restoreTransaction(
  definition: Definition,
  branches: readonly BranchOperation[],
  progress: Progress,
  defaults: Defaults,
): Transaction {
  return restored(definition, planOf(definition, defaults, Number.POSITIVE_INFINITY), branches, progress);
}

function restored(
  definition: Definition,
  plan: Plan,
  branches: readonly BranchOperation[],
  progress: Progress,
): Transaction {
  const front = deriveFront({ definition, plan, progress });
  return { definition, plan, branches, progress, run: emptyRun, front };
}
