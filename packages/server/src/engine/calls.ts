import {
  type BranchOperation,
  type CallOut,
  type CallsOut,
  type Fact,
  type Outcome,
  operationAt,
  queryOperation,
  type Status,
  type Transaction,
} from '@holdfast/core';
import type { EngineClock } from './clock.ts';
import type { Lease } from './lease.ts';
import type { BranchCall, Caller, CallResult, Runtime } from './ports.ts';
import type { Row } from './row.ts';

export interface CallsContext {
  readonly runtime: Runtime;
  readonly clock: EngineClock;
  readonly caller: Caller;
  readonly lease: Lease;
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
}

/** Who drives the transaction. */
export interface CallsDriver {
  /** Asked just before a call goes out that was decided in this status. */
  mayGo(status: Status): boolean;
  /** What a call has led to; undefined: it did not go out, and nothing says when it may. */
  happened(fact: Fact | undefined): void;
}

/** The calls of one driver: what each says, which are out, and the facts that come of them. */
export class Calls {
  readonly #context: CallsContext;
  readonly #row: Row;
  readonly #driver: CallsDriver;
  readonly #out = new Map<number, CallOut>();
  #trouble: Outcome | undefined;
  #isOver = false;

  constructor(context: CallsContext, row: Row, driver: CallsDriver) {
    this.#context = context;
    this.#row = row;
    this.#driver = driver;
  }

  /** Without an answer yet, by operation. */
  get out(): CallsOut {
    return this.#out;
  }

  /** The last answer that was no success. */
  get trouble(): Outcome | undefined {
    return this.#trouble;
  }

  call(operation: number): void {
    const target = this.#targetOf(operation);
    const askedMs = this.#context.clock.nowMs();
    this.#out.set(operation, { askedMs, sentMs: undefined });
    if (target.url === '') {
      // An empty URL always succeeds, without a call.
      this.#answered(operation, { kind: 'success' }, 0);
      return;
    }
    const { definition, plan, progress } = this.#row.transaction;
    const call: BranchCall = {
      gid: definition.gid,
      type: definition.type,
      branchId: target.branchId,
      op: target.op,
      url: target.url,
      protocol: definition.protocol,
      payload: target.payload,
      headers: definition.options.branchHeaders,
      timeoutMs: plan.requestTimeoutMs,
    };
    const { status } = progress;
    this.#context.caller.call(
      call,
      () => this.#goes(operation, status, askedMs),
      (result) => this.#ended(operation, result),
    );
  }

  /** Its driver has left: what answers now is told to the observers alone. */
  end(): void {
    this.#isOver = true;
  }

  #targetOf(operation: number): BranchOperation {
    const { definition, branches, plan } = this.#row.transaction;
    if (operation === queryOperation) {
      return { branchId: '00', op: 'msg', url: definition.queryPrepared, payload: '', ...plan.callback };
    }
    const target = operationAt(definition, branches, operation);
    if (target === undefined) throw new Error(`${definition.gid} has no operation ${operation}`);
    return target;
  }

  /** Only now may it have run. */
  #goes(operation: number, status: Status, askedMs: number): boolean {
    if (!this.#driver.mayGo(status)) return false;
    this.#row.apply({ kind: 'called', operation });
    this.#out.set(operation, { askedMs, sentMs: this.#context.clock.nowMs() });
    return true;
  }

  #ended(operation: number, result: CallResult): void {
    const { clock, lease } = this.#context;
    if (result.kind === 'answered') {
      // Also what comes too late to be written.
      this.#context.attempted(this.#row.transaction, operation, result.outcome, result.durationMs);
      if (!this.#isOver) this.#answered(operation, result.outcome, result.durationMs);
      return;
    }
    if (this.#isOver) return;
    this.#out.delete(operation);
    if (!lease.isValid()) return;
    if (result.untilMs === undefined) this.#driver.happened(undefined);
    else {
      const untilMs = clock.fromMonotonic(result.untilMs);
      this.#driver.happened({ kind: 'blocked', operation, untilMs, atMs: clock.nowMs() });
    }
  }

  #answered(operation: number, outcome: Outcome, durationMs: number): void {
    this.#out.delete(operation);
    if (outcome.kind !== 'success') this.#trouble = outcome;
    const { clock, runtime } = this.#context;
    const jitter = runtime.random();
    this.#driver.happened({ kind: 'answered', operation, outcome, durationMs, jitter, atMs: clock.nowMs() });
  }
}
