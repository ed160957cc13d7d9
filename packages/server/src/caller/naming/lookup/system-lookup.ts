import { lookup } from 'node:dns';

/** Of the threads that look up names, which all of node shares, this many are used here. */
const mostAtOnce = 1;
/** More of them are told that the system knows nothing. */
const mostQueued = 1000;

/** Tells the addresses; none where there are none, whyever. */
type SystemsOwn = (host: string, done: (addresses: readonly string[]) => void) => void;

const getaddrinfo: SystemsOwn = (host, done) => {
  // DNS has said already why there is none.
  lookup(host, { all: true }, (error, found) => done(error === null ? found.map(({ address }) => address) : []));
};

interface Queued {
  readonly host: string;
  isWanted(): boolean;
  done(addresses: readonly string[]): void;
}

/**
 * The system's own way (getaddrinfo), for names that only it knows, such as those of mDNS or LDAP. It can neither be
 * cancelled nor bounded in time, so few are under way and the rest waits; who came last is next.
 */
export class SystemLookup {
  readonly #lookup: SystemsOwn;
  readonly #queue: Queued[] = [];
  #underWay = 0;

  constructor(system: SystemsOwn = getaddrinfo) {
    this.#lookup = system;
  }

  /** @param isWanted false: nobody waits for the answer any more. Resolves with nothing where the system knows none. */
  find(host: string, isWanted: () => boolean): Promise<readonly string[]> {
    return new Promise((done) => {
      this.#queue.push({ host, isWanted, done });
      if (this.#queue.length > mostQueued) this.#queue.shift()?.done([]);
      this.#next();
    });
  }

  #next(): void {
    while (this.#underWay < mostAtOnce) {
      const next = this.#queue.pop();
      if (next === undefined) return;
      if (next.isWanted()) this.#ask(next);
      else next.done([]);
    }
  }

  #ask({ host, done }: Queued): void {
    this.#underWay += 1;
    this.#lookup(host, (addresses) => {
      this.#underWay -= 1;
      done(addresses);
      this.#next();
    });
  }
}
