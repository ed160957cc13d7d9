import { RemoteError } from './judged.ts';

/** One connection to a server. */
export interface Session {
  /** It can be asked nothing more: the connection or the server is gone. */
  readonly isLost: boolean;
  /** Ends it in order. */
  end(): void;
  /** Ends it at once, and asks the server to end what it does for it. Nobody waits for that. */
  destroy(): void;
}

export interface PoolParts<S extends Session> {
  readonly size: number;
  /** @throws RemoteError `unreached` */
  readonly connect: () => Promise<S>;
}

interface Waiting<S> {
  readonly take: (session: S) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Who has less of its time left when it gets a connection leaves it to the next one: a server that is slow would not answer
 * in the rest, the connection would be destroyed, and a new one would come as late.
 */
const leastShare = 0.5;

/**
 * A few connections, each with one call at a time. What does not answer in time is of unknown outcome, and its connection
 * is destroyed: nothing is ever asked of a connection that owes an answer.
 */
export class Pool<S extends Session> {
  readonly #parts: PoolParts<S>;
  readonly #idle: S[] = [];
  readonly #all = new Set<S>();
  readonly #waiting: Waiting<S>[] = [];
  #connecting = 0;
  #isClosed = false;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Of the calls under way. */
  readonly #cuts = new Map<S, (why: string) => void>();

  constructor(parts: PoolParts<S>) {
    this.#parts = parts;
  }

  /** @throws RemoteError; `unreached` where no connection was to be had in half of that time, `unknown` where it did not answer */
  async use<T>(limitMs: number, work: (session: S) => Promise<T>): Promise<T> {
    const untilMs = performance.now() + limitMs;
    const session = await this.#take(limitMs);
    const leftMs = untilMs - performance.now();
    if (leftMs < limitMs * leastShare) {
      this.#giveBack(session);
      throw hadLate(limitMs - leftMs);
    }
    const answer = this.#within(session, leftMs, work(session));
    this.#underWay.add(answer);
    return answer.finally(() => this.#underWay.delete(answer));
  }

  /**
   * All connections go. Those in use end with their call; or they are cut, and the outcome of the call is unknown: nothing
   * that the server still answers counts.
   */
  drop(inUse: 'idle' | 'cut'): void {
    const idle = this.#idle.splice(0);
    for (const session of this.#all) this.#all.delete(session);
    for (const session of idle) session.end();
    if (inUse === 'cut') for (const cut of [...this.#cuts.values()]) cut('the database is used at another host now');
  }

  /** Waits for the calls under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(closed());
    this.drop('idle');
    await Promise.allSettled(this.#underWay);
  }

  #take(limitMs: number): Promise<S> {
    if (this.#isClosed) return Promise.reject(closed());
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.isLost) return Promise.resolve(session);
      this.#forget(session);
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting<S> = {
        take: (session) => {
          clearTimeout(timer);
          resolve(session);
        },
        refuse: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(noneFree(limitMs));
      }, limitMs);
      this.#waiting.push(waiting);
      this.#connectIfNeeded();
    });
  }

  #connectIfNeeded(): void {
    if (this.#connecting >= this.#waiting.length || this.#all.size + this.#connecting >= this.#parts.size) return;
    this.#connecting += 1;
    this.#parts.connect().then(
      (session) => {
        this.#connecting -= 1;
        if (this.#isClosed) {
          session.end();
          return;
        }
        this.#all.add(session);
        this.#giveBack(session);
      },
      (error: unknown) => {
        this.#connecting -= 1;
        // Others may still get one that is in use; without any they would all wait for the same.
        const refused = this.#all.size === 0 ? this.#waiting.splice(0) : this.#waiting.splice(0, 1);
        for (const { refuse } of refused) refuse(error);
      },
    );
  }

  #giveBack(session: S): void {
    if (!this.#all.has(session)) {
      session.end();
    } else if (session.isLost) {
      this.#forget(session);
    } else {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(session);
      else next.take(session);
      return;
    }
    this.#connectIfNeeded();
  }

  #forget(session: S): void {
    this.#all.delete(session);
    session.destroy();
  }

  #within<T>(session: S, limitMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#cuts.delete(session);
      };
      const cut = (why: string) => {
        end();
        this.#forget(session);
        this.#connectIfNeeded();
        reject(new RemoteError('unknown', why));
      };
      const timer = setTimeout(() => cut(`the database has not answered for ${Math.round(limitMs)} ms`), limitMs);
      this.#cuts.set(session, cut);
      work.then(
        (result) => {
          // After a cut the answer does not count.
          if (this.#cuts.get(session) !== cut) return;
          end();
          this.#giveBack(session);
          resolve(result);
        },
        (error: unknown) => {
          if (this.#cuts.get(session) !== cut) return;
          end();
          if (error instanceof RemoteError && error.judgement === 'unknown') {
            this.#forget(session);
            this.#connectIfNeeded();
          } else {
            this.#giveBack(session);
          }
          reject(error);
        },
      );
    });
  }
}

const closed = () => new RemoteError('unreached', 'the store is closed');
const noneFree = (limitMs: number) =>
  new RemoteError('unreached', `no connection to the database was free for ${limitMs} ms`);
const hadLate = (ms: number) =>
  new RemoteError('unreached', `a connection to the database was had after ${Math.round(ms)} ms only`);
