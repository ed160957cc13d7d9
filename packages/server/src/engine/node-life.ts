import type { Transaction } from '@holdfast/core';
import { type StoredTransaction, StoreError } from '../store/store.ts';
import { Chores } from './chores.ts';
import { EngineClock } from './clock.ts';
import { ClockKeeper } from './clock-keeper.ts';
import type { ClockState } from './clock-state.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Incarnation } from './incarnation.ts';
import { Journal } from './journal.ts';
import { type LeaseContext, LeaseKeeper } from './lease-keeper.ts';
import type { LongTurns } from './long-turns.ts';
import type { ShownNode } from './nodes.ts';
import { Outage } from './outage.ts';
import type { MachineTime } from './ports.ts';
import { Readiness } from './readiness.ts';
import { refuse } from './refusals.ts';
import { usualSleepMs } from './schedule.ts';
import { ServerClock } from './server-clock.ts';
import { forgetJump } from './shared-jump.ts';
import { noteStuck } from './stuck-incident.ts';
import { lookAtMs } from './turns.ts';
import { inspect, type Pace, purge } from './upkeep.ts';

/** The transactions that were under way go on first. */
const inspectAfterMs = 1000;
const purgeEveryMs = 60_000;
const clockCheckEveryMs = 10_000;
/** How often a node looks for what it owns and does not drive: only defects are found so. */
const lookEveryMs = { shared: 60_000, exclusive: 10_000 } as const;

/** How transactions are read and what is told of their writes: the same whoever changes them. */
export interface NodeContext {
  readonly longTurns: LongTurns;
  restore(stored: StoredTransaction): Transaction;
  written(now: Transaction, before: Transaction): void;
}

/**
 * The life of one node: it begins on its store, holds a lease, keeps time, writes, does what is due again and again, says
 * whether it is ready, and ends.
 */
export class NodeLife {
  readonly #parts: EngineParts;
  readonly #machine: MachineTime;
  readonly #context: NodeContext;
  readonly clock: EngineClock;
  readonly journal: Journal;
  readonly #lease: LeaseKeeper;
  /** Of a shared store, where nobody moves the clock by hand. */
  readonly #serverClock: ServerClock | undefined;
  readonly #readiness: Readiness;
  readonly #outage: Outage;
  /** Of a store for one process, where nobody moves the clock by hand. */
  #keeper: ClockKeeper | undefined;
  readonly #chores: Chores;
  #stopping = false;
  #ended = false;
  /** Why it takes nothing new, though it was not stopped. */
  #leavingReason: string | undefined;
  #startedMs = 0;
  #defects = 0;

