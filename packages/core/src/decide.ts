import type { Decision } from './decision.ts';
import { decideMessage } from './message.ts';
import type { InFlight } from './operator.ts';
import { decideSaga } from './saga.ts';
import { decideTcc } from './tcc.ts';
import { isFinal, type Transaction } from './transaction.ts';
import { decideWorkflow } from './workflow.ts';
import { decideXa } from './xa.ts';

/** What to do next. Pure and total. `inFlight` holds the operations whose call has no answer yet. */
export function decide(transaction: Transaction, inFlight: InFlight, nowMs: number): Decision {
  if (isFinal(transaction.progress.status)) return { kind: 'rest', rule: 'final' };
  const { type } = transaction.definition;
  switch (type) {
    case 'saga':
      return decideSaga(transaction, inFlight, nowMs);
    case 'msg':
      return decideMessage(transaction, inFlight, nowMs);
    case 'tcc':
      return decideTcc(transaction, inFlight, nowMs);
    case 'xa':
      return decideXa(transaction, inFlight, nowMs);
    case 'workflow':
      return decideWorkflow(transaction, inFlight, nowMs);
    default:
      return type satisfies never;
  }
}
