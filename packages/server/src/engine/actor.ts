import {
  apply,
  type BranchOperation,
  type Decision,
  type Definition,
  decide,
  type Fact,
  fitProgress,
  HoldfastError,
  isFinal,
  type Outcome,
  operationAt,
  queryOperation,
  type Ruling,
  type Status,
  type Transaction,
} from '@holdfast/core';
import type { StoredTransaction, UpdateWrite, WriteResult } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Lease } from './lease.ts';
import type { BranchCall, Caller, CallResult, Runtime, Timer } from './ports.ts';

/** What an actor needs of the engine around it. */
export interface ActorContext {
  readonly runtime: Runtime;
  readonly clock: EngineClock;
  readonly lease: Lease;
  readonly caller: Caller;
  /** Forward successes are flushed this long after they came, unless another write takes them along. */
  readonly flushDelayMs: number;
  /** Whether a row last seen then (monotonic time) must be looked at again before a call; never on an exclusive store. */
  mustLook(seenMs: number): boolean;
  newToken(): string;
  write(write: UpdateWrite, bytes: number, done: (result: WriteResult) => void): void;
  load(gid: string, done: (stored: StoredTransaction | undefined) => void): void;
  restore(stored: StoredTransaction): Transaction;
  /** Called once: it is handed back, final or lost, and the actor does nothing any more. */
  left(actor: Actor, why: Leaving): void;
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
  moved(transaction: Transaction, from: Status): void;
}

export type Leaving =
  | { readonly kind: 'final' }
  /** `woken`: it was made due while the hand-back was being written. */
  | { readonly kind: 'handed-back'; readonly dueMs: number; readonly woken: boolean }
  /** Another owner has it, or the lease has lapsed. */
  | { readonly kind: 'lost' }
  /** A programmer's error: it stays owned and is called no more, so that nothing is guessed. */
  | { readonly kind: 'broken'; readonly error: unknown };

/** What a waiting client is told: the last durable state, and the last answer that was no success in this run. */
export interface Standing {
  readonly transaction: Transaction;
  readonly trouble: Outcome | undefined;
}

/** A change asked for from outside, decided on the committed state. */
interface Request {
  readonly change: (transaction: Transaction) => Ruling;
  /** Where it is so already: make it due now. */
  readonly wake: boolean;
  /** `gone`: the actor left before it could be decided: ask the store. */
  readonly done: (answer: Transaction | HoldfastError | 'gone') => void;
}

/** What is in the journal for this gid: at most one write at a time. */
type Writing = 'none' | 'marks' | 'status' | 'release';

/**
 * Drives one transaction that this incarnation owns: applies its facts in order, decides, makes durable what the
 * decision asks for, calls, applies again. While a status write or the release is uncommitted, facts queue; they are
 * applied to what was committed.
 */
export class Actor {
  readonly gid: string;
  readonly #context: ActorContext;
  #transaction: Transaction;
  #version: number;
  /** What the store holds, as far as is known. */
  #durable: Transaction;
  /** Facts applied since the last write was taken: applied again on top of a reloaded row. */
  #unsaved: Fact[] = [];
  #queued: Fact[] = [];
  #requests: Request[] = [];
  #waiters: ((standing: Standing | 'gone') => void)[] = [];
  readonly #inFlight = new Set<number>();
  #writing: Writing = 'none';
  #left = false;
  #dirty = false;
  #closing = false;
  /** Monotonic time when the row was last known to be as we think. */
  #seenMs: number;
  /** A wake that came during a call or an uncommitted write is kept, once. */
  #woken = false;
  #stepping = false;
  #trouble: Outcome | undefined;
  #wakeTimer: Timer | undefined;
  #flushTimer: Timer | undefined;

  constructor(context: ActorContext, transaction: Transaction, version: number) {
    this.gid = transaction.definition.gid;
    this.#context = context;
    this.#transaction = transaction;
    this.#durable = transaction;
    this.#version = version;
    this.#seenMs = context.runtime.monotonicMs();
  }

  /** The last durable state. */
  get durable(): Transaction {
    return this.#durable;
  }

  get version(): number {
    return this.#version;
  }

  start(): void {
    this.#step();
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
    this.#requests.push(request);
    this.#step();
  }

  /** Makes it due now; while calls are out or a write is uncommitted this is kept for later, once. */
  wake(): void {
    this.#woken = true;
    this.#step();
  }

