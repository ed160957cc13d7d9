import {
  type AskedRollback,
  type BranchOperation,
  restoreTransaction,
  type Transaction,
  type TransactionType,
  type WorkflowEnd,
} from '@holdfast/core';
import { type KeyValue, type ListFilter, type ListPage, type StoredTransaction, StoreError } from '../store/store.ts';
import { Acceptance } from './acceptance.ts';
import type { Standing } from './actor.ts';
import { Chores } from './chores.ts';
import { EngineClock } from './clock.ts';
import { ClockKeeper, type ClockState } from './clock-keeper.ts';
import type { AskedTransaction, Coordinator } from './coordinator.ts';
import type { EngineParts } from './engine-parts.ts';
import { type Explained, explained } from './explained.ts';
import type { IncarnationContext } from './incarnation.ts';
import { Journal } from './journal.ts';
import { heartbeatTimes } from './lease.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { MachineTime } from './ports.ts';
import { Readiness } from './readiness.ts';
import { cannotDrive, refuse, unknownGid } from './refusals.ts';
import type { RolledBack } from './rolled-back.ts';
import { usualSleepMs } from './schedule.ts';
import { noNames } from './targets.ts';
import { Topics } from './topics.ts';
import { Unreadables } from './unreadables.ts';
import { inspect, type Pace, purge } from './upkeep.ts';

/** What changes all the time is told as it was at the last of so many reads. */
const explainReads = 5;
/** What was under way goes on first. */
const inspectAfterMs = 1000;
const purgeEveryMs = 60_000;
const clockCheckEveryMs = 10_000;
/** How often a node looks at what it owns: where others can write, and where only defects are to be found. */
const lookEveryMs = { shared: 1000, exclusive: 10_000 } as const;

/** The coordinator: accepts, drives, recovers. The store is open when it starts, and stays its caller's to close. */
export class Engine implements Coordinator {
  readonly #parts: EngineParts;
  readonly #machine: MachineTime;
  readonly #journal: Journal;
  readonly #clock: EngineClock;
  readonly #acceptance: Acceptance;
  readonly topics: Topics;
  readonly #lease: LeaseKeeper;
  readonly #readiness: Readiness;
  /** Of a store for one process, where nobody moves the clock by hand. */
  #keeper: ClockKeeper | undefined;
  #stopping = false;
  #ended = false;
  readonly #turns: (() => number)[] = [];
  readonly #chores: Chores;
  #defects = 0;

