import { isFinal, type Status, type TransactionType } from './transaction.ts';

type Moves = Readonly<Record<Status, readonly Status[]>>;

const twoPhase: Moves = {
  prepared: ['submitted', 'aborting'],
  submitted: ['succeed'],
  aborting: ['failed'],
  succeed: [],
  failed: [],
};

const legalMoves: Readonly<Record<TransactionType, Moves>> = {
  saga: {
    prepared: ['submitted', 'failed'],
    submitted: ['succeed', 'aborting'],
    aborting: ['failed'],
    succeed: [],
    failed: [],
  },
  msg: { prepared: ['submitted', 'failed'], submitted: ['succeed'], aborting: [], succeed: [], failed: [] },
  tcc: twoPhase,
  xa: twoPhase,
  workflow: { prepared: ['succeed', 'failed'], submitted: [], aborting: [], succeed: [], failed: [] },
};

/** Whether the table in transaction.ts allows the move. An operator's stop may fail whatever is not final. */
export function isLegalMove(type: TransactionType, from: Status, to: Status): boolean {
  return legalMoves[type][from].includes(to);
}

/** Whether an operator may stop it now. */
export function isStoppable(status: Status): boolean {
  return !isFinal(status);
}
