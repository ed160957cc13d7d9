import {
  type CallsOut,
  type Decision,
  decide,
  type Fact,
  hasSecondPhase,
  type Status,
  type Transaction,
  wasAlive,
} from '@holdfast/core';
import type { WriteResult } from '../store/store.ts';
import { Calls, type CallsContext } from './calls.ts';
import { Flush, type FlushContext } from './flush.ts';
import { isLong, type LongTurns } from './long-turns.ts';
import type { Timer } from './ports.ts';
import { type Request, Requests } from './requests.ts';
import { Row, type RowContext } from './row.ts';
import type { Standing } from './standing.ts';

/** What an actor needs of the engine around it. */
export interface ActorContext extends RowContext, CallsContext, FlushContext {
  readonly longTurns: LongTurns;
  /** Whether a row last seen then (monotonic time) must be looked at again before a call; never on an exclusive store. */
  mustLook(seenMs: number): boolean;
  /** Its row is looked at now: it is told by `looked` or `missed`. */
  look(actor: Actor): void;
  /** Called once: it is handed back, final or lost, and the actor does nothing any more. */
  left(actor: Actor, why: Leaving): void;
  moved(transaction: Transaction, from: Status): void;
}

export type Leaving =
  | { readonly kind: 'final' }
  | { readonly kind: 'handed-back'; readonly dueMs: number }
  /** Another owner has it, or the lease has lapsed. */
  | { readonly kind: 'lost' }
  /** A programmer's error: it stays owned and is called no more, so that nothing is guessed. */
  | { readonly kind: 'broken'; readonly error: unknown };

export type Loaded = Extract<Fact, { kind: 'loaded' }>;

/** So many facts are applied and calls are asked for in one go; then whatever else waits has its turn. */
const piecesInOneGo = 256;

/**
 * Drives one transaction that this incarnation owns: applies its facts in order, decides, makes durable what the
 * decision asks for, calls, applies again. While a status write or the release is uncommitted, facts queue; they are
 * applied to what was committed.
 */
export class Actor {
  readonly gid: string;
  readonly #context: ActorContext;
  readonly #row: Row;
  #queued: Fact[] = [];
  #waiters: ((standing: Standing | 'gone') => void)[] = [];
  readonly #calls: Calls;
  readonly #requests: Requests;
  readonly #flush: Flush;
  #left = false;
  #closing = false;
  /** A wake that came during a call or an uncommitted write is kept, once. */
  #woken = false;
  #stepping = false;
  #stepsSoon = false;
  /** It waits for a look at its row before it calls. */
  #looks = false;
  #wakeTimer: Timer | undefined;

