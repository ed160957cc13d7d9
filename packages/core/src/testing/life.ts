import assert from 'node:assert/strict';
import {
  actionOf,
  apply,
  createTransaction,
  type Decision,
  decide,
  type Fact,
  fitProgress,
  HoldfastError,
  isCutOff,
  isFinal,
  operationAt,
  type Ruling,
  restoreTransaction,
  ruleAbort,
  ruleRollback,
  ruleStop,
  ruleSubmit,
  type Status,
  type Transaction,
} from '../index.ts';
import type { Happening, Subject } from './arbitrary.ts';
import { createdMs, defaults, success } from './definitions.ts';
import {
  checkDue,
  checkFront,
  checkInterval,
  checkOrder,
  checkRolledBack,
  checkStep,
  checkSuccess,
  checkTurn,
  isCalledFor,
  opOf,
  setToCompensate,
} from './laws.ts';

/**
 * One transaction lived through under whatever happens to it, with everything that must hold checked at every step, by
 * rules of its own. What is durable is what the last status move, flush or hand-back wrote; a crash falls back to it.
 */
export class Life {
  readonly #subject: Subject;
  #transaction: Transaction;
  #durable: Transaction;
  #isHandedBack = false;
  #nowMs = createdMs;
  readonly #inFlight = new Set<number>();
  /** Those of them that wait for a slot: not sent yet, and perhaps never. */
  readonly #unsent = new Set<number>();
  /** Actions that an operator's decision cut in this life. */
  readonly #cut = new Set<number>();
  #hasSlots = true;
  /** Operations that went out at any time, in any life. */
  readonly #everCalled = new Set<number>();
  /** Actions that may count as run although they were not called: found undecided after a crash. */
  readonly #assumed = new Set<number>();
  /** Operations that went out since the last load, and answered SUCCESS. */
  readonly #succeededInThisLife = new Set<number>();
  #frozen: readonly number[] | undefined;
  #wasStopped = false;
  #isRolledBack = false;
  /** When an operator decided not to wait for calls that are out. */
  #waitsNoMoreSinceMs: number | undefined;
  #turnsSinceTime = 0;
  readonly log: string[] = [];

  constructor(subject: Subject) {
    this.#subject = subject;
    const created = createTransaction(subject.definition, subject.startsAs, defaults);
    this.#transaction = { ...created, branches: subject.branches };
    this.#durable = this.#transaction;
    this.#isHandedBack = subject.startsAs === 'prepared';
    checkDue(this.#subject, this.#durable, this.#nowMs);
    this.#pump();
  }

  get transaction(): Transaction {
    return this.#transaction;
  }

  get #status(): Status {
    return this.#transaction.progress.status;
  }

  /** Lives through it; then everything succeeds and time passes until it is final, or waits for a human. */
  through(happenings: readonly Happening[]): void {
    for (const happening of happenings) {
      this.#happen(happening);
      this.#pump();
    }
    this.#finish();
    this.#checkEnd();
  }