  constructor(parts: EngineParts, context: NodeContext) {
    const { runtime, events } = parts;
    this.#parts = parts;
    this.#context = context;
    this.#machine = parts.machine ?? { store: runtime, upkeep: runtime };
    this.#chores = new Chores(this.#machine.upkeep, (error) => this.failed('a periodic task failed', error));
    this.clock = new EngineClock(runtime);
    this.#outage = new Outage({ runtime, warned: (message, error) => events.warned(message, error) });
    this.#readiness = new Readiness((message, reason) => this.#told(message, reason));
    this.journal = new Journal(parts.store, this.#machine.store, parts.settings.journal, {
      committed: (rows, durationMs) => events.journalCommitted(rows, durationMs),
      paused: (reason) => this.#readiness.paused(reason),
      stuck: (gid, reason) => {
        if (reason === undefined) events.warned(`transaction ${gid} can be written again`, undefined);
        else events.warned(`transaction ${gid} cannot be written, and is tried again: others go on`, reason);
      },
      lasting: (write, reason) => noteStuck(parts.store, write, reason),
      fatal: (error) => {
        this.#end();
        events.fatal(error);
      },
    });
    if (parts.machine === undefined && !parts.store.exclusive) {
      this.#serverClock = new ServerClock({
        clock: this.clock,
        runtime,
        warned: (message) => events.warned(message, undefined),
      });
    }
    this.#lease = new LeaseKeeper(this.#leaseContext());
  }

  /** The latest, also where its lease has lapsed. */
  get incarnation(): Incarnation | undefined {
    return this.#lease.incarnation;
  }

  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation {
    return this.#lease.live();
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  get defectCount(): number {
    return this.#defects;
  }

  clockState(): ClockState {
    const { runtime } = this.#parts;
    const held = this.#serverClock?.held;
    return this.#keeper?.state() ?? { nowMs: this.clock.nowMs(), wallMs: runtime.wallMs(), held };
  }

  async acceptClock(): Promise<boolean> {
    const why = 'an operator said so';
    const isAccepted = (await this.#keeper?.accept(why).catch(refuse)) ?? this.#serverClock?.accept(why) ?? false;
    if (isAccepted && !this.#parts.store.exclusive) await forgetJump(this.#parts.store).catch(refuse);
    if (isAccepted) this.#lease.live().dueAt(this.clock.nowMs());
    return isAccepted;
  }

  async start(): Promise<void> {
    const { store } = this.#parts;
    if (store.exclusive) await this.#beginOnExclusiveStore();
    else await this.#beginOnSharedStore();
    this.#chores.every(store.exclusive ? lookEveryMs.exclusive : lookEveryMs.shared, () => this.#look());
    this.#startedMs = this.clock.nowMs();
    this.#chores.every(purgeEveryMs, async () => {
      if (this.#lease.isFirst) await this.purge();
    });
    this.#chores.after(inspectAfterMs, () => void this.#inspect());
  }

  /** Hands back what can be handed back within `graceMs`; the rest is left to takeover. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const closed = this.#lease.close();
    if (this.#lease.incarnation !== undefined && !this.#ended) {
      await Promise.race([closed, this.#chores.rest(graceMs)]);
      await Promise.race([this.journal.drained(), this.#chores.rest(graceMs)]);
    }
    const isHandedBack = (this.incarnation?.activeCount ?? 0) === 0 && this.#lease.isValid();
    this.#end();
    if (isHandedBack) {
      await this.#lease.retire().catch((error: unknown) => this.failed('the heartbeat was not taken back', error));
    }
    await this.journal.stop();
  }

  /** The coordinators on this one's store; a store of its own has this one. */
  nodes(): readonly ShownNode[] {
    const { store, node } = this.#parts;
    if (!store.exclusive) return this.#lease.nodes();
    const { name, version } = node;
    const times = { startedMs: this.#startedMs, heardMs: this.clock.nowMs() };
    const id = this.incarnation?.id ?? '';
    return [
      { id, name, version, format: store.format, isThis: true, isDraining: this.#stopping, isDead: false, ...times },
    ];
  }

  refuseNew(): void {
    this.#stopping = true;
  }

  waits(reason: string | undefined): void {
    this.#readiness.waits(reason);
  }

  doubts(reason: string | undefined): void {
    this.#readiness.doubts(reason);
  }

  unready(): string | undefined {
    if (this.#leavingReason !== undefined && !this.#ended) return this.#leavingReason;
    if (this.#stopping || this.#ended) return 'shutting down';
    this.journal.noticeSilence();
    if (this.#lease.isValid()) return this.#readiness.reason('valid');
    return this.#readiness.reason(this.#lease.incarnation === undefined ? 'none yet' : 'lapsed', this.#outage.reason);
  }

  async purge(): Promise<void> {
    const beforeMs = this.#keeper?.purgeBeforeMs() ?? this.clock.nowMs() - this.#parts.settings.retentionMs;
    await purge(this.#parts.store, beforeMs, this.#pace);
  }

  /** Something that nobody waits for has failed: it is told, and where the store is lost the node ends. */
  failed(message: string, error: unknown): void {
    const code = error instanceof StoreError ? error.code : undefined;
    if (code === 'fatal') {
      this.#end();
      this.#parts.events.fatal(error);
      return;
    }
    const isTold = code === 'full' && this.#readiness.isPaused;
    // It says when there is room again.
    if (code === 'full') this.journal.check();
    if (isTold) return;
    if (code === undefined) this.#parts.events.warned(message, error);
    else this.#told(message, error);
  }

  /** A shared store is away for all who ask it, and again and again. */
  #told(message: string, error: unknown): void {
    if (this.#parts.store.exclusive) this.#parts.events.warned(message, error);
    else this.#outage.failed(message, error);
  }

  #leaseContext(): LeaseContext {
    const { store, caller, runtime, settings, events, node } = this.#parts;
    const isByHand = this.#parts.machine !== undefined;
    const longestMs = store.exclusive ? usualSleepMs.exclusive : usualSleepMs.shared;
    return {
      runtime,
      storeRuntime: this.#machine.store,
      upkeep: this.#machine.upkeep,
      clock: this.clock,
      serverClock: this.#serverClock,
      store,
      journal: this.journal,
      caller,
      limits: settings.active,
      longTurns: this.#context.longTurns,
      flushDelayMs: settings.flushDelayMs,
      // A clock moved by hand stops at due times alone.
      longestSleepMs: isByHand ? Number.POSITIVE_INFINITY : longestMs,
      lookAtMs: isByHand || store.exclusive ? (dueMs) => dueMs : lookAtMs,
      node,
      answered: () => this.#outage.answered(),
      isDraining: () => this.#stopping,
      drainAsked: () => this.#leave('drained: an operator asked for it'),
      refused: (reason) => this.#leave(reason),
      restore: (stored) => this.#context.restore(stored),
      attempted: (...told) => events.attempted(...told),
      moved: (...told) => events.moved(...told),
      written: (...told) => this.#context.written(...told),
      failed: (error) => this.failed('the store cannot be read', error),
      undrivable: (row) => events.unreadable(row, false),
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
        clock: this.clock,
        runtime,
        retentionMs: settings.retentionMs,
        warned: (message) => events.warned(message, undefined),
      });
      await this.#keeper.begin();
      this.#chores.every(clockCheckEveryMs, async () => this.#keeper?.check());
    } else this.clock.startAt(Math.max(runtime.wallMs(), await store.clockMs()));
    this.#lease.takeLock();
    this.journal.check();
  }

  /** The lease is renewed every second, never behind the journal. */
  async #beginOnSharedStore(): Promise<void> {
    const { machine, runtime } = this.#parts;
    if (machine !== undefined) this.clock.startAt(runtime.wallMs());
    await this.#lease.join();
    this.#chores.every(
      () => this.#lease.pauseMs,
      () => this.#lease.renew(),
    );
  }

  async #inspect(): Promise<void> {
    try {
      await inspect(this.#parts.store, this.#pace);
    } catch (error) {
      this.failed('the store cannot be read', error);
    }
  }

  async #look(): Promise<void> {
    if (this.#lease.isValid()) await this.#lease.incarnation?.look();
  }

  /** Takes nothing new, hands back what it drives, and goes on to say that it lives, until it is stopped. */
  #leave(reason: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#leavingReason = reason;
    this.#parts.events.warned(`this coordinator takes nothing new and hands over what it drives: ${reason}`, undefined);
    void this.#lease.close();
  }

  #end(): void {
    this.#ended = true;
    this.#chores.end();
    this.#lease.end();
    void this.journal.stop();
  }

  get #pace(): Pace {
    const { upkeep } = this.#machine;
    return {
      monotonicMs: () => upkeep.monotonicMs(),
      rest: (ms) => this.#chores.rest(ms),
      isOver: () => this.#ended,
    };
  }
}
