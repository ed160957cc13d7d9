import type { Decision } from './decision.ts';
import type { InFlight } from './operator.ts';
import { decideSecondPhase, type SecondPhase } from './second-phase.ts';
import type { Transaction } from './transaction.ts';

const phase: SecondPhase = { forward: 'confirm', backward: 'cancel', order: 'last-to-first' };

/** Confirms or cancels from the last registered branch to the first. */
export function decideTcc(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  return decideSecondPhase(phase, transaction, inFlight, nowMs);
}
