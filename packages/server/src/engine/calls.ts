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
import type { AskedCall, BranchCall, Caller, CallResult, Cuttable, Runtime } from './ports.ts';
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

/** One call of an operation, from the decision to its end. */
class Call implements AskedCall, CallOut {
  readonly #calls: Calls;
  readonly operation: number;
  readonly call: BranchCall;
  /** The status that called for it. */
  readonly status: Status;
  readonly askedMs: number;
  sentMs: number | undefined;
  /** Ends it; undefined until it has been handed over. */
  cuttable: Cuttable | undefined;

  constructor(calls: Calls, operation: number, call: BranchCall, status: Status, askedMs: number) {
    this.#calls = calls;
    this.operation = operation;
    this.call = call;
    this.status = status;
    this.askedMs = askedMs;
  }

  mayGo(): boolean {
    return this.#calls.mayGo(this);
  }

  done(result: CallResult): void {
    this.#calls.done(this, result);
  }
}

/** The calls of one driver: what each says, which are out, and the facts that come of them. */
export class Calls {
  readonly #context: CallsContext;
  readonly #row: Row;
  readonly #driver: CallsDriver;
  readonly #out = new Map<number, Call>();
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
    if (target.url === '') {
      // An empty URL always succeeds, without a call.
      this.#answered(operation, { kind: 'success' }, 0, undefined);
      return;
    }
    const { definition, plan, progress } = this.#row.transaction;
    const branchCall: BranchCall = {
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
    const call = new Call(this, operation, branchCall, progress.status, this.#context.clock.nowMs());
    this.#out.set(operation, call);
    call.cuttable = this.#context.caller.call(call);
  }

  /** Its driver has left: what answers now is told to the observers alone. */
  end(): void {
    this.#isOver = true;
  }

  /** Only now may it have run. Asked again where it is sent a second time. */
  mayGo(call: Call): boolean {
    if (!this.#driver.mayGo(call.status)) return false;
    if (call.sentMs !== undefined) return true;
    this.#row.apply({ kind: 'called', operation: call.operation });
    call.sentMs = this.#context.clock.nowMs();
    return true;
  }

  done({ operation }: Call, result: CallResult): void {
    const { clock, lease } = this.#context;
    if (result.kind === 'answered') {
      const { outcome, durationMs, note } = result;
      // Also what comes too late to be written.
      this.#context.attempted(this.#row.transaction, operation, outcome, durationMs);
      if (!this.#isOver) this.#answered(operation, outcome, durationMs, note);
      return;
    }
    if (this.#isOver) return;
    this.#out.delete(operation);
    if (!lease.isValid()) return;
    if (result.untilMs === undefined) this.#driver.happened(undefined);
    else {
      const untilMs = clock.fromMonotonic(result.untilMs);
      const isLocal = result.isLocal === true;
      this.#driver.happened({ kind: 'blocked', operation, untilMs, isLocal, atMs: clock.nowMs() });
    }
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

  #answered(operation: number, outcome: Outcome, durationMs: number, note: string | undefined): void {
    this.#out.delete(operation);
    if (outcome.kind !== 'success') this.#trouble = outcome;
    const { clock, runtime } = this.#context;
    const jitter = runtime.random();
    const answered = { kind: 'answered', operation, outcome, durationMs, jitter, atMs: clock.nowMs() } as const;
    this.#driver.happened(note === undefined ? answered : { ...answered, note });
  }
}
