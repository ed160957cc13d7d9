import { Barrier } from './barrier.ts';
import { failure, pathOf, type Service, type ServiceAnswer, type ServiceRequest, success } from './request.ts';

/** What a branch asks of a bank. `refuse`: the bank says no whenever it is asked to do it. */
export interface BankOrder {
  readonly account: string;
  readonly amount: number;
  readonly refuse: boolean;
}

interface Account {
  balance: number;
  /** Taken off the balance by a try, until confirm or cancel. */
  frozen: number;
  /** Promised by a try, until confirm or cancel. */
  pending: number;
}

/** One thing that really happened to an account. */
export interface Effect {
  readonly gid: string;
  readonly branchId: string;
  readonly op: string;
}

type Business = (account: Account, amount: number) => boolean;

/** What each route does; false: it refuses, and nothing happened. */
const routes: Readonly<Record<string, Business>> = {
  '/out': (account, amount) => {
    if (account.balance < amount) return false;
    account.balance -= amount;
    return true;
  },
  '/out-undo': (account, amount) => {
    account.balance += amount;
    return true;
  },
  '/in': (account, amount) => {
    account.balance += amount;
    return true;
  },
  '/in-undo': (account, amount) => {
    account.balance -= amount;
    return true;
  },
  '/out-try': (account, amount) => {
    if (account.balance < amount) return false;
    account.balance -= amount;
    account.frozen += amount;
    return true;
  },
  '/out-confirm': (account, amount) => {
    account.frozen -= amount;
    return true;
  },
  '/out-cancel': (account, amount) => {
    account.frozen -= amount;
    account.balance += amount;
    return true;
  },
  '/in-try': (account, amount) => {
    account.pending += amount;
    return true;
  },
  '/in-confirm': (account, amount) => {
    account.pending -= amount;
    account.balance += amount;
    return true;
  },
  '/in-cancel': (account, amount) => {
    account.pending -= amount;
    return true;
  },
  /** Does nothing: for branches that are told, but never tried. */
  '/note': () => true,
};

export const openingBalance = 1000;

/** A bank with accounts and, if it has one, a barrier table in the same database. */
export class Bank implements Service {
  readonly hasBarrier: boolean;
  readonly effects: Effect[] = [];
  readonly #barrier = new Barrier();
  readonly #accounts = new Map<string, Account>();
  readonly #noticed: (what: string) => void;

  /** @param noticed told what the barrier kept away */
  constructor(hasBarrier: boolean, accounts: readonly string[], noticed: (what: string) => void) {
    this.hasBarrier = hasBarrier;
    this.#noticed = noticed;
    for (const name of accounts) this.#accounts.set(name, { balance: openingBalance, frozen: 0, pending: 0 });
  }

  /** Balances and what is frozen; what is pending is promised, not there. */
  get total(): number {
    let sum = 0;
    for (const { balance, frozen } of this.#accounts.values()) sum += balance + frozen;
    return sum;
  }

  handle(request: ServiceRequest): ServiceAnswer {
    if (!this.hasBarrier) return this.#perform(request);
    const { verdict, undo } = this.#barrier.enter(request);
    if (verdict !== 'run') {
      this.#noticed(verdict);
      return success;
    }
    const answer = this.#perform(request);
    if (answer.statusCode !== 200) undo();
    return answer;
  }

  #perform(request: ServiceRequest): ServiceAnswer {
    const { account: name, amount, refuse }: BankOrder = JSON.parse(request.payload);
    const account = this.#accounts.get(name);
    const business = routes[pathOf(request.url)];
    if (account === undefined || business === undefined) return failure('no such account or route');
    const isForward = request.op === 'action' || request.op === 'try';
    if (refuse && isForward) return failure('refused');
    if (!business(account, amount)) return failure('insufficient funds');
    this.effects.push({ gid: request.gid, branchId: request.branchId, op: request.op });
    return success;
  }
}
