import type { Decision } from './decision.ts';
import type { InFlight } from './operator.ts';
import { decideSecondPhase, type SecondPhase } from './second-phase.ts';
import type { Transaction } from './transaction.ts';

const phase: SecondPhase = { forward: 'commit', backward: 'rollback', order: 'first-to-last' };

/** Commits or rolls back what the branches have prepared in their databases, from the first registered to the last. */
export function decideXa(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  return decideSecondPhase(phase, transaction, inFlight, nowMs);
}

/** The branches of which neither phase 2 has succeeded: their databases may hold them prepared. */
export function branchesLeftPrepared({ branches, progress }: Pick<Transaction, 'branches' | 'progress'>): string[] {
  const ended = new Set(
    branches.filter((_, index) => progress.operations[index] === 's').map(({ branchId }) => branchId),
  );
  return [...new Set(branches.map(({ branchId }) => branchId))].filter((branchId) => !ended.has(branchId));
}
