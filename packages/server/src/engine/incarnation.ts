import { apply, type Outcome, type Status, type Transaction } from '@holdfast/core';
import type { ClaimedTransaction, Store, StoredTransaction } from '../store/store.ts';
import { Actor, type ActorContext, type Leaving } from './actor.ts';
import type { EngineClock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './lease.ts';
import type { Caller, Runtime } from './ports.ts';
import { Schedule } from './schedule.ts';

/** What may be active on one node at once. */
export interface ActiveLimits {
  /** Transactions being driven. */
  readonly maxActive: number;
  /** Bytes of their definitions and branches. */
  readonly maxActiveBytes: number;
  /** Rows in one page of claims. */
  readonly claimRows: number;
}

export interface IncarnationContext {
  readonly runtime: Runtime;
  readonly clock: EngineClock;
  readonly store: Store;
  readonly journal: Journal;
  readonly caller: Caller;
  readonly limits: ActiveLimits;
  readonly flushDelayMs: number;
  readonly deadAfterMs: number;
  restore(stored: StoredTransaction): Transaction;
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
  moved(transaction: Transaction, from: Status): void;
  failed(error: unknown): void;
}

interface Active {
  readonly actor: Actor;
  readonly bytes: number;
}

/**
 * One life of this node: an id, its lease, and the transactions it drives. When the lease lapses everything in it is
 * dropped and the node goes on as a new incarnation.
 */
export class Incarnation {
  readonly lease: Lease;
  readonly #context: IncarnationContext;
  readonly #actorContext: ActorContext;
  readonly #schedule: Schedule;
  readonly #active = new Map<string, Active>();
  #bytes = 0;
  #tokens = 0;
  #closing = false;
  #ended = false;
  #empty: (() => void)[] = [];

  constructor(context: IncarnationContext, lease: Lease) {
    this.lease = lease;
    this.#context = context;
    this.#actorContext = {
      ...context,
      lease,
      newToken: () => this.newToken(),
      write: (write, bytes, done) => context.journal.write(write, bytes, done),
      load: (gid, done) => this.#load(gid, done),
      left: (actor, why) => this.#left(actor, why),
    };
    this.#schedule = new Schedule({
      runtime: context.runtime,
      clock: context.clock,
      room: () => this.#room(),
      claim: (maxCount, maxBytes) => this.#claim(maxCount, maxBytes),
      take: (claimed) => this.#take(claimed),
      failed: (error) => context.failed(error),
    });
  }

  get id(): string {
    return this.lease.incarnation;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  get activeBytes(): number {
    return this.#bytes;
  }

  /** Unique to one write of one incarnation. */
  newToken(): string {
    this.#tokens += 1;
    return `${this.id}:${this.#tokens.toString(36)}`;
  }

  actor(gid: string): Actor | undefined {
    return this.#active.get(gid)?.actor;
  }

  start(): void {
    this.#schedule.dueAt(0);
  }

  dueAt(dueMs: number): void {
    this.#schedule.dueAt(dueMs);
  }

  /** Drives a transaction whose row this incarnation owns at this version. */
  activate(transaction: Transaction, version: number): Actor | undefined {
    if (this.#ended || this.#active.has(transaction.definition.gid)) return this.actor(transaction.definition.gid);
    const actor = new Actor(this.#actorContext, transaction, version);
    const bytes = transactionBytes(transaction);
    this.#active.set(actor.gid, { actor, bytes });
    this.#bytes += bytes;
    if (this.#closing) actor.close();
    else actor.start();
    return actor;
  }

  /** Takes nothing new and calls nothing new; resolves when all has been handed back. */
  close(): Promise<void> {
    this.#closing = true;
    this.#schedule.stop();
    for (const { actor } of [...this.#active.values()]) actor.close();
    return this.#active.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#empty.push(resolve));
  }

  /** Drops everything at once: the lease is gone, or the process ends and leaves the rest to takeover. */
  end(): void {
    this.#ended = true;
    this.#schedule.stop();
    for (const { actor } of [...this.#active.values()]) actor.drop();
  }

  #room(): { rows: number; bytes: number } {
    if (!this.lease.isValid()) return { rows: 0, bytes: 0 };
    const { maxActive, maxActiveBytes, claimRows } = this.#context.limits;
    return { rows: Math.min(claimRows, maxActive - this.#active.size), bytes: maxActiveBytes - this.#bytes };
  }

  #claim(maxCount: number, maxBytes: number): ReturnType<Store['claim']> {
    const { store, clock, deadAfterMs } = this.#context;
    return store.claim({ incarnation: this.id, nowMs: clock.nowMs(), deadAfterMs, maxCount, maxBytes });
  }

  #take(claimed: ClaimedTransaction): void {
    if (this.#ended) return;
    const restored = this.#context.restore(claimed);
    const atMs = this.#context.clock.nowMs();
    this.activate(apply(restored, { kind: 'loaded', handedBack: claimed.handedBack, atMs }), claimed.version);
  }

  #load(gid: string, done: (stored: StoredTransaction | undefined) => void): void {
    this.#context.store.load([gid]).then(
      ([stored]) => done(stored),
      (error: unknown) => {
        this.#context.failed(error);
        // Nothing is known: the actor stays blocked until the row can be read.
        if (!this.#ended) this.#context.runtime.setTimer(1000, () => this.#load(gid, done));
      },
    );
  }

  #left(actor: Actor, why: Leaving): void {
    const active = this.#active.get(actor.gid);
    if (active?.actor !== actor) return;
    this.#active.delete(actor.gid);
    this.#bytes -= active.bytes;
    if (why.kind === 'handed-back') this.#schedule.dueAt(why.dueMs);
    if (this.#active.size === 0) for (const resolve of this.#empty.splice(0)) resolve();
  }
}

/** Bytes a transaction takes in memory, roughly: its texts and payloads, and a flat sum for each operation. */
export function transactionBytes({ definition, branches }: Pick<Transaction, 'definition' | 'branches'>): number {
  let bytes = 1024 + definition.customData.length + definition.queryPrepared.length;
  for (const step of definition.steps) bytes += 128 + step.action.length + step.compensate.length + step.payload.length;
  for (const branch of branches) bytes += 128 + branch.url.length + branch.payload.length;
  return bytes;
}
