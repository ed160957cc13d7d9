import { queryOperation } from './fact.ts';
import { advanceFront, frontOf } from './front.ts';
import { hasOperation, operationAt, withState } from './operation.ts';
import type { OperationState, Transaction, TransactionType } from './transaction.ts';

/** The transaction with one operation in another state. The operation exists. */
export function mark(transaction: Transaction, operation: number, state: OperationState): Transaction {
  const operations = withState(transaction.progress.operations, operation, state);
  const marked = { ...transaction, progress: { ...transaction.progress, operations } };
  return { ...marked, front: advanceFront(frontOf(transaction), marked, operation) };
}

/**
 * Whether the status calls for this operation. What comes for another one is recorded and changes nothing: above all a
 * forward result after the decision to roll back changes nothing about what is compensated.
 */
export function isExpected({ definition, branches, progress }: Transaction, operation: number): boolean {
  if (operation === queryOperation) return asksQuery(definition.type) && progress.status === 'prepared';
  if (!hasOperation(definition, branches, operation)) return false;
  switch (operationAt(definition, branches, operation)?.op) {
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