  #happen(happening: Happening): void {
    switch (happening.kind) {
      case 'answer': {
        const operation = this.#pick(happening.pick, (known) => !this.#unsent.has(known));
        if (operation !== undefined) this.#answer(operation, happening.outcome);
        return;
      }
      case 'blocked': {
        const operation = this.#pick(happening.pick, (known) => this.#unsent.has(known));
        if (operation === undefined) return;
        this.#inFlight.delete(operation);
        this.#unsent.delete(operation);
        this.#apply({ kind: 'blocked', operation, untilMs: this.#nowMs + happening.forMs, atMs: this.#nowMs });
        return;
      }
      case 'slots':
        this.#hasSlots = happening.areFree;
        if (this.#hasSlots) this.#sendWaiting();
        return;
      case 'pass':
        this.#passTo(this.#nowMs + happening.ms);
        return;
      case 'pass-to-due':
        this.#passTo(Math.max(this.#nowMs, this.#durable.progress.dueMs));
        return;
      case 'flush':
        if (!this.#isHandedBack) this.#save();
        return;
      case 'crash':
        if (!isFinal(this.#durable.progress.status)) this.#load();
        return;
      case 'wake':
        if (!this.#isHandedBack && this.#inFlight.size === 0) this.#apply({ kind: 'due', atMs: this.#nowMs });
        return;
      case 'submit':
        this.#ask(ruleSubmit(this.#transaction, this.#subject.definition, defaults, this.#nowMs));
        return;
      case 'abort':
        this.#ask(ruleAbort(this.#transaction, this.#subject.definition.type, 'asked', this.#nowMs));
        return;
      case 'rollback':
        this.#rollBack(happening.doNotWait);
        return;
      case 'stop':
        this.#wasStopped = !isFinal(this.#status);
        this.#ask(ruleStop(this.#transaction, this.#nowMs));
        return;
      default:
        happening satisfies never;
    }
  }

  /** A request is decided on what is stored; whoever asks becomes the driver, or asks the one there is. */
  #ask(ruling: Ruling): void {
    if (ruling === 'nothing' || ruling instanceof HoldfastError) return;
    if (this.#isHandedBack) this.#apply({ kind: 'loaded', handedBack: true, atMs: this.#nowMs });
    this.#isHandedBack = false;
    this.#apply(ruling);
    this.#save();
  }

  /** Only recorded, as by a node that does not drive it; the driver moves on when it learns of it. */
  #rollBack(doNotWait: boolean): void {
    const ruling = ruleRollback(this.#transaction, { reason: 'asked', doNotWait }, this.#nowMs);
    if (ruling instanceof HoldfastError) return;
    this.#isRolledBack = true;
    if (doNotWait) this.#waitsNoMoreSinceMs ??= this.#nowMs;
    this.#ask(ruling);
  }

  #pick(pick: number, isMeant: (operation: number) => boolean): number | undefined {
    const meant = [...this.#inFlight].filter(isMeant);
    return meant[pick % Math.max(1, meant.length)];
  }

  /** Just before a call goes out it is dropped where the status does not call for it any more. */
  #sendWaiting(): void {
    for (const operation of this.#unsent) {
      if (this.#isCalledFor(operation)) this.#send(operation);
      else this.#inFlight.delete(operation);
    }
    this.#unsent.clear();
  }

  #send(operation: number): void {
    this.log.push(`${operation} ${this.#opOf(operation)}`);
    this.#everCalled.add(operation);
    this.#apply({ kind: 'called', operation });
  }

  #answer(operation: number, outcome: Extract<Happening, { kind: 'answer' }>['outcome']): void {
    this.#inFlight.delete(operation);
    if (outcome.kind === 'success' && this.#isWanted(operation)) this.#succeededInThisLife.add(operation);
    this.#apply({ kind: 'answered', operation, outcome, atMs: this.#nowMs, durationMs: 5, jitter: 0.5 });
  }

  /** Whether its answer still counts. */
  #isWanted(operation: number): boolean {
    return !(this.#opOf(operation) === 'action' && this.#status !== 'submitted');
  }

  #passTo(ms: number): void {
    this.#nowMs = ms;
    this.#turnsSinceTime = 0;
    const { status, dueMs } = this.#durable.progress;
    if (this.#isHandedBack && !isFinal(status) && dueMs <= ms) this.#load();
  }

  /** Claimed: after a crash nothing but the durable progress is left, and what was out is forgotten. */
  #load(): void {
    const { definition, branches, progress } = this.#durable;
    const text = JSON.stringify(fitProgress(progress));
    this.#transaction = restoreTransaction(definition, branches, JSON.parse(text), defaults);
    this.#inFlight.clear();
    this.#unsent.clear();
    this.#cut.clear();
    this.#succeededInThisLife.clear();
    if (!this.#isHandedBack) this.#assume();
    this.#apply({ kind: 'loaded', handedBack: this.#isHandedBack, atMs: this.#nowMs });
    this.#isHandedBack = false;
    this.log.push('loaded');
  }

  /** After a crash every undecided action may have run, but for those behind one that has durably failed. */
  #assume(): void {
    if (this.#status !== 'submitted' || this.#subject.definition.type !== 'saga') return;
    const { operations } = this.#durable.progress;
    this.#subject.ancestors.forEach((ancestors, step) => {
      const isCutOff = [...ancestors].some((earlier) => operations[actionOf(earlier)] === 'f');
      if (!isCutOff) this.#assumed.add(step);
    });
  }

  #apply(fact: Fact): void {
    const before = this.#transaction;
    this.#transaction = apply(before, fact);
    if (this.#status !== before.progress.status) this.log.push(this.#status);
    checkStep(this.#subject, before, fact, this.#transaction);
    checkInterval(this.#subject, this.#transaction);
    checkFront(this.#transaction);
    if (this.#status === 'aborting') this.#checkFrozen();
  }

  /** The set to compensate is what it was when the move to aborting was made. */
  #checkFrozen(): void {
    const set = setToCompensate(this.#subject, this.#transaction);
    this.#frozen ??= set;
    assert.deepEqual(set, this.#frozen, 'the set to compensate is frozen');
  }

  #save(): void {
    this.#durable = this.#transaction;
    checkDue(this.#subject, this.#durable, this.#nowMs);
    for (const operation of [...this.#inFlight]) if (isCutOff(this.#durable, operation)) this.#cutOff(operation);
  }

  /** An operator's decision is durable: what is out ends with it, and what is not out never goes. */
  #cutOff(operation: number): void {
    this.#inFlight.delete(operation);
    if (this.#unsent.delete(operation)) return;
    this.#cut.add(operation);
    const outcome = { kind: 'error', message: 'cut', retryAfterMs: 0 } as const;
    this.#apply({ kind: 'answered', operation, outcome, isCut: true, atMs: this.#nowMs, durationMs: 5, jitter: 0.5 });
  }

  /** Drives it until it waits for an answer, for time, or for nothing. */
  #pump(): void {
    for (;;) {
      if (this.#isHandedBack) return;
      const decision = decide(this.#transaction, this.#inFlight, this.#nowMs);
      assert.deepEqual(decision, decide(this.#transaction, new Set(this.#inFlight), this.#nowMs), 'not deterministic');
      checkTurn(this.#transaction, this.#inFlight, this.#nowMs, decision);
      this.#turnsSinceTime += 1;
      assert.ok(this.#turnsSinceTime < 1000, `it does not come to rest: ${decision.kind} ${decision.rule}`);
      if (!this.#follow(decision)) return;
    }
  }

  /** False: it waits. */
  #follow(decision: Decision): boolean {
    switch (decision.kind) {
      case 'rest':
        assert.ok(isFinal(this.#status));
        return false;
      case 'move':
        if (decision.to === 'succeed') checkSuccess(this.#subject, this.#transaction);
        if (this.#isRolledBack) assert.notEqual(decision.to, 'succeed', 'its rollback was acknowledged');
        this.#apply({ kind: 'moved', to: decision.to, reason: decision.reason, atMs: this.#nowMs });
        assert.equal(this.#status, decision.to);
        this.#save();
        return true;
      case 'incident':
        this.#apply({ ...decision, atMs: this.#nowMs });
        return true;
      case 'call':
        assert.ok(decision.operations.length > 0);
        for (const operation of decision.operations) this.#call(operation);
        return true;
      case 'wait':
        return this.#wait(decision);
      default:
        return decision satisfies never;
    }
  }

  #wait({ untilMs, within }: Extract<Decision, { kind: 'wait' }>): boolean {
    if (this.#inFlight.size > 0) {
      assert.ok(within);
      assert.ok(untilMs > this.#nowMs, 'a wait that is over');
      return false;
    }
    if (untilMs <= this.#nowMs) {
      assert.ok(!within, 'a wait that is over');
      this.#apply({ kind: 'due', atMs: this.#nowMs });
      return true;
    }
    assert.ok(untilMs < Number.POSITIVE_INFINITY, 'it would never be looked at again');
    if (within) return false;
    this.#transaction = { ...this.#transaction, progress: { ...this.#transaction.progress, dueMs: untilMs } };
    this.#isHandedBack = true;
    this.#save();
    return false;
  }

  #call(operation: number): void {
    assert.ok(!this.#inFlight.has(operation), 'called while it is out');
    assert.ok(!this.#succeededInThisLife.has(operation), 'called after it succeeded');
    assert.notEqual(this.#durable.progress.operations[operation], 's', 'called after it succeeded');
    assert.ok(this.#isCalledFor(operation), `${this.#opOf(operation)} before the decision is durable`);
    checkOrder(this.#subject, this.#transaction, operation, this.#inFlight, this.#frozen ?? []);
    this.#checkPatience(operation);
    const { definition, branches } = this.#subject;
    this.#inFlight.add(operation);
    if (operationAt(definition, branches, operation)?.url === '') this.#answer(operation, success);
    else if (this.#hasSlots) this.#send(operation);
    else this.#unsent.add(operation);
  }

  /** What was cut is compensated 10 s after that was decided, unless a crash came between: then nobody knows of it. */
  #checkPatience(operation: number): void {
    if (!this.#cut.has(operation + 1) || this.#waitsNoMoreSinceMs === undefined) return;
    assert.ok(this.#nowMs >= this.#waitsNoMoreSinceMs + 10_000, 'compensated too soon');
  }

  #opOf(operation: number): string {
    return opOf(this.#subject, operation);
  }

  #isCalledFor(operation: number): boolean {
    return isCalledFor(this.#subject, this.#durable, operation);
  }

  #finish(): void {
    this.#hasSlots = true;
    for (let turns = 0; turns < 500 && !isFinal(this.#status); turns += 1) {
      this.#sendWaiting();
      for (const operation of [...this.#inFlight]) this.#answer(operation, success);
      this.#pump();
      if (isFinal(this.#status)) return;
      if (this.#durable.progress.incident === 'prepared-needs-human') {
        const { definition } = this.#subject;
        this.#ask(ruleSubmit(this.#transaction, definition, defaults, this.#nowMs));
      } else if (this.#inFlight.size === 0) this.#passTo(this.#nextMs());
      this.#pump();
    }
    assert.ok(isFinal(this.#status), 'it never ends');
  }

  #nextMs(): number {
    const decision = decide(this.#transaction, this.#inFlight, this.#nowMs);
    const untilMs = decision.kind === 'wait' ? decision.untilMs : this.#nowMs;
    return Math.max(this.#nowMs + 1, this.#isHandedBack ? this.#durable.progress.dueMs : untilMs);
  }

  #checkEnd(): void {
    assert.equal(this.#durable, this.#transaction, 'final but not durable');
    if (this.#wasStopped || this.#subject.definition.type !== 'saga' || this.#frozen === undefined) return;
    checkRolledBack(this.#subject, this.#transaction, this.#everCalled, this.#assumed);
  }
}
