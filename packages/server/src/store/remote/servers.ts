import type { HostEvents } from '../capabilities.ts';
import { StoreError } from '../store.ts';
import { type Host, nameOf } from './address.ts';
import { choose, type Look, rivals } from './choice.ts';
import { RemoteError } from './judged.ts';
import type { Session } from './pool.ts';
import type { Stand } from './stand.ts';

export interface ServersParts<S extends Session> {
  readonly hosts: readonly Host[];
  /** The name is resolved anew with each attempt. @throws RemoteError */
  readonly connect: (host: Host) => Promise<S>;
  /** @throws RemoteError */
  readonly look: (session: S) => Promise<Stand>;
  /** Writes, and resolves when that is durable. @throws RemoteError */
  readonly ping: (session: S) => Promise<void>;
  /** Writes down that its line is followed from now on. False: somebody else has written there meanwhile. @throws RemoteError */
  readonly follow: (session: S, stand: Stand) => Promise<boolean>;
  /** How long a server may take for each of these. */
  readonly limitMs: number;
  /** Another host, or another line of writes, is used from now on: calls to the one before are to end. */
  readonly moved: () => void;
}

/** What is used. */
interface InUse {
  readonly host: Host;
  readonly line: string;
  readonly startedMs: number;
}

type Visit<S> = Look & { readonly session: S | undefined };

/** A server that says that it started so much earlier or later than before has been started anew. */
const startedAnewMs = 2000;
const firstPauseMs = 50;
const lastPauseMs = 1000;
/** How often all hosts are looked at while nothing is wrong. */
const lookEveryMs = 5000;
/** An incident is over when so many looks in a row have not seen it. */
const goneAfterLooks = 2;
/** How often a line that others write down at the same time is tried for at once. */
const tries = 3;

/**
 * Which of several hosts takes the writes of this coordinator, for all its connections (decision 0035). While none can,
 * attempts have pauses between them that grow; whoever asks in a pause is refused at once.
 */
