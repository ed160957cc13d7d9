import type { Bank } from './bank.ts';
import { Barrier, type BranchIdentity, type Passage } from './barrier.ts';

export interface Order {
  readonly owner: string;
  readonly amount: number;
}

type Operation = (bank: Bank, order: Order, call: BranchIdentity) => void;

const withdraw: Operation = (bank, { owner, amount }, { gid, op }) => bank.post(owner, -amount, gid, op);
const deposit: Operation = (bank, { owner, amount }, { gid, op }) => bank.post(owner, amount, gid, op);
const nothing: Operation = () => undefined;

/** What the bank offers to transactions: the path and what it does, always behind the barrier. */
const operations: Readonly<Record<string, Operation>> = {
  '/saga/withdraw': withdraw,
  '/saga/withdraw/undo': deposit,
  '/saga/deposit': deposit,
  '/saga/deposit/undo': withdraw,
  '/message/deposit': deposit,
  '/tcc/withdraw/try': (bank, { owner, amount }, { gid, op }) => bank.freeze(owner, amount, gid, op),
  '/tcc/withdraw/confirm': (bank, { owner, amount }) => bank.spendFrozen(owner, amount),
  '/tcc/withdraw/cancel': (bank, { owner, amount }, { gid, op }) => bank.unfreeze(owner, amount, gid, op),
  // A deposit needs nothing set aside: that the account exists is promised by answering, confirm pays, cancel forgets.
  '/tcc/deposit/try': (bank, { owner }) => void bank.balanceOf(owner),
  '/tcc/deposit/confirm': deposit,
  '/tcc/deposit/cancel': nothing,
};

export function isOperation(path: string): boolean {
  return Object.hasOwn(operations, path);
}

/** @throws Refused by the business; then nothing was changed */
export function operate(bank: Bank, path: string, order: Order, call: BranchIdentity): Passage {
  const operation = operations[path];
  if (operation === undefined) throw new Error(`no operation ${path}`);
  return new Barrier(bank.db, call).run(() => operation(bank, order, call));
}
