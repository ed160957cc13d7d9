import type { Outcome, Status, Transaction } from '@holdfast/core';
import type { DeadOwner } from '../store/nodes.ts';
import type { Store, StoredTransaction, UnreadableRow } from '../store/store.ts';
import { type ActiveLimits, ActiveRoom } from './active-room.ts';
import { Actor, type ActorContext, type Leaving, type Loaded } from './actor.ts';
import { Claims } from './claims.ts';
import type { EngineClock } from './clock.ts';
import { HeldRows } from './held-rows.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './lease.ts';
import type { LongTurns } from './long-turns.ts';
import { OwnedRows } from './owned-rows.ts';
import type { Caller, Runtime } from './ports.ts';
import { PreparedRows } from './prepared-rows.ts';
import { transactionBytes } from './row.ts';
import { RowWatch, type Watched } from './row-watch.ts';
import { Schedule } from './schedule.ts';
import { TakeUp } from './take-up.ts';

export interface IncarnationContext {
  readonly runtime: Runtime;
  /** Times what waits for the store. */
  readonly storeRuntime: Runtime;
  /** Times the lease, and how old what is known of a row is. */
  readonly upkeep: Runtime;
  readonly clock: EngineClock;
  readonly store: Store;
  readonly journal: Journal;
  readonly caller: Caller;
  readonly limits: ActiveLimits;
  readonly longTurns: LongTurns;
  readonly flushDelayMs: number;
  /** How long it may sleep without looking for what is due. */
  readonly longestSleepMs: number;
  /** When this node is to look for what is due then and has no owner. */
  lookAtMs(dueMs: number, takers: readonly string[], own: string): number;
  /** Owners that this node has judged dead. */
  dead(): readonly DeadOwner[];
  /** Engine time from which the last of them could be judged so. */
  deadMs(): number;
  /** The incarnations that take up what is due, this one among them. */
  takers(): readonly string[];
  /** Nothing is left of these. */
  emptied(dead: readonly DeadOwner[]): void;
  restore(stored: StoredTransaction): Transaction;
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
  moved(transaction: Transaction, from: Status): void;
  written(now: Transaction, before: Transaction): void;
  failed(error: unknown): void;
  /** It can be read and not be driven by this version: an incident, which is stored. */
  undrivable(row: UnreadableRow): void;
  /** What must not happen: an actor broke, or a transaction was owned and not driven. */
  defect(gid: string, what: string, error: unknown): void;
}

interface Active {
  readonly actor: Actor;
  readonly bytes: number;
  /** It was taken from the store, not asked for here. */
  readonly isClaimed: boolean;
}

/**
 * How old a driver's view of its row may be before a call, where other nodes can write: so much later a stop holds back calls.
 * All rows are looked at once a second; what that takes is no reason to look again.
 */
const freshMs = 1500;

/**
 * One life of this node: an id, its lease, and the transactions it drives. When the lease lapses everything in it is
 * dropped and the node goes on as a new incarnation.
 */
export class Incarnation {
  readonly lease: Lease;
  readonly prepared: PreparedRows;
  readonly #context: IncarnationContext;
  readonly #actorContext: ActorContext;
  readonly #schedule: Schedule;
  readonly #active = new Map<string, Active>();
  readonly #held = new HeldRows();
  readonly #room: ActiveRoom;
  /** On a shared store. */
  readonly #watch: RowWatch | undefined;
  readonly #takeUp: TakeUp;
  readonly #claims: Claims;
  readonly #owned: OwnedRows;
  #tokens = 0;
  #closing = false;
  #ended = false;
  #empty: (() => void)[] = [];