  constructor(given: EngineParts) {
    const unreadables = new Unreadables({
      tell: (row) => given.events.unreadable(row, false),
      stored: (row) => given.events.unreadable(row, true),
      claimSoon: (gid) => {
        this.makeDue(gid).catch((error: unknown) =>
          this.#failed('what cannot be read was not made an incident', error),
        );
      },
    });
    const parts = { ...given, store: unreadables.watch(given.store) };
    this.#parts = parts;
    this.#machine = parts.machine ?? { store: parts.runtime, upkeep: parts.runtime };
    this.#chores = new Chores(this.#machine.upkeep, (error) => this.#failed('a periodic task failed', error));
    const { events } = parts;
    this.#clock = new EngineClock(parts.runtime);
    this.#readiness = new Readiness((message, reason) => events.warned(message, reason));
    this.#journal = new Journal(parts.store, this.#machine.store, parts.settings.journal, {
      committed: (rows, durationMs) => events.journalCommitted(rows, durationMs),
      paused: (reason) => this.#readiness.paused(reason),
      fatal: (error) => {
        this.#end();
        events.fatal(error);
      },
    });
    const { names = noNames } = parts;
    this.topics = new Topics(parts.store, names, () => this.#clock.nowMs());
    this.#acceptance = new Acceptance({
      runtime: parts.runtime,
      store: parts.store,
      journal: this.#journal,
      clock: this.#clock,
      defaults: parts.settings.defaults,
      limits: parts.settings.active,
      topics: this.topics,
      names,
      live: () => this.#lease.live(),
      isStopping: () => this.#stopping,
      turnMs: () => Math.max(0, ...this.#turns.map((waitedMs) => waitedMs())),
      restore: (stored) => this.#restore(stored),
      created: (transaction) => events.created(transaction),
      moved: (...told) => events.moved(...told),
      written: (now, before) => this.#written(now, before),
    });
    this.#lease = new LeaseKeeper(this.#incarnationContext());
  }

  get clock(): EngineClock {
    return this.#clock;
  }

  get activeCount(): number {
    return this.#lease.incarnation?.activeCount ?? 0;
  }

  clockState(): ClockState {
    const { runtime } = this.#parts;
    return this.#keeper?.state() ?? { nowMs: this.#clock.nowMs(), wallMs: runtime.wallMs(), held: undefined };
  }

  async acceptClock(): Promise<boolean> {
    const isAccepted = (await this.#keeper?.accept('an operator said so').catch(refuse)) ?? false;
    if (isAccepted) this.#lease.live().dueAt(this.#clock.nowMs());
    return isAccepted;
  }

  /** Bytes of the definitions and branches being driven. */
  get activeBytes(): number {
    return this.#lease.incarnation?.activeBytes ?? 0;
  }

  /** Things that must not happen and were noticed since the start; each was warned of. */
  get defectCount(): number {
    return this.#defects;
  }

  async start(): Promise<void> {
    const { store } = this.#parts;
    if (store.exclusive) await this.#beginOnExclusiveStore();
    else await this.#beginOnSharedStore();
    this.#chores.every(store.exclusive ? lookEveryMs.exclusive : lookEveryMs.shared, () => this.#look());
    this.#chores.every(purgeEveryMs, () => this.purge());
    this.#chores.after(inspectAfterMs, () => void this.#inspect());
  }

  async #inspect(): Promise<void> {
    try {
      await inspect(this.#parts.store, this.#pace);
    } catch (error) {
      this.#failed('the store cannot be read', error);
    }
  }

  /** Hands back what can be handed back within `graceMs`; the rest is left to takeover. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const closed = this.#lease.close();
    if (this.#lease.incarnation !== undefined && !this.#ended) {
      await Promise.race([closed, this.#chores.rest(graceMs)]);
      await Promise.race([this.#journal.drained(), this.#chores.rest(graceMs)]);
    }
    const isHandedBack = this.activeCount === 0 && this.#lease.isValid();
    this.#end();
    if (isHandedBack) {
      await this.#lease.retire().catch((error: unknown) => this.#failed('the heartbeat was not taken back', error));
    }
    await this.#journal.stop();
  }

  /** Refuses what would create a transaction, and goes on with what is stored. The first step of a shutdown. */
  refuseNew(): void {
    this.#stopping = true;
  }

  heedTurns(waitedMs: () => number): void {
    this.#turns.push(waitedMs);
  }

  /** Why it cannot start yet; undefined: now it can. */
  waits(reason: string | undefined): void {
    this.#readiness.waits(reason);
  }

  /** The store notices, without a write, that it may not be the right one any more; undefined: it is. */
  doubts(reason: string | undefined): void {
    this.#readiness.doubts(reason);
  }

  unready(): string | undefined {
    if (this.#stopping || this.#ended) return 'shutting down';
    this.#journal.noticeSilence();
    if (this.#lease.isValid()) return this.#readiness.reason('valid');
    return this.#readiness.reason(this.#lease.incarnation === undefined ? 'none yet' : 'lapsed');
  }

  async listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return await this.#parts.store.listValues(category, afterKey, limit).catch(refuse);
  }

  async getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return await this.#parts.store.getValue(category, key).catch(refuse);
  }

  newGid(): string {
    return this.#parts.runtime.newId();
  }

  prepare(asked: AskedTransaction): Promise<void> {
    return this.#acceptance.prepare(asked);
  }

  submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined> {
    return this.#acceptance.submit(asked, wait);
  }

  abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined> {
    return this.#acceptance.abort(gid, type, reason);
  }

  prepareWorkflow(asked: AskedTransaction): Promise<StoredTransaction> {
    return this.#acceptance.prepareWorkflow(asked);
  }

  endWorkflow(gid: string, end: WorkflowEnd): Promise<void> {
    return this.#acceptance.endWorkflow(gid, end);
  }

  forceStop(gid: string): Promise<readonly string[]> {
    return this.#acceptance.forceStop(gid);
  }

  rollback(gid: string, asked: AskedRollback): Promise<RolledBack> {
    return this.#acceptance.rollback(gid, asked);
  }

  registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    return this.#acceptance.registerBranch(gid, type, branches);
  }

  async query(gid: string): Promise<StoredTransaction | undefined> {
    const [stored] = await this.#parts.store.load([gid]).catch(refuse);
    return stored;
  }

  async explain(gid: string): Promise<Explained | undefined> {
    for (let reads = 1; ; reads += 1) {
      const before = this.#lease.incarnation?.actor(gid);
      const [stored] = await this.#parts.store.load([gid]).catch(refuse);
      if (stored === undefined) return undefined;
      const actor = this.#lease.incarnation?.actor(gid);
      // Taken, handed back or ended while it was read: what was read is old. Ours without a driver is about to have one.
      const isOurs = stored.owner !== null && stored.owner === this.#lease.incarnation?.id;
      const isOld = actor !== before || (actor === undefined && isOurs);
      if (isOld && reads < explainReads) continue;
      const by = { clock: this.#clock, destinations: this.#parts.destinations };
      return explained(stored, this.#restore(stored), actor?.snapshot, by);
    }
  }

  list(filter: ListFilter): Promise<ListPage> {
    return this.#parts.store.list(filter).catch(refuse);
  }

  async makeDue(gid: string): Promise<void> {
    const incarnation = this.#lease.live();
    const actor = incarnation.actor(gid);
    // What is being handed back is made due on the store: it may have no owner when this is answered.
    if (actor !== undefined && !actor.isReleasing) {
      actor.wake();
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (!(await this.#parts.store.makeDue(gid, nowMs).catch(refuse))) throw unknownGid();
    incarnation.dueAt(nowMs);
  }

  async makeManyDue(afterMs: number, limit: number): Promise<{ changed: number; hasMore: boolean }> {
    const nowMs = this.#clock.nowMs();
    const made = await this.#parts.store.makeManyDue(nowMs + afterMs, limit, nowMs).catch(refuse);
    this.#lease.live().dueAt(nowMs);
    return made;
  }

  /** Deletes what has been finished for longer than it is kept. By itself it does so every minute. */
  async purge(): Promise<void> {
    const beforeMs = this.#keeper?.purgeBeforeMs() ?? this.#clock.nowMs() - this.#parts.settings.retentionMs;
    await purge(this.#parts.store, beforeMs, this.#pace);
  }

  #incarnationContext(): IncarnationContext {
    const { store, caller, runtime, settings, events } = this.#parts;
    return {
      runtime,
      storeRuntime: this.#machine.store,
      clock: this.#clock,
      store,
      journal: this.#journal,
      caller,
      limits: settings.active,
      flushDelayMs: settings.flushDelayMs,
      // A clock moved by hand stops at due times alone.
      longestSleepMs: this.#parts.machine === undefined ? usualSleepMs : Number.POSITIVE_INFINITY,
      deadAfterMs: heartbeatTimes.deadAfterMs,
      restore: (stored) => this.#restore(stored),
      attempted: (...told) => events.attempted(...told),
      moved: (...told) => events.moved(...told),
      written: (now, before) => this.#written(now, before),
      failed: (error) => this.#failed('the store cannot be read', error),
      undrivable: (row) => this.#parts.events.unreadable(row, false),
      defect: (gid, what, error) => {
        this.#defects += 1;
        events.warned(`${gid}: ${what}`, error);
      },
    };
  }

  /** Time goes on from what is stored, also where the clock of the machine was set. One moved by hand is as it is. */
  async #beginOnExclusiveStore(): Promise<void> {
    const { store, runtime, machine, settings, events } = this.#parts;
    if (machine === undefined) {
      this.#keeper = new ClockKeeper({
        store,
        clock: this.#clock,
        runtime,
        retentionMs: settings.retentionMs,
        warned: (message) => events.warned(message, undefined),
      });
      await this.#keeper.begin();
      this.#chores.every(clockCheckEveryMs, async () => this.#keeper?.check());
    } else this.#clock.startAt(Math.max(runtime.wallMs(), await store.clockMs()));
    this.#lease.takeLock();
    this.#journal.check();
  }

  /** The lease is renewed every second, never behind the journal. */
  async #beginOnSharedStore(): Promise<void> {
    await this.#lease.join();
    this.#chores.every(heartbeatTimes.everyMs, () => this.#lease.renew());
  }

  async #look(): Promise<void> {
    if (this.#lease.isValid()) await this.#lease.incarnation?.look();
  }

  #end(): void {
    this.#ended = true;
    this.#chores.end();
    this.#lease.end();
    void this.#journal.stop();
  }

  get #pace(): Pace {
    const { upkeep } = this.#machine;
    return {
      monotonicMs: () => upkeep.monotonicMs(),
      rest: (ms) => this.#chores.rest(ms),
      isOver: () => this.#ended,
    };
  }

  #restore({ definition, branches, progress }: StoredTransaction): Transaction {
    try {
      return restoreTransaction(definition, branches, progress, this.#parts.settings.defaults);
    } catch (cause) {
      throw cannotDrive(cause);
    }
  }

  #written(now: Transaction, { progress }: Transaction): void {
    const { incident, operatorDecisions = [] } = now.progress;
    const news = operatorDecisions.slice(progress.operatorDecisions?.length ?? 0);
    for (const decision of news) this.#parts.events.decided(now, decision);
    if (incident !== progress.incident) this.#parts.events.incident(now, progress.incident);
  }

  #failed(message: string, error: unknown): void {
    const code = error instanceof StoreError ? error.code : undefined;
    if (code === 'fatal') {
      this.#end();
      this.#parts.events.fatal(error);
      return;
    }
    const isTold = code === 'full' && this.#readiness.isPaused;
    // It says when there is room again.
    if (code === 'full') this.#journal.check();
    if (!isTold) this.#parts.events.warned(message, error);
  }
}
