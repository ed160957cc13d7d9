import type { Runtime } from '../../../engine/ports.ts';
import type { Looked } from './looked.ts';

export interface MemoryLimits {
  /** How long the last answer may go on being used while DNS does not answer. */
  readonly staleMs: number;
  /** The most names remembered. */
  readonly names: number;
}

/** What became of all look-ups so far. */
export type LookupTally = Record<Looked<unknown>['kind'], number>;

export interface RememberedLookupsParts<Name, Answer> {
  readonly limits: MemoryLimits;
  readonly tally: LookupTally;
  /** The machine's time, whatever that of transactions is. */
  readonly runtime: Runtime;
  /** Names of one key have one look-up. */
  keyOf(name: Name): string;
  /**
   * Asks DNS once, within its own time-out.
   * @param former the last answer
   */
  lookUp(name: Name, former: Answer | undefined): Promise<Looked<Answer>>;
}

/** What is known of a name. */
export type Known<Answer> =
  | { readonly kind: 'found'; readonly answer: Answer }
  /** For the record of the attempt; nothing was found now. `isLocal`: this machine could not ask. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly isLocal: boolean };

/** A call asks for the look-up of a new name. */
interface Queued<Name, Answer> {
  readonly name: Name;
  readonly entry: Entry<Answer>;
  readonly sinceMs: number;
}

interface Entry<Answer> {
  /** The last one. */
  answer: Answer | undefined;
  answeredMs: number;
  /** Why the last look-up came to nothing; undefined: it did not. */
  failure: Failure | undefined;
  /** From then on DNS is asked again. */
  askMs: number;
  isAsking: boolean;
  /** So often it is in the queue. */
  queued: number;
  waiting: ((known: Known<Answer>) => void)[];
}

interface Failure {
  readonly reason: string;
  readonly isLocal: boolean;
}

/** Not asked more often: for a time to live of nothing, and while DNS does not answer. */
const leastMs = 1000;
/** Calls that wait for one look-up; more of them are told at once that DNS has not answered yet. */
const mostWaiting = 10_000;
/** Look-ups of new names under way at once: each has sockets of its own. */
const mostLookups = 64;
/** Calls that ask for the look-up of a new name; the first of more is told that it has come to nothing. */
const mostQueued = 10_000;
/** Who has waited for longer in the queue is told the same: most calls have given up before. */
const mostQueuedMs = 10_000;

/**
 * Remembers what DNS says. A call waits for a look-up only where nothing usable is known: while DNS fails the last
 * answer goes on being used, and is asked for again beside the calls. One look-up serves all who wait for it.
 *
 * Names that have addresses are asked for at once. New ones wait for one of a few places, and who asked last has the
 * first that is free: where thousands of names lead nowhere that call still has time, and those before it have given up.
 */
export class RememberedLookups<Name, Answer> {
  readonly #parts: RememberedLookupsParts<Name, Answer>;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<Answer>>();
  /** New names; one that is asked for again stands at its end again. */
  readonly #queue: Queued<Name, Answer>[] = [];
  #lookups = 0;