  constructor(context: IncarnationContext, lease: Lease) {
    this.lease = lease;
    this.#context = context;
    const { exclusive } = context.store;
    this.#room = new ActiveRoom(context.limits);
    this.prepared = new PreparedRows(exclusive, () => context.upkeep.monotonicMs());
    this.#actorContext = {
      ...context,
      lease,
      newToken: () => this.newToken(),
      write: (write, bytes, done) => context.journal.write(write, bytes, done),
      tryWrite: (write, bytes, done) => context.journal.tryWrite(write, bytes, done),
      load: (gid, done) => this.#takeUp.load(gid, done),
      mustLook: (seenMs) => !exclusive && context.upkeep.monotonicMs() - seenMs > freshMs,
      look: (actor) => this.#watch?.ask(actor),
      left: (actor, why) => this.#left(actor, why),
    };
    this.#takeUp = this.#newTakeUp();
    this.#claims = this.#newClaims();
    this.#schedule = new Schedule({
      runtime: context.storeRuntime,
      clock: context.clock,
      longestSleepMs: context.longestSleepMs,
      lookAtMs: (dueMs) => context.lookAtMs(dueMs, context.takers(), this.id),
      room: () => this.#free(),
      claim: (maxCount, maxBytes) => this.#claims.claim(maxCount, maxBytes),
      failed: (error) => context.failed(error),
    });
    this.#owned = this.#newOwned();
    if (!exclusive) this.#watch = this.#newWatch();
  }

  get id(): string {
    return this.lease.incarnation;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  get activeBytes(): number {
    return this.#room.bytes;
  }

  /** Unique to one write of one incarnation. */
  newToken(): string {
    this.#tokens += 1;
    return `${this.id}:${this.#tokens.toString(36)}`;
  }

  actor(gid: string): Actor | undefined {
    return this.#active.get(gid)?.actor;
  }

  /** Its driver broke here, perhaps with calls in flight. */
  isBroken(gid: string): boolean {
    return this.#takeUp.isBroken(gid);
  }

  start(): void {
    this.#schedule.dueAt(0);
  }

  dueAt(dueMs: number): void {
    this.#schedule.dueAt(dueMs);
  }

  /**
   * A heartbeat was answered.
   * @param nextDueMs when the first of what has no owner is due
   * @param hasLeft somebody else may have left transactions
   */
  heard(nextDueMs: number | undefined, hasLeft: boolean): void {
    if (hasLeft) this.#schedule.dueAt(0);
    this.#schedule.heard(nextDueMs);
  }

  /** Waits for a transaction that another node drives, whose row was seen at that version. */
  wait(gid: string, version: number, done: (watched: Watched) => void): void {
    if (this.#watch === undefined || this.#ended) done('gone');
    else this.#watch.wait(gid, version, done);
  }

  /**
   * Drives a transaction whose row this incarnation owns at this version.
   * @param seenMs monotonic time when the row was read, or the write that made it so was sent
   * @param loaded what a claim tells; undefined where this node has written the row itself
   */
  activate(transaction: Transaction, version: number, seenMs: number, loaded?: Loaded): Actor | undefined {
    const { gid } = transaction.definition;
    if (this.#ended || this.#active.has(gid)) return this.actor(gid);
    this.#claims.touch(gid);
    this.prepared.forget(gid);
    const actor = new Actor(this.#actorContext, transaction, version, seenMs, loaded);
    const bytes = transactionBytes(transaction);
    this.#count({ actor, bytes, isClaimed: loaded !== undefined });
    this.#watch?.wake();
    if (this.#closing) actor.close();
    else actor.start();
    return actor;
  }

  /** Takes nothing new and calls nothing new; resolves when all has been handed back. */
  close(): Promise<void> {
    this.#closing = true;
    this.#schedule.stop();
    for (const { actor } of [...this.#active.values()]) actor.close();
    return new Promise((resolve) => {
      this.#empty.push(resolve);
      this.#tellIfEmpty();
    });
  }

  /** Drops everything at once: the lease is gone, or the process ends and leaves the rest to takeover. */
  end(): void {
    this.#ended = true;
    this.#schedule.stop();
    this.#watch?.end();
    for (const { actor } of [...this.#active.values()]) actor.drop();
    this.#tellEmpty();
  }

  /** Runs the change of a row when no other change of it runs. */
  exclusively<T>(gid: string, change: () => Promise<T>): Promise<T> {
    return this.#held.exclusively(gid, () => {
      this.#claims.touch(gid);
      return change();
    });
  }

  /** Drives a row that is ours, once what is under way with it has ended and it can be read. */
  takeWhenReadable(gid: string): void {
    this.#takeUp.takeWhenReadable(gid);
  }

  look(): Promise<void> {
    return this.#owned.look();
  }

  #free(): { rows: number; bytes: number } {
    if (!this.lease.isValid()) return { rows: 0, bytes: 0 };
    return this.#room.free(this.#context.clock.nowMs(), this.#context.takers().length > 1);
  }

  #count(active: Active): void {
    this.#active.set(active.actor.gid, active);
    this.#room.add(active.bytes, active.isClaimed);
  }

  #forget({ actor, bytes, isClaimed }: Active): void {
    this.#active.delete(actor.gid);
    this.#room.remove(bytes, isClaimed);
  }

  #newTakeUp(): TakeUp {
    return new TakeUp({
      ...this.#context,
      own: this.id,
      driven: this.#active,
      newToken: () => this.newToken(),
      exclusively: (gid, change) => this.exclusively(gid, change),
      isOver: () => this.#ended,
      drive: (...row) => this.activate(...row),
    });
  }

  #newClaims(): Claims {
    return new Claims({
      ...this.#context,
      own: this.id,
      driven: this.#active,
      changing: () => this.#held.gids(),
      isOver: () => this.#ended,
      paged: (...page) => this.#room.paged(...page),
      take: (claimed, seenMs) => this.#takeUp.take(claimed, seenMs),
      takeLate: (gid) => this.#takeUp.takeWhenReadable(gid),
      lost: () => this.#owned.claimLost(),
      ended: () => this.#tellIfEmpty(),
    });
  }

  #newOwned(): OwnedRows {
    const { store, upkeep, storeRuntime, failed } = this.#context;
    return new OwnedRows({
      store,
      runtime: { monotonicMs: () => upkeep.monotonicMs(), setTimer: (...timer) => storeRuntime.setTimer(...timer) },
      own: this.id,
      driven: this.#active,
      isHeld: (gid) => this.#takeUp.isBroken(gid) || this.#held.has(gid),
      isClaiming: () => this.#claims.isClaiming,
      isOver: () => this.#ended,
      take: (gid, found) => this.#takeUp.takeIfOurs(gid, found),
      defect: (gid) => this.#context.defect(gid, 'was owned but not driven: Holdfast drives it again', undefined),
      failed,
    });
  }

  #newWatch(): RowWatch {
    const { upkeep, store, failed } = this.#context;
    const actors = this.#active;
    return new RowWatch({
      runtime: upkeep,
      own: this.id,
      *driven() {
        for (const { actor } of actors.values()) yield actor;
      },
      changed: (seen) => store.changed(seen),
      failed,
    });
  }

  #left(actor: Actor, why: Leaving): void {
    const active = this.#active.get(actor.gid);
    if (active?.actor !== actor) return;
    this.#forget(active);
    if (why.kind === 'handed-back') this.#schedule.dueAt(why.dueMs);
    if (why.kind === 'broken') this.#takeUp.breaks(actor.gid, why.error);
    this.#tellIfEmpty();
  }

  /** What is being claimed is to be handed back as well. */
  #tellIfEmpty(): void {
    if (this.#active.size === 0 && !this.#claims.isClaiming) this.#tellEmpty();
  }

  #tellEmpty(): void {
    for (const resolve of this.#empty.splice(0)) resolve();
  }
}
