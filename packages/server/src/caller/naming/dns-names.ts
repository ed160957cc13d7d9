import type { ServiceName } from '@holdfast/core';
import type { Runtime } from '../../engine/ports.ts';
import { Rotation } from './address.ts';
import type { Looked } from './dns-lookup.ts';
import type { Found, NameResolver } from './name-resolver.ts';

export interface DnsNamesLimits {
  /** How long the last answer may go on being used while DNS does not answer. */
  readonly staleMs: number;
  /** The most names remembered. */
  readonly names: number;
}

export interface DnsNamesParts extends DnsNamesLimits {
  /** Asks DNS once, within its own time-out. */
  lookUp(name: ServiceName): Promise<Looked>;
  /** The machine's time, whatever that of transactions is. */
  readonly runtime: Runtime;
}

/** A call asks for the look-up of a new name. */
interface Queued {
  readonly name: ServiceName;
  readonly entry: Entry;
  readonly sinceMs: number;
}

interface Entry {
  /** Of the last answer. */
  rotation: Rotation | undefined;
  answeredMs: number;
  /** Why the last look-up came to nothing; undefined: it did not. */
  reason: string | undefined;
  /** From then on DNS is asked again. */
  askMs: number;
  isAsking: boolean;
  /** So often it is in the queue. */
  queued: number;
  waiting: ((found: Found) => void)[];
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
export class DnsNames implements NameResolver {
  readonly #parts: DnsNamesParts;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  /** New names; one that is asked for again stands at its end again. */
  readonly #queue: Queued[] = [];
  #lookups = 0;

  constructor(parts: DnsNamesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  resolve(name: ServiceName, done: (found: Found) => void): void {
    const nowMs = this.#parts.runtime.monotonicMs();
    const entry = this.#entryOf(name);
    if (nowMs < entry.askMs) {
      done(this.#known(entry, nowMs));
      return;
    }
    const isFailing = entry.reason !== undefined && this.#known(entry, nowMs).kind === 'found';
    if (isFailing) done(this.#known(entry, nowMs));
    else if (entry.waiting.length < mostWaiting) entry.waiting.push(done);
    else done({ kind: 'unknown', reason: 'too many calls wait for DNS' });
    this.#ask(name, entry);
  }

  doubt(name: ServiceName): void {
    const entry = this.#entries.get(keyOf(name));
    if (entry !== undefined) entry.askMs = Math.min(entry.askMs, entry.answeredMs + leastMs);
  }

  #entryOf(name: ServiceName): Entry {
    const key = keyOf(name);
    const entry = this.#entries.get(key) ?? {
      rotation: undefined,
      answeredMs: Number.NEGATIVE_INFINITY,
      reason: undefined,
      askMs: Number.NEGATIVE_INFINITY,
      isAsking: false,
      queued: 0,
      waiting: [],
    };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // An entry that is being asked about and is forgotten still serves those who wait for it.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#parts.names) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }

  #known({ rotation, answeredMs, reason }: Entry, nowMs: number): Found {
    const isUsable = rotation !== undefined && (reason === undefined || nowMs <= answeredMs + this.#parts.staleMs);
    if (isUsable) return { kind: 'found', rotation };
    return { kind: 'unknown', reason: reason ?? 'DNS was not asked yet' };
  }

  #ask(name: ServiceName, entry: Entry): void {
    if (entry.isAsking) return;
    if (entry.rotation !== undefined) {
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
  #drop(queued: Queued | undefined): void {
    if (queued === undefined) return;
    const { entry } = queued;
    entry.queued -= 1;
    if (entry.queued > 0 || entry.isAsking || entry.waiting.length === 0) return;
    this.#answered(entry, { kind: 'failed', reason: 'too many names wait for DNS' });
  }

  async #lookUpNew(name: ServiceName, entry: Entry): Promise<void> {
    this.#lookups += 1;
    await this.#lookUp(name, entry);
    this.#lookups -= 1;
    this.#askQueued();
  }

  async #lookUp(name: ServiceName, entry: Entry): Promise<void> {
    entry.isAsking = true;
    const looked = await this.#parts.lookUp(name);
    entry.isAsking = false;
    this.#answered(entry, looked);
  }

  #answered(entry: Entry, looked: Looked): void {
    this.#learn(entry, looked);
    const found = this.#known(entry, this.#parts.runtime.monotonicMs());
    for (const done of entry.waiting.splice(0)) done(found);
  }

  #learn(entry: Entry, looked: Looked): void {
    const nowMs = this.#parts.runtime.monotonicMs();
    switch (looked.kind) {
      case 'found':
        entry.rotation = new Rotation(looked.addresses, entry.rotation?.turn);
        entry.answeredMs = nowMs;
        entry.reason = undefined;
        entry.askMs = nowMs + Math.max(leastMs, looked.ttlMs);
        return;
      case 'gone':
        entry.rotation = undefined;
        entry.reason = looked.reason;
        entry.askMs = nowMs + leastMs;
        return;
      case 'failed':
        entry.reason = looked.reason;
        entry.askMs = nowMs + leastMs;
        return;
      default:
        looked satisfies never;
    }
  }
}

function keyOf({ kind, name, port }: ServiceName): string {
  return `${kind} ${name} ${port}`;
}