export class Servers<S extends Session> {
  readonly #parts: ServersParts<S>;
  #events: HostEvents = { warned: () => undefined, split: () => undefined };
  #inUse: InUse | undefined;
  #term = 0;
  #own: { readonly incarnation: string; readonly count: number } | undefined;
  #incident: string | undefined;
  /** Told last: the right host may lose what it acknowledges. */
  #fault: string | undefined;
  /** How many looks in a row have not seen it. */
  #unseen = 0;
  #pauseMs = 0;
  #notBeforeMs = 0;
  #refusal: RemoteError | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ServersParts<S>) {
    this.#parts = parts;
  }

  /** The host in use, for people. */
  get name(): string {
    return this.#inUse === undefined ? '' : nameOf(this.#inUse.host);
  }

  /** From now on these are told; of an incident that has begun at once. */
  watch(events: HostEvents): void {
    this.#events = events;
    if (this.#incident !== undefined) events.split(this.#incident);
  }

  /** A heartbeat of this coordinator was acknowledged. */
  beaten(incarnation: string, count: number): void {
    this.#own = { incarnation, count };
  }

  /** A connection to the host that takes writes. @throws RemoteError `unreached` */
  async connect(): Promise<S> {
    if (this.#refusal !== undefined && performance.now() < this.#notBeforeMs) throw this.#refusal;
    if (this.#inUse !== undefined) {
      const session = await this.#enter(this.#inUse);
      if (!(session instanceof RemoteError)) return session;
    }
    await this.lookAround();
    if (this.#inUse === undefined) throw new RemoteError('unreached', 'no host is used');
    const session = await this.#enter(this.#inUse);
    if (session instanceof RemoteError) throw this.#refuse(session.message);
    return session;
  }

  /** Looks at all hosts, and chooses. @throws RemoteError `unreached` where none can be used */
  lookAround(): Promise<void> {
    this.#looking ??= this.#lookAround().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /**
   * Looks at the hosts that are not used, and at all where these tell something new: the database in use is asked for no
   * more than its heartbeat.
   */
  async lookBeside(): Promise<void> {
    const inUse = this.#inUse;
    if (inUse !== undefined && this.#incident === undefined) {
      const others = this.#parts.hosts.filter((host) => host !== inUse.host);
      const visits = await Promise.all(others.map((host) => this.#visit(host)));
      for (const { session } of visits) session?.end();
      if (!visits.some((visit) => 'stand' in visit && this.#isNew(visit.stand, inUse))) return;
    }
    await this.lookAround();
  }

  #isNew(stand: Stand, { line }: InUse): boolean {
    const term = termOf(stand);
    return term > this.#term || (stand.isWritable && (stand.line !== line || term !== this.#term));
  }

  /** From now on all hosts are looked at from time to time, where there are several. */
  open(): void {
    this.close();
    if (this.#parts.hosts.length < 2) return;
    const again = () => {
      const before = this.#refusal;
      // What is wrong is told to whoever asks for a connection, after a try of its own.
      const looked = this.lookBeside().catch(() => {
        if (before === undefined) this.#refusal = undefined;
      });
      void looked.then(() => {
        if (this.#timer !== undefined) this.#timer = setTimeout(again, lookEveryMs * (0.9 + Math.random() / 5)).unref();
      });
    };
    this.#timer = setTimeout(again, lookEveryMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * A new connection to what is used, if it is so still. A server that was away and is back may have been replaced
   * meanwhile, and tells nothing of that: the other hosts may.
   */
  async #enter({ host, line, startedMs }: InUse): Promise<S | RemoteError> {
    const visit = await this.#visit(host);
    if (!('stand' in visit)) return new RemoteError('unreached', `${nameOf(host)}: ${visit.failure}`);
    const { stand, session } = visit;
    const isSame = this.#parts.hosts.length < 2 || Math.abs(stand.startedMs - startedMs) < startedAnewMs;
    const isUsable =
      stand.isWritable && stand.fault === undefined && stand.line === line && termOf(stand) >= this.#term;
    if (session !== undefined && isSame && isUsable) return session;
    session?.end();
    return new RemoteError('moved', `${nameOf(host)}: it does not take these writes any more`);
  }

  async #lookAround(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const visits = await Promise.all(this.#parts.hosts.map((host) => this.#visit(host)));
      try {
        if (await this.#decide(visits, attempt > 1)) return;
      } finally {
        for (const { session } of visits) session?.end();
      }
      if (attempt >= tries) throw this.#refuse('other coordinators are just choosing another host');
    }
  }

  /**
   * @param isSecond what is seen was seen before, or follows from a change of the data
   * @returns false: the data may have changed meanwhile
   */
  async #decide(visits: readonly Visit<S>[], isSecond: boolean): Promise<boolean> {
    const known = { host: this.#inUse?.host, term: this.#term, own: this.#own };
    const looks = await this.#tested(visits, rivals(visits, known));
    const { chosen, refusal, fault, incident, loss } = choose(looks, known);
    // The hosts are not seen at the same moment: a replica may already tell what its primary did not yet.
    if (incident !== undefined && this.#incident === undefined && !isSecond) return false;
    this.#tell(incident);
    if (fault !== undefined && fault !== this.#fault) this.#events.warned(`the database is not used: ${fault}`);
    this.#fault = fault;
    this.#term = Math.max(this.#term, ...looks.map((look) => ('stand' in look ? termOf(look.stand) : 0)));
    if (chosen === undefined) {
      const isRefused = looks.some((look) => look.host === this.#inUse?.host && 'stand' in look);
      if (isRefused) this.#use(undefined);
      throw this.#refuse(refusal, fault === undefined ? undefined : new StoreError('unsafe', fault));
    }
    const { host, stand } = chosen;
    if (!(await this.#followTo(visits.find((visit) => visit.host === host)?.session, stand))) return false;
    if (loss !== undefined) this.#events.warned(loss);
    this.#pauseMs = 0;
    this.#refusal = undefined;
    this.#use({ host, line: stand.line, startedMs: stand.startedMs });
    return true;
  }

  /** Where several may be used, each must acknowledge a write: it may wait for a replica that was promoted meanwhile. */
  #tested(visits: readonly Visit<S>[], asked: readonly Host[]): Promise<readonly Look[]> {
    return Promise.all(
      visits.map(async (visit): Promise<Look> => {
        const { host, session } = visit;
        if (session === undefined || !asked.includes(host)) return visit;
        try {
          await this.#within(this.#parts.ping(session));
          return visit;
        } catch (error) {
          session.destroy();
          return { host, failure: `it takes no writes: ${textOf(error)}` };
        }
      }),
    );
  }

  /** Once somebody has followed to a line, no older one is used any more. */
  async #followTo(session: S | undefined, stand: Stand): Promise<boolean> {
    const { line, followed } = stand;
    if (session === undefined || line === '' || followed === undefined || followed.line === line) return true;
    try {
      if (!(await this.#within(this.#parts.follow(session, stand)))) return false;
    } catch (error) {
      // Others follow at the same moment, on other members of a cluster.
      if (error instanceof RemoteError && error.judgement === 'again') return false;
      session.destroy();
      throw this.#refuse(textOf(error));
    }
    this.#term = Math.max(this.#term, followed.term + 1);
    return true;
  }

  #use(next: InUse | undefined): void {
    const before = this.#inUse;
    this.#inUse = next;
    if (before === undefined || (before.host === next?.host && before.line === next.line)) return;
    if (next !== undefined) this.#events.warned(`the database is used at ${nameOf(next.host)} from now on`);
    this.#parts.moved();
  }

  async #visit(host: Host): Promise<Visit<S>> {
    let session: S | undefined;
    try {
      session = await this.#parts.connect(host);
      return { host, session, stand: await this.#within(this.#parts.look(session)) };
    } catch (error) {
      session?.destroy();
      return { host, session: undefined, failure: textOf(error) };
    }
  }

  /** A server that accepts connections and then says nothing is none. */
  #within<T>(answer: Promise<T>): Promise<T> {
    const { limitMs } = this.#parts;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new RemoteError('unreached', `it has not answered for ${limitMs} ms`)),
        limitMs,
      );
      answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #refuse(why: string, cause?: StoreError): RemoteError {
    this.#pauseMs = Math.min(lastPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
    this.#notBeforeMs = performance.now() + this.#pauseMs;
    this.#refusal = new RemoteError('unreached', why, cause);
    return this.#refusal;
  }

  /** A host that was not reached once may be there still. */
  #tell(incident: string | undefined): void {
    this.#unseen = incident === undefined ? this.#unseen + 1 : 0;
    if (incident === this.#incident || (incident === undefined && this.#unseen < goneAfterLooks)) return;
    this.#incident = incident;
    this.#events.split(incident);
  }
}

const termOf = ({ followed }: Stand) => followed?.term ?? 0;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
