import { type Store, StoreError, type Stuck, type Write, type WriteResult } from '../store/store.ts';
import type { Runtime } from './ports.ts';

export interface StuckEntry {
  readonly write: Write;
  /** Where it may be given up: who asked for it is told. */
  readonly giveUp: (() => void) | undefined;
}

export interface StuckParts<Entry extends StuckEntry> {
  readonly store: Pick<Store, 'commit'>;
  readonly runtime: Runtime;
  /** How long who asked for a write waits for it. */
  readonly patienceMs: number;
  /** @param isUnknown what became of an attempt before was not known */
  settled(entry: Entry, result: WriteResult, isUnknown: boolean): void;
  /** Surely not written; who asked is to be told. */
  givenUp(entry: Entry): void;
  /** A row cannot be written for longer than a moment, and why; undefined: it can again. */
  told(gid: string, reason: string | undefined): void;
  /** It lasts: somebody is to know. Rejects where that could not be noted; then it is tried again. */
  lasting(write: Write, reason: string): Promise<void>;
  lost(error: unknown): void;
  /** None is left. */
  emptied(): void;
}

/** The writes of one transaction, in their order: the first is tried, the others wait behind it. */
interface Chain<Entry> {
  readonly gid: string;
  readonly entries: Entry[];
  readonly sinceMs: number;
  reason: string;
  retryMs: number;
  /** The first may have been written. */
  isUnknown: boolean;
  isTold: boolean;
  isNoted: boolean;
}

const firstRetryMs = 50;
const lastRetryMs = 2000;
/** What lasts so long does not end by itself. */
const lastingMs = 10_000;
/** So many are tried at once: where a whole table is locked, the connections are left to others. */
const maxTrying = 2;

/**
 * Writes that the store could not do for the sake of their own row, such as a lock that somebody holds on it. They are
 * tried again by themselves, with pauses that grow, while the writes of all other transactions go on.
 */
export class StuckWrites<Entry extends StuckEntry> {
  readonly #parts: StuckParts<Entry>;
  readonly #chains = new Map<string, Chain<Entry>>();
  readonly #ready: Chain<Entry>[] = [];
  #trying = 0;
  #isStopped = false;

  constructor(parts: StuckParts<Entry>) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#chains.size === 0 && this.#trying === 0;
  }

  /** Transactions that have been told, and cannot be written yet. */
  get toldCount(): number {
    let count = 0;
    for (const { isTold } of this.#chains.values()) if (isTold) count += 1;
    return count;
  }

  /** @param isUnknown an attempt before may have been committed */
  add(entry: Entry, { stuck }: Stuck, isUnknown: boolean): void {
    const { gid } = entry.write;
    const sinceMs = this.#parts.runtime.monotonicMs();
    const isNew = { isTold: false, isNoted: false };
    const chain = { gid, entries: [entry], sinceMs, reason: stuck, retryMs: firstRetryMs, isUnknown, ...isNew };
    this.#chains.set(gid, chain);
    this.#later(chain);
  }

  /** Puts it behind those of its transaction. False: none of that is stuck. */
  addBehind(entry: Entry): boolean {
    const chain = this.#chains.get(entry.write.gid);
    chain?.entries.push(entry);
    return chain !== undefined;
  }

  /** No more is tried. Who waits for what was surely not written is told; what drivers write is left to a takeover. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.length = 0;
    for (const chain of this.#chains.values()) {
      for (const [index, entry] of chain.entries.entries()) {
        if (entry.giveUp !== undefined && !(index === 0 && chain.isUnknown)) this.#parts.givenUp(entry);
      }
    }
    this.#chains.clear();
  }

  #later(chain: Chain<Entry>): void {
    this.#parts.runtime.setTimer(chain.retryMs, () => {
      this.#ready.push(chain);
      this.#tryNext();
    });
    chain.retryMs = Math.min(chain.retryMs * 2, lastRetryMs);
  }

  #tryNext(): void {
    while (!this.#isStopped && this.#trying < maxTrying) {
      const chain = this.#ready.shift();
      const [entry] = chain?.entries ?? [];
      if (chain === undefined || entry === undefined) return;
      this.#trying += 1;
      this.#parts.store.commit([entry.write]).then(
        ([result = 'conflict']) => {
          this.#trying -= 1;
          if (!this.#isStopped) this.#answered(chain, entry, result);
          this.#goOn();
        },
        (error: unknown) => {
          this.#trying -= 1;
          if (!this.#isStopped) this.#failed(chain, entry, error);
          this.#goOn();
        },
      );
    }
  }

  #goOn(): void {
    this.#tryNext();
    if (this.isEmpty) this.#parts.emptied();
  }

  #answered(chain: Chain<Entry>, entry: Entry, result: WriteResult | Stuck): void {
    if (typeof result !== 'string') {
      // What an attempt before may have done is still not known: perhaps it is that one which holds the lock.
      chain.reason = result.stuck;
      this.#notYet(chain, entry);
      return;
    }
    this.#parts.settled(entry, result, chain.isUnknown);
    if (chain.isTold) this.#parts.told(chain.gid, undefined);
    chain.isTold = false;
    chain.isNoted = false;
    this.#takeOff(chain);
  }

  #failed(chain: Chain<Entry>, entry: Entry, error: unknown): void {
    if (!(error instanceof StoreError && ['unknown-outcome', 'not-done', 'full'].includes(error.code))) {
      this.#parts.lost(error);
      return;
    }
    chain.reason = error.message;
    if (error.code === 'unknown-outcome') chain.isUnknown = true;
    this.#notYet(chain, entry);
  }

  #notYet(chain: Chain<Entry>, entry: Entry): void {
    const waitedMs = this.#parts.runtime.monotonicMs() - chain.sinceMs;
    const isLate = waitedMs >= this.#parts.patienceMs;
    if (waitedMs >= lastingMs && !chain.isNoted) {
      chain.isNoted = true;
      // Such as a row that somebody has locked: no more can be noted on it than written.
      this.#parts.lasting(entry.write, chain.reason).catch(() => {
        chain.isNoted = false;
      });
    }
    if (isLate && !chain.isTold) {
      chain.isTold = true;
      this.#parts.told(chain.gid, chain.reason);
    }
    if (isLate && !chain.isUnknown && entry.giveUp !== undefined) {
      this.#parts.givenUp(entry);
      this.#takeOff(chain);
    } else {
      this.#later(chain);
    }
  }

  /** The first has ended. The next is tried at once: what held up the first may be over. */
  #takeOff(chain: Chain<Entry>): void {
    chain.entries.shift();
    chain.isUnknown = false;
    chain.retryMs = firstRetryMs;
    if (chain.entries.length > 0) this.#ready.push(chain);
    else this.#chains.delete(chain.gid);
  }
}
