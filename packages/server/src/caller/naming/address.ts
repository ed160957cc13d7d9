/** One place where a service is found. */
export interface Address {
  /** What stands before the path: `http://10.0.0.1:8080/base`, or `10.0.0.1:8080` where the call says how. */
  readonly base: string;
  /** The Host of HTTP calls there; empty: that of `base`. */
  readonly authority: string;
  /** The lowest is tried first; others are for when it cannot be reached. */
  readonly priority: number;
  /** Its share of the calls among those of the same priority. */
  readonly weight: number;
}

/** Whether an address says that it is called by HTTP. */
export function isHttp(base: string): boolean {
  return /^https?:\/\//i.test(base);
}

/**
 * Addresses in the order in which one call tries them: by priority; among those of one priority round robin where all
 * have the same weight, else by chance in proportion to their weights (RFC 2782).
 * @param turn counts the calls: each begins one further
 * @param random 0 <= x < 1
 */
export function orderOf(addresses: readonly Address[], turn: number, random: () => number): readonly Address[] {
  const priorities = [...new Set(addresses.map(({ priority }) => priority))].sort((left, right) => left - right);
  return priorities.flatMap((priority) => {
    const group = addresses.filter((address) => address.priority === priority);
    const isEven = group.every(({ weight }) => weight === group[0]?.weight);
    return isEven ? rotated(group, turn) : byWeight(group, random);
  });
}

function rotated(group: readonly Address[], turn: number): readonly Address[] {
  const first = turn % group.length;
  return [...group.slice(first), ...group.slice(0, first)];
}

/** What has no weight beside others that have one is for when those cannot be reached. */
function byWeight(group: readonly Address[], random: () => number): readonly Address[] {
  const left = [...group];
  const order: Address[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = random() * total;
    let sum = 0;
    const index = left.findIndex(({ weight }) => {
      sum += weight;
      return sum > chosen;
    });
    order.push(...left.splice(Math.max(index, 0), 1));
  }
  return order;
}

/** The addresses of one name, and whose turn it is. */
export class Rotation {
  readonly addresses: readonly Address[];
  #turn: number;

  /** @param turn where an earlier list of the same name had got to */
  constructor(addresses: readonly Address[], turn = 0) {
    this.addresses = addresses;
    this.#turn = turn;
  }

  get turn(): number {
    return this.#turn;
  }

  /** The addresses in the order for the next call. */
  next(random: () => number): readonly Address[] {
    const order = orderOf(this.addresses, this.#turn, random);
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return order;
  }
}
