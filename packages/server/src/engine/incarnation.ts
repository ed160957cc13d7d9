import type { Outcome, Status, Transaction } from '@holdfast/core';
import type { DeadOwner } from '../store/nodes.ts';
import type { ClaimResult, Store, StoredTransaction, UnreadableRow } from '../store/store.ts';
import { type ActiveLimits, ActiveRoom } from './active-room.ts';
import { Actor, type ActorContext, type Leaving, type Loaded } from './actor.ts';
import type { EngineClock } from './clock.ts';
import { HeldRows } from './held-rows.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './lease.ts';
import type { LongTurns } from './long-turns.ts';
import { OwnedRows } from './owned-rows.ts';
import type { Caller, Runtime } from './ports.ts';
import { PreparedRows } from './prepared-rows.ts';
import { transactionBytes, updateBytes } from './row.ts';
import { RowWatch, type Watched } from './row-watch.ts';
import { Schedule } from './schedule.ts';
import { asUnreadable, isNotForUs } from './unread.ts';

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
/** A row that could not be read is read again after this. */
const rereadMs = 1000;

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
  /** While a page is being claimed: what was driven or changed meanwhile, of which the page may tell old things. */
  #touchedSinceClaim: Set<string> | undefined;
  readonly #owned: OwnedRows;
  /** Broken: owned, not driven, and left alone until the process starts again. */
  readonly #broken = new Set<string>();
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
      load: (gid, done) => this.#load(gid, done),
      mustLook: (seenMs) => !exclusive && context.upkeep.monotonicMs() - seenMs > freshMs,
      look: (actor) => this.#watch?.ask(actor),
      left: (actor, why) => this.#left(actor, why),
    };
    this.#schedule = new Schedule({
      runtime: context.storeRuntime,
      clock: context.clock,
      longestSleepMs: context.longestSleepMs,
      lookAtMs: (dueMs) => context.lookAtMs(dueMs, context.takers(), this.id),
      room: () => this.#free(),
      claim: (maxCount, maxBytes) => this.#claim(maxCount, maxBytes),
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
    return this.#broken.has(gid);
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
    this.#touchedSinceClaim?.add(gid);
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
      this.#touchedSinceClaim?.add(gid);
      return change();
    });
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

  #newOwned(): OwnedRows {
    const { store, upkeep, storeRuntime, failed } = this.#context;
    return new OwnedRows({
      store,
      runtime: { monotonicMs: () => upkeep.monotonicMs(), setTimer: (...timer) => storeRuntime.setTimer(...timer) },
      own: this.id,
      driven: this.#active,
      isHeld: (gid) => this.#broken.has(gid) || this.#held.has(gid),
      isClaiming: () => this.#touchedSinceClaim !== undefined,
      isOver: () => this.#ended,
      take: (gid, found) => this.#takeIfOurs(gid, found),
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

  async #claim(maxCount: number, maxBytes: number): Promise<ClaimResult> {
    const { store, clock, upkeep } = this.#context;
    // Who is changing a row already may have read it after the claim has changed it.
    const touched = new Set<string>(this.#held.gids());
    this.#touchedSinceClaim = touched;
    const sentMs = upkeep.monotonicMs();
    try {
      const nowMs = clock.nowMs();
      const dead = this.#context.dead();
      const result = await store.claim({ incarnation: this.id, nowMs, dead, maxCount, maxBytes });
      const [first] = result.claimed;
      const dueMs = first?.handedBack === false ? this.#context.deadMs() : (first?.progress.dueMs ?? nowMs);
      this.#room.paged(result.claimed.length, result.claimed.length >= maxCount, dueMs);
      // Nothing is due, whatever its owner: the dead have left nothing.
      if (dead.length > 0 && (result.nextDueMs ?? Number.POSITIVE_INFINITY) > nowMs) this.#context.emptied(dead);
      for (const claimed of result.claimed) {
        // Its driver does not know yet that it was handed back.
        if (this.#active.has(claimed.definition.gid)) this.#takeLate(claimed);
        else if (touched.has(claimed.definition.gid)) this.#takeLate(claimed);
        else if (!this.#ended) this.#take(claimed, sentMs);
      }
      return result;
    } catch (error) {
      this.#owned.claimLost();
      throw error;
    } finally {
      this.#touchedSinceClaim = undefined;
      this.#tellIfEmpty();
    }
  }

  #takeLate({ definition }: StoredTransaction): void {
    this.takeWhenReadable(definition.gid);
  }

  /** Drives a row that is ours, once what is under way with it has ended and it can be read. */
  takeWhenReadable(gid: string): void {
    this.#takeIfOurs(gid).catch((error: unknown) => {
      this.#context.failed(error);
      if (!this.#ended) this.#context.storeRuntime.setTimer(rereadMs, () => this.takeWhenReadable(gid));
    });
  }

  /**
   * Something may have happened to the row since it was seen: it is taken as it is now, if nobody drives it. What is
   * read is as old as its request, so nobody may have driven it since then either: while this holds it nobody begins to.
   */
  async #takeIfOurs(gid: string, found?: () => void): Promise<void> {
    const last = this.actor(gid);
    if (last?.isReleasing) await new Promise<void>((resolve) => last.wait(() => resolve()));
    await this.exclusively(gid, async () => {
      if (this.#active.has(gid) || this.#broken.has(gid)) return;
      const sentMs = this.#context.upkeep.monotonicMs();
      const [stored] = await this.#context.store.load([gid]).catch((error: unknown) => this.#leave(gid, error));
      if (this.#ended || stored?.owner !== this.id) return;
      found?.();
      this.#take(stored, sentMs);
    });
  }

  #take(stored: StoredTransaction, seenMs: number): void {
    const { handedBack, version } = stored;
    try {
      const loaded = { kind: 'loaded', handedBack, atMs: this.#context.clock.nowMs() } as const;
      this.activate(this.#context.restore(stored), version, seenMs, loaded);
    } catch (error) {
      this.#breaks(stored.definition.gid, error);
      this.#raise(stored, asUnreadable(stored, error));
    }
  }

  /** It stays ours: a row that is handed back tells its next owner that nothing was in flight. */
  #raise({ progress, version }: StoredTransaction, row: UnreadableRow): void {
    const { gid, incident } = row;
    if (progress.incident === incident) return;
    const raised = { ...progress, incident };
    const { id } = this;
    this.#context.journal.write(
      {
        kind: 'update',
        gid,
        token: this.newToken(),
        expectOwner: id,
        expectVersion: version,
        owner: id,
        progress: raised,
      },
      updateBytes(raised),
      // Refused: somebody else has changed it, and the next start reads it anew.
      (result) => result === 'done' && this.#context.undrivable(row),
    );
  }

  /** It stays owned, so that nobody guesses; an operator can stop it. */
  #breaks(gid: string, error: unknown): void {
    this.#broken.add(gid);
    this.#context.defect(gid, 'cannot be driven: it waits until the next start', error);
  }

  /**
   * What cannot be read is driven by nobody; it was told of as it was read, and the next start makes it an incident. What is
   * for a newer program to read is driven by others.
   */
  #leave(gid: string, error: unknown): [] {
    if (!isNotForUs(error)) throw error;
    this.#broken.add(gid);
    return [];
  }

  #load(gid: string, done: (stored: StoredTransaction | undefined) => void): void {
    this.#context.store.load([gid]).then(
      ([stored]) => done(stored),
      (error: unknown) => {
        if (isNotForUs(error)) {
          this.#leave(gid, error);
          done(undefined);
          return;
        }
        this.#context.failed(error);
        // Nothing is known: the actor stays blocked until the row can be read.
        if (!this.#ended) this.#context.storeRuntime.setTimer(rereadMs, () => this.#load(gid, done));
      },
    );
  }

  #left(actor: Actor, why: Leaving): void {
    const active = this.#active.get(actor.gid);
    if (active?.actor !== actor) return;
    this.#forget(active);
    if (why.kind === 'handed-back') this.#schedule.dueAt(why.dueMs);
    if (why.kind === 'broken') this.#breaks(actor.gid, why.error);
    this.#tellIfEmpty();
  }

  /** What is being claimed is to be handed back as well. */
  #tellIfEmpty(): void {
    if (this.#active.size === 0 && this.#touchedSinceClaim === undefined) this.#tellEmpty();
  }

  #tellEmpty(): void {
    for (const resolve of this.#empty.splice(0)) resolve();
  }
}
