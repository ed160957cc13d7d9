import { queryOperation } from './fact.ts';
import { advanceFront, frontOf } from './front.ts';
import { operationName, withState } from './operation.ts';
import type { OperationState, Progress, Transaction, TransactionType } from './transaction.ts';

/** The transaction with one operation in another state. The operation exists. */
export function mark(transaction: Transaction, operation: number, state: OperationState): Transaction {
  const { progress } = transaction;
  const operations = withState(progress.operations, operation, state);
  return marked(transaction, operation, { ...progress, operations });
}

/** The transaction with that progress, in which one operation has another state than before. */
export function marked(transaction: Transaction, operation: number, progress: Progress): Transaction {
  const { definition, plan, branches, run } = transaction;
  const front = advanceFront(frontOf(transaction), { definition, plan, progress }, operation);
  return { definition, plan, branches, progress, run, front };
}

/**
 * Whether the status calls for this operation. What comes for another one is recorded and changes nothing: above all a
 * forward result after the decision to roll back changes nothing about what is compensated.
 */
export function isExpected({ definition, branches, progress }: Transaction, operation: number): boolean {
  if (operation === queryOperation) return asksQuery(definition.type) && progress.status === 'prepared';
  switch (operationName(definition, branches, operation)) {
    case 'action':
    case 'confirm':
    case 'commit':
      return progress.status === 'submitted';
    case 'compensate':
    case 'cancel':
    case 'rollback':
      return progress.status === 'aborting';
    default:
      return false;
  }
}

const asksQuery = (type: TransactionType) => type === 'msg' || type === 'workflow';
