import assert from 'node:assert/strict';
import {
  apply,
  type BranchOperation,
  createTransaction,
  type Definition,
  decide,
  type Fact,
  HoldfastError,
  isCutOff,
  isFinal,
  type Outcome,
  operationAt,
  operationsOf,
  queryOperation,
  type Ruling,
  restoreTransaction,
  stateOf,
  type Transaction,
} from '../index.ts';
import { defaults, success } from './definitions.ts';

const cut: Outcome = { kind: 'error', message: 'cut', retryAfterMs: 0 };

/** Answers per call, `01 action` for one, in order; success when there are no more. `out`: no answer comes. */
export type Script = Readonly<Record<string, readonly (Outcome | 'out')[]>>;

/**
 * Drives one transaction the way the engine does, without a store, promises or sockets: decide, make durable, call,
 * apply, on a clock set by hand. Calls that are out together are answered in the order they went out.
 */
export class Driver {
  transaction: Transaction;
  nowMs: number;
  /** What would survive a crash. */
  durable: Transaction;
  /** Every call that was made, as `01 action`. */
  readonly calls: string[] = [];
  /** The rules that decided, in order, without repetition. */
  readonly rules: string[] = [];
  /** Every status that was made durable. */
  readonly statuses: string[];
  /** The most calls that were out at once. */
  mostInFlight = 0;
  readonly inFlight = new Set<number>();
  readonly #script: Map<string, (Outcome | 'out')[]>;
  #isHandedBack = false;

  constructor(transaction: Transaction, script: Script = {}) {
    this.transaction = transaction;
    this.durable = transaction;
    this.nowMs = transaction.definition.createdMs;
    this.statuses = [transaction.progress.status];
    this.#script = new Map(Object.entries(script).map(([name, answers]) => [name, [...answers]]));
  }

  /** Submitted at once, and run as far as it goes without waiting for a timer. */
  static submit(definition: Definition, script: Script = {}): Driver {
    const driver = new Driver(createTransaction(definition, 'submitted', defaults), script);
    driver.run();
    return driver;
  }

  /** Prepared; for a tcc with these branches registered. */
  static prepare(definition: Definition, script: Script = {}, branches: readonly BranchOperation[] = []): Driver {
    const driver = new Driver({ ...createTransaction(definition, 'prepared', defaults), branches }, script);
    driver.run();
    return driver;
  }

  get status(): string {
    return this.transaction.progress.status;
  }

  get reason(): string {
    return this.transaction.progress.reason;
  }

  /** Seconds from now to when it is due. */
  get dueInS(): number {
    return (this.transaction.progress.dueMs - this.nowMs) / 1000;
  }

  /** Seconds of the back-off interval. */
  get intervalS(): number {
    return this.transaction.progress.intervalMs / 1000;
  }

  /** Per operation in stored order: P, S or F, as on the wire. */
  get states(): string {
    const letter = { p: 'P', m: 'P', s: 'S', f: 'F' };
    return operationsOf(this.transaction)
      .map((_, operation) => letter[stateOf(this.transaction.progress, operation)])
      .join('');
  }

  apply(fact: Fact): void {
    this.transaction = apply(this.transaction, fact);
  }

  /** A request of a client: what its rule says, made durable, then driven. */
  ask(ruling: Ruling): 'changed' | 'nothing' | HoldfastError {
    if (ruling instanceof HoldfastError) return ruling;
    if (ruling !== 'nothing') {
      this.apply(ruling);
      this.#save();
      this.#isHandedBack = false;
      this.run();
    }
    return ruling === 'nothing' ? 'nothing' : 'changed';
  }

  /** One look by the schedule, that many seconds after creation: false where it is not due. */
  cron(atS = (this.durable.progress.dueMs - this.durable.definition.createdMs) / 1000): boolean {
    this.nowMs = Math.max(this.nowMs, this.durable.definition.createdMs + atS * 1000);
    if (isFinal(this.durable.progress.status) || this.durable.progress.dueMs > this.nowMs) return false;
    this.restart();
    return true;
  }

  /** The process died and another one goes on; or, where it was handed back, it was claimed as due. */
  restart(): void {
    this.inFlight.clear();
    const { definition, branches, progress } = this.durable;
    this.transaction = restoreTransaction(definition, branches, progress, defaults);
    this.apply({ kind: 'loaded', handedBack: this.#isHandedBack, atMs: this.nowMs });
    this.#isHandedBack = false;
    this.run();
  }

  /** What an answer that came without being asked for would do. */
  answer(operation: number, outcome: Outcome, how: { readonly isCut?: boolean } = {}): void {
    this.inFlight.delete(operation);
    this.apply({ kind: 'answered', operation, outcome, atMs: this.nowMs, durationMs: 5, jitter: 0, ...how });
  }

  /** Runs until it is final, waits for a timer, or waits for an answer that does not come. */
  run(): void {
    for (let turns = 0; turns < 10_000; turns += 1) {
      const decision = decide(this.transaction, this.inFlight, this.nowMs);
      if (this.rules.at(-1) !== decision.rule) this.rules.push(decision.rule);
      switch (decision.kind) {
        case 'rest':
          return;
        case 'move':
          this.apply({ kind: 'moved', to: decision.to, reason: decision.reason, atMs: this.nowMs });
          this.#save();
          break;
        case 'incident':
          this.apply({ ...decision, kind: 'incident', atMs: this.nowMs });
          break;
        case 'call':
          for (const operation of decision.operations) this.#call(operation);
          break;
        case 'wait':
          if (!this.#answerNext() && !this.#goOn(decision.untilMs, decision.within)) return;
          break;
        default:
          decision satisfies never;
      }
    }
    assert.fail('it never comes to rest');
  }

  #call(operation: number): void {
    assert.ok(!this.inFlight.has(operation), 'called while it is out');
    this.inFlight.add(operation);
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight.size);
    if (this.#urlOf(operation) === '') {
      this.answer(operation, success);
      return;
    }
    this.apply({ kind: 'called', operation });
    this.calls.push(this.nameOf(operation));
  }

  /** Answers the first call that has an answer. */
  #answerNext(): boolean {
    for (const operation of this.inFlight) {
      const answers = this.#script.get(this.nameOf(operation)) ?? [];
      if (answers[0] === 'out') continue;
      this.answer(operation, (answers.shift() as Outcome | undefined) ?? success);
      return true;
    }
    return false;
  }

  /** True: the wait is within the run, and over. */
  #goOn(untilMs: number, within: boolean): boolean {
    if (this.inFlight.size > 0) return false;
    if (!within) {
      this.transaction = { ...this.transaction, progress: { ...this.transaction.progress, dueMs: untilMs } };
      this.#isHandedBack = true;
      this.#save();
      return false;
    }
    this.nowMs = untilMs;
    return true;
  }

  #save(): void {
    this.durable = this.transaction;
    for (const operation of this.inFlight)
      if (isCutOff(this.durable, operation)) this.answer(operation, cut, { isCut: true });
    const { status } = this.durable.progress;
    if (this.statuses.at(-1) !== status) this.statuses.push(status);
  }

  #urlOf(operation: number): string | undefined {
    const { definition, branches } = this.transaction;
    if (operation === queryOperation) return definition.queryPrepared;
    return operationAt(definition, branches, operation)?.url;
  }

  nameOf(operation: number): string {
    if (operation === queryOperation) return 'query';
    const { definition, branches } = this.transaction;
    const branch = operationAt(definition, branches, operation);
    return `${branch?.branchId} ${branch?.op}`;
  }
}
