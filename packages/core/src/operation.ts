import {
  type BranchOperation,
  type Definition,
  type OperationState,
  type Progress,
  registersBranches,
  type Transaction,
} from './transaction.ts';

/**
 * Operations are numbered in stored order, the order the wire shows them in. Saga: step i is operation 2i (compensate)
 * and 2i + 1 (action). Message: step i is operation i. Others: as registered, cancel before confirm, rollback before commit.
 */
export function operationCount(definition: Definition, branches: readonly BranchOperation[]): number {
  if (definition.type === 'saga') return definition.steps.length * 2;
  return definition.type === 'msg' ? definition.steps.length : branches.length;
}

/** The operation at this index, or undefined past the end. */
export function operationAt(
  definition: Definition,
  branches: readonly BranchOperation[],
  index: number,
): BranchOperation | undefined {
  if (registersBranches(definition.type)) return branches[index];
  const saga = definition.type === 'saga';
  const step = definition.steps[saga ? index >> 1 : index];
  if (step === undefined) return undefined;
  const forward = !saga || index % 2 === 1;
  return {
    branchId: step.branchId,
    op: forward ? 'action' : 'compensate',
    url: forward ? step.action : step.compensate,
    payload: step.payload,
  };
}

/** What the operation at this index is called, or undefined where there is none. */
export function operationName(
  { type, steps }: Definition,
  branches: readonly BranchOperation[],
  index: number,
): string | undefined {
  if (registersBranches(type)) return branches[index]?.op;
  if (type === 'msg') return steps[index] === undefined ? undefined : 'action';
  if (steps[index >> 1] === undefined) return undefined;
  return index % 2 === 1 ? 'action' : 'compensate';
}

/** All operations in stored order. */
export function operationsOf(transaction: Transaction): BranchOperation[] {
  const { definition, branches } = transaction;
  const all: BranchOperation[] = [];
  for (let index = 0; ; index += 1) {
    const operation = operationAt(definition, branches, index);
    if (operation === undefined) return all;
    all.push(operation);
  }
}

/** The step that an operation of a saga or a message belongs to. */
export function stepOf({ type }: Definition, operation: number): number {
  return type === 'saga' ? operation >> 1 : operation;
}

export const actionOf = (step: number): number => step * 2 + 1;
export const compensateOf = (step: number): number => step * 2;

/** Operations without a character are prepared: branches are registered without a progress write. */
export function stateOf(progress: Progress, operation: number): OperationState {
  return (progress.operations[operation] as OperationState | undefined) ?? 'p';
}

/** The states with one of them replaced. */
export function withState(operations: string, operation: number, state: OperationState): string {
  const padded = operations.padEnd(operation, 'p');
  return padded.slice(0, operation) + state + padded.slice(operation + 1);
}