  /**
   * The row looked like this at that monotonic time. A higher version was written by somebody else under our ownership;
   * a due time that is not ours was set by somebody who makes it due.
   */
  looked(version: number, dueMs: number, seenMs: number): void {
    if (this.#left || version < this.#version) return;
    if (version > this.#version) {
      if (this.#writing === 'none') this.#reload();
      return;
    }
    this.#seenMs = Math.max(this.#seenMs, seenMs);
    if (dueMs !== this.#durable.progress.dueMs && dueMs <= this.#context.clock.nowMs()) this.wake();
  }

  /** Calls nothing more, and hands the transaction back as soon as what is out has answered. */
  close(): void {
    this.#closing = true;
    this.#step();
  }

  /** The lease is gone or the process ends: nothing is written or called any more. */
  drop(): void {
    this.#leave({ kind: 'lost' });
  }

  #step(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    this.#guarded(() => {
      while (this.#stepOnce()) {
        // Each turn either starts a call or a write, or applies a fact; it ends when there is only waiting left.
      }
    });
    this.#stepping = false;
  }

  /** A programmer's error ends this actor alone. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#leave({ kind: 'broken', error });
    }
  }

  get #isBlocked(): boolean {
    return this.#left || this.#writing === 'status' || this.#writing === 'release';
  }

  /** True: something changed, decide again. */
  #stepOnce(): boolean {
    if (this.#isBlocked) return false;
    this.#wakeTimer?.cancel();
    this.#wakeTimer = undefined;
    if (this.#applyQueued()) return true;
    if (this.#requests.length > 0 && this.#writing === 'none') return this.#serveRequest();
    return this.#follow(decide(this.#transaction, this.#inFlight, this.#context.clock.nowMs()));
  }

  #applyQueued(): boolean {
    if (this.#queued.length === 0) return false;
    for (const fact of this.#queued.splice(0)) this.#apply(fact);
    return true;
  }

  #apply(fact: Fact): void {
    this.#transaction = apply(this.#transaction, fact);
    this.#unsaved.push(fact);
    if (fact.kind === 'answered') this.#dirty = true;
  }

  #follow(decision: Decision): boolean {
    switch (decision.kind) {
      case 'call':
        if (this.#closing) return this.#handBackNow();
        if (this.#context.mustLook(this.#seenMs)) return this.#look();
        for (const operation of decision.operations) this.#call(operation);
        return true;
      case 'move':
        return this.#move(decision.to, decision.reason);
      case 'incident': {
        const { incident, untilMs } = decision;
        this.#apply({ kind: 'incident', incident, untilMs, atMs: this.#context.clock.nowMs() });
        return true;
      }
      case 'wait':
        return this.#wait(decision);
      case 'rest':
        this.#leave({ kind: 'final' });
        return false;
      default:
        return decision satisfies never;
    }
  }

  /** Reads the row before it calls; a write under way tells as much. */
  #look(): boolean {
    if (this.#writing === 'none') this.#reload();
    return false;
  }

  #move(to: Status, reason: string): boolean {
    if (this.#writing !== 'none') return false;
    const from = this.#transaction.progress.status;
    this.#apply({ kind: 'moved', to, reason, atMs: this.#context.clock.nowMs() });
    this.#write('status', (result) => this.#movedDurably(result, from));
    return false;
  }

  #movedDurably(result: WriteResult, from: Status): void {
    if (!this.#acceptWrite(result)) return;
    this.#context.moved(this.#transaction, from);
    if (this.#transaction.definition.type === 'tcc' && from === 'prepared') this.#reload();
    else this.#step();
  }

  #serveRequest(): boolean {
    const [request] = this.#requests;
    if (request === undefined) return false;
    const change = request.change(this.#transaction);
    this.#requests.shift();
    if (change instanceof HoldfastError || change === 'nothing') {
      if (change === 'nothing' && request.wake) this.#woken = true;
      request.done(change === 'nothing' ? this.#transaction : change);
      return true;
    }
    const from = this.#transaction.progress.status;
    this.#apply(change);
    const definition = change.kind === 'submitted' ? change.amended?.definition : undefined;
    const done = (result: WriteResult) => {
      if (this.#left) {
        request.done(result === 'done' ? this.#transaction : 'gone');
        return;
      }
      if (result !== 'done') {
        // Not decided: what is stored has changed. It is asked again on what is reloaded, or of the store.
        this.#requests.unshift(request);
        this.#acceptWrite(result);
        return;
      }
      request.done(this.#transaction);
      this.#movedDurably(result, from);
    };
    this.#write('status', done, definition);
    return false;
  }

  #wait(decision: Extract<Decision, { kind: 'wait' }>): boolean {
    const nowMs = this.#context.clock.nowMs();
    const isIdle = this.#inFlight.size === 0;
    if (isIdle && this.#closing) {
      if (this.#writing === 'none')
        this.#release(Math.max(nowMs, Math.min(decision.untilMs, this.#transaction.progress.dueMs)));
      return false;
    }
    if (isIdle && this.#woken && this.#writing === 'none') {
      this.#woken = false;
      const canCallAgain = this.#transaction.run.tried.size > 0 || this.#transaction.run.retryAtMs.size > 0;
      if (canCallAgain) {
        this.#apply({ kind: 'due', atMs: nowMs });
        return true;
      }
    }
    if (isIdle && !decision.within) {
      if (decision.untilMs <= nowMs) {
        this.#apply({ kind: 'due', atMs: nowMs });
        return true;
      }
      if (this.#writing === 'none') this.#release(decision.untilMs);
      return false;
    }
    if (decision.untilMs < Number.POSITIVE_INFINITY) {
      this.#wakeTimer = this.#context.clock.timerAt(decision.untilMs, () => this.#step());
    }
    this.#flushSoon();
    return false;
  }

  #handBackNow(): boolean {
    if (this.#inFlight.size === 0 && this.#writing === 'none') this.#release(this.#context.clock.nowMs());
    return false;
  }

  #flushSoon(): void {
    if (!this.#dirty || this.#flushTimer !== undefined || this.#writing !== 'none') return;
    this.#flushTimer = this.#context.runtime.setTimer(this.#context.flushDelayMs, () => {
      this.#flushTimer = undefined;
      if (this.#dirty && this.#writing === 'none' && !this.#left) {
        this.#write('marks', (result) => {
          if (this.#acceptWrite(result)) this.#step();
        });
      }
    });
  }

  /** Hands it back: no owner, nothing in flight, due at `dueMs`. */
  #release(dueMs: number): void {
    const progress = { ...this.#transaction.progress, dueMs };
    this.#transaction = { ...this.#transaction, progress };
    this.#write('release', (result) => {
      if (this.#acceptWrite(result)) this.#leave({ kind: 'handed-back', dueMs, woken: this.#woken });
    });
  }

  #write(writing: Exclude<Writing, 'none'>, done: (result: WriteResult) => void, definition?: Definition): void {
    const { context, transaction } = { context: this.#context, transaction: this.#transaction };
    this.#writing = writing;
    this.#dirty = false;
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    const isOver = writing === 'release' || isFinal(transaction.progress.status);
    const write: UpdateWrite = {
      kind: 'update',
      gid: this.gid,
      token: context.newToken(),
      expectOwner: context.lease.incarnation,
      expectVersion: this.#version,
      owner: isOver ? null : context.lease.incarnation,
      progress: fitProgress(transaction.progress),
      ...(definition === undefined ? {} : { definition }),
    };
    const saved = this.#unsaved.length;
    const sentMs = context.runtime.monotonicMs();
    context.write(write, 256 + progressBytes(transaction), (result) => {
      this.#writing = 'none';
      if (result === 'done') {
        this.#version += 1;
        this.#seenMs = sentMs;
        this.#durable = transaction;
        this.#unsaved.splice(0, saved);
      }
      done(result);
    });
  }

  /** True: it is written. Otherwise somebody else changed the row: reload and see who owns it. */
  #acceptWrite(result: WriteResult): boolean {
    if (this.#left) return false;
    if (result === 'done') return true;
    this.#reload();
    return false;
  }

  /** Still ours: go on from what is stored, with what is known since; else it is another's. */
  #reload(): void {
    this.#writing = 'status';
    const sentMs = this.#context.runtime.monotonicMs();
    this.#context.load(this.gid, (stored) => {
      if (this.#left) return;
      this.#writing = 'none';
      if (stored === undefined || stored.owner !== this.#context.lease.incarnation) {
        this.#leaveAs(stored);
        return;
      }
      this.#seenMs = sentMs;
      this.#guarded(() => this.#goOnFrom(stored));
      this.#step();
    });
  }

  /** What is stored, and what is known since. */
  #goOnFrom(stored: StoredTransaction): void {
    const kept = this.#unsaved.filter((fact) => fact.kind === 'called' || fact.kind === 'answered');
    const { run } = this.#transaction;
    this.#durable = this.#context.restore(stored);
    this.#version = stored.version;
    this.#transaction = { ...this.#durable, run };
    this.#unsaved = [];
    for (const fact of kept) this.#apply(fact);
  }

  /** It is not ours any more: somebody ended it, or drives it. */
  #leaveAs(stored: StoredTransaction | undefined): void {
    if (stored !== undefined && isFinal(stored.progress.status)) {
      this.#guarded(() => {
        this.#durable = this.#context.restore(stored);
      });
      this.#leave({ kind: 'final' });
    } else this.#leave({ kind: 'lost' });
  }

  #call(operation: number): void {
    const target = this.#targetOf(operation);
    this.#inFlight.add(operation);
    if (target.url === '') {
      // An empty URL always succeeds, without a call.
      this.#answered(operation, { kind: 'success' }, 0, false);
      return;
    }
    const { definition, plan } = this.#transaction;
    const call: BranchCall = {
      gid: this.gid,
      type: definition.type,
      branchId: target.branchId,
      op: operation === queryOperation ? 'msg' : target.op,
      url: target.url,
      protocol: definition.protocol,
      payload: target.payload,
      headers: definition.options.branchHeaders,
      timeoutMs: plan.requestTimeoutMs,
    };
    const status = this.#transaction.progress.status;
    this.#context.caller.call(
      call,
      () => this.#mayGo(operation, status),
      (result) => this.#ended(operation, result),
    );
  }

  #targetOf(operation: number): BranchOperation {
    const { definition, branches } = this.#transaction;
    if (operation === queryOperation) {
      return { branchId: '00', op: 'action', url: definition.queryPrepared, payload: '' };
    }
    const target = operationAt(definition, branches, operation);
    if (target === undefined) throw new Error(`${this.gid} has no operation ${operation}`);
    return target;
  }

  /** Asked just before the call goes out: only now may it have run. */
  #mayGo(operation: number, status: Status): boolean {
    if (this.#left || !this.#context.lease.isValid() || this.#context.mustLook(this.#seenMs)) return false;
    if (this.#transaction.progress.status !== status) return false;
    this.#apply({ kind: 'called', operation });
    return true;
  }

  #ended(operation: number, result: CallResult): void {
    if (this.#left) return;
    if (result.kind === 'answered') {
      this.#answered(operation, result.outcome, result.durationMs, true);
      return;
    }
    this.#inFlight.delete(operation);
    const { clock, lease } = this.#context;
    if (!lease.isValid()) return;
    if (result.untilMs !== undefined) {
      const untilMs = clock.fromMonotonic(result.untilMs);
      this.#queued.push({ kind: 'blocked', operation, untilMs, atMs: clock.nowMs() });
    }
    this.#step();
  }

  #answered(operation: number, outcome: Outcome, durationMs: number, wasCalled: boolean): void {
    this.#inFlight.delete(operation);
    if (outcome.kind !== 'success') this.#trouble = outcome;
    if (wasCalled) this.#context.attempted(this.#transaction, operation, outcome, durationMs);
    const { clock, runtime } = this.#context;
    const jitter = runtime.random();
    this.#queued.push({ kind: 'answered', operation, outcome, durationMs, jitter, atMs: clock.nowMs() });
    this.#step();
  }

  #leave(why: Leaving): void {
    if (this.#left) return;
    this.#left = true;
    this.#wakeTimer?.cancel();
    this.#flushTimer?.cancel();
    this.#context.left(this, why);
    for (const { done } of this.#requests.splice(0)) done('gone');
    const standing = { transaction: this.#durable, trouble: this.#trouble };
    const isKnown = why.kind === 'final' || why.kind === 'handed-back';
    for (const done of this.#waiters.splice(0)) done(isKnown ? standing : 'gone');
  }
}

function progressBytes({ progress }: Transaction): number {
  return progress.operations.length + progress.attempts.length * 128;
}