  /** @param loaded what a claim tells; undefined where this driver's node has written the row itself */
  constructor(context: ActorContext, transaction: Transaction, version: number, seenMs: number, loaded?: Loaded) {
    this.gid = transaction.definition.gid;
    this.#context = context;
    this.#row = new Row(context, transaction, version, seenMs);
    this.#calls = new Calls(context, this.#row, {
      mayGo: (status) => this.#mayGo(status),
      happened: (fact) => this.#happened(fact),
    });
    this.#flush = new Flush(context, this.#row, (result) => {
      if (this.#accept(result)) this.#step();
    });
    const parts = { clock: context.clock, row: this.#row, calls: this.#calls, flush: this.#flush };
    this.#requests = new Requests(parts, {
      woken: () => {
        this.#woken = true;
      },
      changed: (from) => {
        if (this.#accept('done')) this.#moved(from);
      },
      gaveUp: () => this.#step(),
      reload: () => this.#reload(),
    });
    if (loaded !== undefined) this.#row.apply(loaded);
  }

  start(): void {
    if (isLong(this.#row.transaction.definition)) this.#context.longTurns.take(() => this.#step());
    else this.#step();
  }

  /** As it may be told now, with the calls that are out. */
  get snapshot(): { readonly transaction: Transaction; readonly inFlight: CallsOut } {
    return { transaction: this.#row.told, inFlight: this.#calls.snapshot };
  }

  /** Its row as known here; undefined: it is being written or read. */
  get sight(): { readonly version: number; readonly seenMs: number } | undefined {
    return this.#row.isBusy ? undefined : { version: this.#row.version, seenMs: this.#row.seenMs };
  }

  /** The version of its row that it knows. */
  get version(): number {
    return this.#row.version;
  }

  /** It is being handed back: what comes now is for its next owner. */
  get isReleasing(): boolean {
    return this.#row.isReleasing;
  }

  /** Told once, when the transaction is final or waits for a timer; `gone` when it is lost. */
  wait(done: (standing: Standing | 'gone') => void): void {
    if (this.#left) done('gone');
    else this.#waiters.push(done);
  }

  /** Decided on the committed state, answered when its effect is durable. */
  request(request: Request): void {
    if (this.#left) {
      request.done('gone');
      return;
    }
    this.#requests.add(request);
    this.#step();
  }

  /** Makes it due now; while calls are out or a write is uncommitted this is kept for later, once. */
  wake(): void {
    this.#woken = true;
    this.#step();
  }

  /**
   * The row had this version at that monotonic time. A higher one was written by somebody else under our ownership, who
   * changed it or made it due.
   */
  looked(version: number, seenMs: number): void {
    if (this.#left || version < this.#row.version) return;
    if (version > this.#row.version) {
      if (!this.#row.isBusy) this.#reload();
      return;
    }
    this.#row.seen(seenMs);
    if (!this.#looks) return;
    this.#looks = false;
    this.#step();
  }

  /** The row did not show among ours: unless it is being written or read, it is read, to see whose it is. */
  missed(): void {
    if (!this.#left && !this.#row.isBusy) this.#reload();
  }

  /** Calls nothing more, and hands the transaction back as soon as what is out has answered. */
  close(): void {
    this.#closing = true;
    this.#calls.withdraw();
    this.#step();
  }

  /** The lease is gone or the process ends: nothing is written or called any more. */
  drop(): void {
    this.#leave({ kind: 'lost' });
  }

  #step(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    this.#goOn();
  }

  /** Thousands of operations, one after the other, are no reason to hold up other transactions. */
  #goOn(): void {
    let left = piecesInOneGo;
    let isWaiting = false;
    this.#guarded(() => {
      // Each step either starts calls or a write, or applies facts; it ends when there is only waiting left.
      while (left > 0 && !isWaiting) {
        const pieces = this.#stepOnce(left);
        isWaiting = pieces === 0;
        left -= pieces;
      }
    });
    if (left > 0) this.#stepping = false;
    else this.#context.longTurns.take(() => this.#goOn());
  }

  /** A programmer's error ends this actor alone. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#leave({ kind: 'broken', error });
    }
  }

  /**
   * @param most facts that are applied
   * @returns how many facts and calls it took; 0: there is only waiting left, otherwise decide again
   */
  #stepOnce(most: number): number {
    if (this.#left || this.#row.isBlocked) return 0;
    this.#wakeTimer?.cancel();
    this.#wakeTimer = undefined;
    if (this.#queued.length > 0) return this.#applyQueued(most);
    if (!this.#requests.isEmpty && !this.#row.isBusy) return Number(this.#requests.serve());
    return this.#follow(decide(this.#row.transaction, this.#calls.out, this.#context.clock.nowMs()));
  }

  #applyQueued(most: number): number {
    const facts = this.#queued.splice(0, most);
    for (const fact of facts) this.#row.apply(fact);
    return facts.length;
  }

  #follow(decision: Decision): number {
    switch (decision.kind) {
      case 'call':
        return this.#callAll(decision.operations);
      case 'move':
        this.#move(decision.to, decision.reason);
        return 0;
      case 'incident': {
        const { incident, untilMs } = decision;
        this.#row.apply({ kind: 'incident', incident, untilMs, atMs: this.#context.clock.nowMs() });
        return 1;
      }
      case 'wait':
        return Number(this.#wait(decision));
      case 'rest':
        this.#leave({ kind: 'final' });
        return 0;
      default:
        return decision satisfies never;
    }
  }

  #callAll(operations: readonly number[]): number {
    if (this.#closing) {
      if (this.#calls.out.size === 0) this.#release(this.#context.clock.nowMs());
      return 0;
    }
    if (this.#context.mustLook(this.#row.seenMs)) {
      // A write under way tells as much as a look.
      if (!this.#row.isBusy) this.#lookFirst();
      return 0;
    }
    const asked = operations.slice(0, this.#calls.out.room);
    for (const operation of asked) this.#calls.call(operation);
    return asked.length;
  }

  #lookFirst(): void {
    this.#looks = true;
    this.#context.look(this);
  }

  #move(to: Status, reason: string): void {
    if (this.#row.isBusy) return;
    const from = this.#row.transaction.progress.status;
    this.#row.apply({ kind: 'moved', to, reason, atMs: this.#context.clock.nowMs() });
    this.#calls.withdraw();
    this.#flush.stop();
    this.#row.write('status', (result) => {
      if (this.#accept(result)) this.#moved(from);
    });
  }

  /** Registered branches are read after the move out of prepared is durable: none that was acknowledged is missed. */
  #moved(from: Status): void {
    if (this.#row.durable.progress.status !== from) this.#context.moved(this.#row.durable, from);
    if (hasSecondPhase(this.#row.durable.definition.type) && from === 'prepared') this.#reload();
    else this.#step();
  }

  /** True: something changed. */
  #wait(decision: Extract<Decision, { kind: 'wait' }>): boolean {
    const nowMs = this.#context.clock.nowMs();
    if (this.#calls.out.size > 0) return this.#stayUntil(decision.untilMs);
    const { progress, run } = this.#row.transaction;
    if (this.#closing) {
      this.#release(this.#woken ? nowMs : Math.max(nowMs, Math.min(decision.untilMs, progress.dueMs)));
      return false;
    }
    const isWakened = this.#woken && (run.tried.size > 0 || run.retryAtMs.size > 0);
    this.#woken = this.#woken && this.#row.isBusy;
    const isDue = !decision.within && decision.untilMs <= nowMs;
    if (isDue || (isWakened && !this.#row.isBusy)) {
      this.#row.apply({ kind: 'due', atMs: nowMs });
      return true;
    }
    if (decision.within) return this.#stayUntil(decision.untilMs);
    this.#release(decision.untilMs);
    return false;
  }

  #stayUntil(untilMs: number): boolean {
    if (untilMs < Number.POSITIVE_INFINITY) {
      this.#wakeTimer = this.#context.clock.timerAt(untilMs, () => this.#step());
    }
    this.#flush.soon();
    return false;
  }

  /** Hands it back; what is being written comes first. */
  #release(dueMs: number): void {
    if (this.#row.isBusy) return;
    this.#flush.stop();
    this.#row.release(dueMs, (result) => {
      if (this.#accept(result)) this.#leave({ kind: 'handed-back', dueMs });
    });
  }

  /** True: it is written. Otherwise somebody else changed the row: read it and see who owns it. */
  #accept(result: WriteResult): boolean {
    if (this.#left) return false;
    if (result === 'done') {
      this.#calls.cutOff(this.#row);
      return true;
    }
    this.#reload();
    return false;
  }

  #reload(): void {
    this.#row.reload((takeOver) => {
      if (this.#left) return;
      const { version, durable } = this.#row;
      this.#guarded(() => {
        const whose = takeOver();
        if (whose !== 'ours') this.#leave({ kind: whose });
        else this.#calls.cutOff(this.#row);
      });
      // Whoever else wrote it and left it due made it due.
      const isDue = this.#row.durable.progress.dueMs <= this.#context.clock.nowMs();
      if (this.#row.version > version && isDue && !wasAlive(durable, this.#row.durable)) this.#woken = true;
      this.#step();
    });
  }

  /** Asked just before a call goes out. */
  #mayGo(status: Status): boolean {
    if (this.#left || !this.#context.lease.isValid() || this.#context.mustLook(this.#row.seenMs)) return false;
    if (this.#row.transaction.progress.status !== status) return false;
    // It ends, or somebody else has changed the row and it is being read.
    return !this.#closing && !this.#row.isBlocked;
  }

  /** @param fact undefined: nothing did, but a call that was to go out will not */
  #happened(fact: Fact | undefined): void {
    if (fact === undefined) this.#stepSoon();
    else {
      this.#queued.push(fact);
      this.#step();
    }
  }

  /** Hundreds of calls may be withdrawn at once: one decision follows from all of them. */
  #stepSoon(): void {
    if (this.#stepsSoon) return;
    this.#stepsSoon = true;
    this.#context.runtime.soon(() => {
      this.#stepsSoon = false;
      this.#step();
    });
  }

  #leave(why: Leaving): void {
    if (this.#left) return;
    this.#left = true;
    this.#calls.cutOff(this.#row);
    this.#calls.end(why.kind === 'lost');
    this.#wakeTimer?.cancel();
    this.#flush.stop();
    this.#context.left(this, why);
    this.#requests.end();
    const standing = { transaction: this.#row.durable, trouble: this.#calls.trouble };
    const isKnown = why.kind === 'final' || why.kind === 'handed-back';
    for (const done of this.#waiters.splice(0)) done(isKnown ? standing : 'gone');
  }
}
