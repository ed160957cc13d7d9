import { operationCount } from './operation.ts';
import { planOf } from './plan.ts';
import {
  type BranchOperation,
  type Defaults,
  type Definition,
  emptyRun,
  type Progress,
  type Transaction,
} from './transaction.ts';

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
    dueMs: createdMs + plan.retryIntervalMs,
    submittedMs: status === 'submitted' ? createdMs : 0,
    updatedMs: createdMs,
    finishedMs: 0,
    incident: '',
    reason: '',
  };
  return { definition, plan, branches: [], progress, run: emptyRun };
}

/** A transaction as it was stored. */
export function restoreTransaction(
  definition: Definition,
  branches: readonly BranchOperation[],
  progress: Progress,
  defaults: Defaults,
): Transaction {
  return { definition, plan: planOf(definition, defaults), branches, progress, run: emptyRun };
}
