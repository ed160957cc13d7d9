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

const take: Business = (account, amount) => {
  if (account.balance < amount) return false;
  account.balance -= amount;
  return true;
};
const give: Business = (account, amount) => {
  account.balance += amount;
  return true;
};
const takeBack: Business = (account, amount) => {
  account.balance -= amount;
  return true;
};

/** What is reserved first, and then taken or given for good, or not. */
const reserving = {
  out: {
    reserve: (account, amount) => {
      if (!take(account, amount)) return false;
      account.frozen += amount;
      return true;
    },
    keep: (account, amount) => {
      account.frozen -= amount;
      return true;
    },
    release: (account, amount) => {
      account.frozen -= amount;
      return give(account, amount);
    },
  },
  in: {
    reserve: (account, amount) => {
      account.pending += amount;
      return true;
    },
    keep: (account, amount) => {
      account.pending -= amount;
      return give(account, amount);
    },
    release: (account, amount) => {
      account.pending -= amount;
      return true;
    },
  },
} as const satisfies Record<string, Record<'reserve' | 'keep' | 'release', Business>>;

/** What each route does; false: it refuses, and nothing happened. Both phases of xa come to one route, told apart by the op. */
const routes: Readonly<Record<string, Business>> = {
  '/out': take,
  '/out-undo': give,
  '/in': give,
  '/in-undo': takeBack,
  '/out-try': reserving.out.reserve,
  '/out-confirm': reserving.out.keep,
  '/out-cancel': reserving.out.release,
  '/in-try': reserving.in.reserve,
  '/in-confirm': reserving.in.keep,
  '/in-cancel': reserving.in.release,
  '/xa-out action': reserving.out.reserve,
  '/xa-out commit': reserving.out.keep,
  '/xa-out rollback': reserving.out.release,
  '/xa-in action': reserving.in.reserve,
  '/xa-in commit': reserving.in.keep,
  '/xa-in rollback': reserving.in.release,
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
  /** xa: what is prepared in the database and waits for phase 2, which comes without content. */
  readonly #prepared = new Map<string, BankOrder>();
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
    const order = this.#orderOf(request);
    // An xa branch of which the database knows nothing: there is nothing to end.
    if (order === undefined) return success;
    const account = this.#accounts.get(order.account);
    const business = routes[routeOf(request)];
    if (account === undefined || business === undefined) return failure('no such account or route');
    const isForward = request.op === 'action' || request.op === 'try';
    if (order.refuse && isForward) return failure('refused');
    if (!business(account, order.amount)) return failure('insufficient funds');
    if (request.type === 'xa') this.#keep(request, order);
    this.effects.push({ gid: request.gid, branchId: request.branchId, op: request.op });
    return success;
  }

  #orderOf({ gid, branchId, type, op, payload }: ServiceRequest): BankOrder | undefined {
    return type === 'xa' && op !== 'action' ? this.#prepared.get(`${gid}/${branchId}`) : JSON.parse(payload);
  }

  #keep({ gid, branchId, op }: ServiceRequest, order: BankOrder): void {
    if (op === 'action') this.#prepared.set(`${gid}/${branchId}`, order);
    else this.#prepared.delete(`${gid}/${branchId}`);
  }
}

function routeOf({ url, type, op }: ServiceRequest): string {
  return type === 'xa' ? `${pathOf(url)} ${op}` : pathOf(url);
}