  constructor(parts: RememberedLookupsParts<Name, Answer>) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  resolve(name: Name, done: (known: Known<Answer>) => void): void {
    const nowMs = this.#parts.runtime.monotonicMs();
    const entry = this.#entryOf(name);
    if (nowMs < entry.askMs) {
      done(this.#known(entry, nowMs));
      return;
    }
    const isFailing = entry.failure !== undefined && this.#known(entry, nowMs).kind === 'found';
    if (isFailing) done(this.#known(entry, nowMs));
    else if (entry.waiting.length < mostWaiting) entry.waiting.push(done);
    else done({ kind: 'unknown', reason: 'too many calls wait for DNS', isLocal: true });
    this.#ask(name, entry);
  }

  doubt(name: Name): void {
    const entry = this.#entries.get(this.#parts.keyOf(name));
    if (entry !== undefined) entry.askMs = Math.min(entry.askMs, entry.answeredMs + leastMs);
  }

  #entryOf(name: Name): Entry<Answer> {
    const key = this.#parts.keyOf(name);
    const entry = this.#entries.get(key) ?? {
      answer: undefined,
      answeredMs: Number.NEGATIVE_INFINITY,
      failure: undefined,
      askMs: Number.NEGATIVE_INFINITY,
      isAsking: false,
      queued: 0,
      waiting: [],
    };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // An entry that is being asked about and is forgotten still serves those who wait for it.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#parts.limits.names) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }

  #known({ answer, answeredMs, failure }: Entry<Answer>, nowMs: number): Known<Answer> {
    const isUsable =
      answer !== undefined && (failure === undefined || nowMs <= answeredMs + this.#parts.limits.staleMs);
    if (isUsable) return { kind: 'found', answer };
    return { kind: 'unknown', ...(failure ?? { reason: 'DNS was not asked yet', isLocal: false }) };
  }

  #ask(name: Name, entry: Entry<Answer>): void {
    if (entry.isAsking) return;
    if (entry.answer !== undefined) {
      void this.#lookUp(name, entry);
      return;
    }
    if (this.#queue.at(-1)?.entry === entry) return;
    this.#queue.push({ name, entry, sinceMs: this.#parts.runtime.monotonicMs() });
    entry.queued += 1;
    if (this.#queue.length > mostQueued) this.#drop(this.#queue.shift());
    this.#askQueued();
  }

  #askQueued(): void {
    while (this.#lookups < mostLookups) {
      const next = this.#queue.pop();
      if (next === undefined) return;
      const { name, entry, sinceMs } = next;
      if (this.#parts.runtime.monotonicMs() - sinceMs > mostQueuedMs) {
        this.#drop(next);
        continue;
      }
      entry.queued -= 1;
      // Else it was asked for again, and that has been seen to.
      if (!entry.isAsking && entry.waiting.length > 0) void this.#lookUpNew(name, entry);
    }
  }

  /** Where nothing else is to be waited for. */
  #drop(queued: Queued<Name, Answer> | undefined): void {
    if (queued === undefined) return;
    const { entry } = queued;
    entry.queued -= 1;
    if (entry.queued > 0 || entry.isAsking || entry.waiting.length === 0) return;
    this.#answered(entry, { kind: 'failed', reason: 'too many names wait for DNS', isLocal: true });
  }

  async #lookUpNew(name: Name, entry: Entry<Answer>): Promise<void> {
    this.#lookups += 1;
    await this.#lookUp(name, entry);
    this.#lookups -= 1;
    this.#askQueued();
  }

  async #lookUp(name: Name, entry: Entry<Answer>): Promise<void> {
    entry.isAsking = true;
    const looked = await this.#parts.lookUp(name, entry.answer);
    entry.isAsking = false;
    this.#parts.tally[looked.kind] += 1;
    this.#answered(entry, looked);
  }

  #answered(entry: Entry<Answer>, looked: Looked<Answer>): void {
    this.#learn(entry, looked);
    const known = this.#known(entry, this.#parts.runtime.monotonicMs());
    for (const done of entry.waiting.splice(0)) done(known);
  }

  #learn(entry: Entry<Answer>, looked: Looked<Answer>): void {
    const nowMs = this.#parts.runtime.monotonicMs();
    switch (looked.kind) {
      case 'found':
        entry.answer = looked.answer;
        entry.answeredMs = nowMs;
        entry.failure = undefined;
        entry.askMs = nowMs + Math.max(leastMs, looked.ttlMs);
        return;
      case 'gone':
        entry.answer = undefined;
        entry.failure = { reason: looked.reason, isLocal: false };
        entry.askMs = nowMs + leastMs;
        return;
      case 'failed':
        entry.failure = { reason: looked.reason, isLocal: looked.isLocal === true };
        entry.askMs = nowMs + leastMs;
        return;
      default:
        looked satisfies never;
    }
  }
}
