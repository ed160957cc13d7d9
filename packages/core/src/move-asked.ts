import { apply } from './apply.ts';
import { decide } from './decide.ts';
import type { Fact } from './fact.ts';
import type { InFlight } from './operator.ts';
import type { Transaction } from './transaction.ts';

/** The move that an operator's decision calls for now, which its driver makes durable in one write with the decision. */
export function moveAsked(
  transaction: Transaction,
  inFlight: InFlight,
  atMs: number,
): Extract<Fact, { kind: 'moved' }> | undefined {
  const decision = decide(transaction, inFlight, atMs);
  if (decision.kind !== 'move' || decision.rule !== 'rollback-asked') return undefined;
  return { kind: 'moved', to: decision.to, reason: decision.reason, atMs };
}

export function withMoveAsked(transaction: Transaction, inFlight: InFlight, atMs: number): Transaction {
  const move = moveAsked(transaction, inFlight, atMs);
  return move === undefined ? transaction : apply(transaction, move);
}
