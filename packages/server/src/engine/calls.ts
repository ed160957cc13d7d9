import {
  type BranchOperation,
  type CallOut,
  type CallsOut,
  type CutCall,
  cutReason,
  doNotWaitMs,
  type Fact,
  isCutOff,
  isFinal,
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
  /** What ends it; undefined until it has been handed over. */
  cuttable: Cuttable | undefined;
  /** Why it was ended while it was out. */
  cutWhy = '';

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

  cut(why: string): void {
    this.cutWhy = why;
    this.cuttable?.cut();
  }
}

const whyCut = {
  decided: 'an operator decided not to wait for it',
  stopped: 'an operator stopped the transaction',
  lost: 'this coordinator does not drive the transaction any more',
} as const;

/** What else is known of an answer. */
interface Aside {
  readonly isCut?: boolean;
  readonly note?: string | undefined;
}

/**
 * So many calls of one transaction may be asked for at once; with so many it asks again once half of them have ended.
 * More would only wait, in front of the calls of others or of its own: the largest part that one origin takes by default
 * is half of it.
 */
export const mostCalls = 512;

/**
 * By operation. Those that an earlier status called for do not count as room taken: actions that hang would hold up the
 * compensations of others.
 */
class OutCalls extends Map<number, Call> {
  #status: Status | undefined;
  /** Of this status. */
  #counted = 0;
  #isFull = false;
  readonly #clock: EngineClock;
  /** Of those that were cut, monotonic time. */
  readonly #cutUntilMs = new Map<number, number>();

  constructor(clock: EngineClock) {
    super();
    this.#clock = clock;
  }

  /** As it is in that status: nothing goes back to an earlier one. */
  in(status: Status): this {
    if (status === this.#status) return this;
    this.#status = status;
    this.#counted = 0;
    this.#isFull = false;
    return this;
  }

  add(call: Call): void {
    this.set(call.operation, call);
    if (call.status === this.#status) this.#counted += 1;
  }

  end({ operation, status }: Call): void {
    if (this.delete(operation) && status === this.#status) this.#counted -= 1;
  }

  cut(operation: number, atMonotonicMs: number): void {
    this.#cutUntilMs.set(operation, atMonotonicMs + doNotWaitMs);
  }

  cutUntilMs(operation: number): number | undefined {
    const untilMs = this.#cutUntilMs.get(operation);
    return untilMs === undefined ? undefined : this.#clock.fromMonotonic(untilMs);
  }

  get isFull(): boolean {
    if (this.#counted >= mostCalls) this.#isFull = true;
    else if (this.#counted <= mostCalls / 2) this.#isFull = false;
    return this.#isFull;
  }

  /** How many more may be asked for; one at least, for what is tried again. */
  get room(): number {
    return Math.max(1, mostCalls - this.#counted);
  }
}

/** The calls of one driver: what each says, which are out, and the facts that come of them. */
export class Calls {
  readonly #context: CallsContext;
  readonly #row: Row;
  readonly #driver: CallsDriver;
  readonly #out: OutCalls;
  #trouble: Outcome | undefined;
  #isOver = false;

  constructor(context: CallsContext, row: Row, driver: CallsDriver) {
    this.#context = context;
    this.#row = row;
    this.#driver = driver;
    this.#out = new OutCalls(context.clock);
  }

  /** Without an answer yet, by operation. */
  get out(): CallsOut & Pick<OutCalls, 'isFull' | 'room' | 'cutUntilMs'> {
    return this.#out.in(this.#row.transaction.progress.status);
  }

  /** The same, as it is now. */
  get snapshot(): CallsOut & Pick<OutCalls, 'isFull' | 'cutUntilMs'> {
    const { isFull } = this.out;
    const cutUntilMs = (operation: number) => this.#out.cutUntilMs(operation);
    return Object.assign(new Map<number, CallOut>(this.#out), { isFull, cutUntilMs });
  }

  /** The last answer that was no success. */
  get trouble(): Outcome | undefined {
    return this.#trouble;
  }

  call(operation: number): void {
    const target = this.#targetOf(operation);
    if (target.url === '') {
      // An empty URL always succeeds, without a call.
      this.#answered(operation, { kind: 'success' }, 0);
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
    this.#out.add(call);
    call.cuttable = this.#context.caller.call(call);
  }

  /** Those that are out, for what is written of a stop. */
  get sent(): CutCall[] {
    const sent: CutCall[] = [];
    for (const { operation, sentMs } of this.#out.values()) if (sentMs !== undefined) sent.push({ operation, sentMs });
    return sent;
  }

  /** What has not gone out never goes: what called for it has changed, or nothing is called any more. */
  withdraw(): void {
    for (const call of this.#out.values()) if (call.sentMs === undefined) call.cut('');
  }

  /** Ends the calls that an operator's decision ends; it is durable. */
  cutOff({ durable }: Pick<Row, 'durable'>): void {
    const { operatorDecisions, status } = durable.progress;
    if (operatorDecisions === undefined) return;
    const why = isFinal(status) ? whyCut.stopped : whyCut.decided;
    for (const call of this.#out.values()) if (isCutOff(durable, call.operation)) call.cut(why);
  }

  /**
   * Its driver has left: what answers now is told to the observers alone. Where it lost the transaction, whoever has it now
   * must not meet what is still out; otherwise what is out may end as it will.
   */
  end(isLost: boolean): void {
    this.#isOver = true;
    if (isLost) for (const call of this.#out.values()) call.cut(whyCut.lost);
    else this.withdraw();
  }

  /** Only now may it have run. Asked again where it is sent a second time. */
  mayGo(call: Call): boolean {
    if (!this.#driver.mayGo(call.status)) return false;
    if (call.sentMs !== undefined) return true;
    this.#row.apply({ kind: 'called', operation: call.operation });
    call.sentMs = this.#context.clock.nowMs();
    return true;
  }

  done(call: Call, result: CallResult): void {
    const { clock, lease } = this.#context;
    const { operation, cutWhy } = call;
    if (result.kind === 'answered') {
      const { durationMs, note, isCut = false } = result;
      const outcome: Outcome = isCut ? { kind: 'error', message: cutReason(cutWhy), retryAfterMs: 0 } : result.outcome;
      // Also what comes too late to be written.
      this.#context.attempted(this.#row.transaction, operation, outcome, durationMs);
      if (this.#isOver) return;
      this.#out.end(call);
      if (isCut) this.#out.cut(operation, this.#context.runtime.monotonicMs());
      this.#answered(operation, outcome, durationMs, { isCut, note });
      return;
    }
    if (this.#isOver) return;
    this.#out.end(call);
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

  #answered(operation: number, outcome: Outcome, durationMs: number, { isCut = false, note }: Aside = {}): void {
    if (outcome.kind !== 'success') this.#trouble = outcome;
    const { clock, runtime } = this.#context;
    const jitter = runtime.random();
    const answered = { kind: 'answered', operation, outcome, durationMs, jitter, atMs: clock.nowMs() } as const;
    const isPlain = !isCut && note === undefined;
    this.#driver.happened(
      isPlain ? answered : { ...answered, ...(isCut && { isCut }), ...(note !== undefined && { note }) },
    );
  }
}
