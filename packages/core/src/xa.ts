import type { Decision } from './decision.ts';
import { decideSecondPhase, type SecondPhase } from './second-phase.ts';
import type { Transaction } from './transaction.ts';

const phase: SecondPhase = { forward: 'commit', backward: 'rollback', order: 'first-to-last' };

/** Commits or rolls back what the branches have prepared in their databases, from the first registered to the last. */
export function decideXa(transaction: Transaction, inFlight: ReadonlySet<number>, nowMs: number): Decision {
  return decideSecondPhase(phase, transaction, inFlight, nowMs);
}
