import assert from 'node:assert/strict';
import type { Outcome, Transaction } from '@holdfast/core';
import { Database } from '../../../../simulator/src/store/database.ts';
import { Rest, type StoreOperation } from '../../../../simulator/src/store/link.ts';
import { SimulatedStore } from '../../../../simulator/src/store/store.ts';
import type { StoredTransaction } from '../../store/store.ts';
import { Engine } from '../engine.ts';
import type { EngineSettings } from '../engine-parts.ts';
import type { AskedCall, BranchCall, CallResult, Cuttable } from '../ports.ts';
import { defaults } from './asked.ts';
import { ManualRuntime } from './manual-runtime.ts';

/** Where an operation of the store is held up: on its way there, or its answer on the way back. */
type Leg = 'request' | 'answer';

export interface WorldOptions {
  readonly exclusive?: boolean;
  readonly settings?: Partial<EngineSettings>;
  /** Another node on the same store and the same machine. */
  readonly beside?: EngineWorld;
}

export interface CalledBranch {
  readonly call: BranchCall;
  readonly mayGo: () => boolean;
  readonly done: (result: CallResult) => void;
}

export const settings: EngineSettings = {
  defaults,
  journal: { batchRows: 100, batchBytes: 1e6, softRows: 100, softBytes: 1e7, hardRows: 200, hardBytes: 2e7 },
  active: { maxActive: 100, maxActiveBytes: 1e7, claimRows: 10 },
  flushDelayMs: 100,
  retentionMs: 1e9,
  workflowAnswers: { grpc: 20_000, http: 40_000 },
};

/** An engine on manual time and a store in memory, whose answers and calls come when the test says. For tests. */
export class EngineWorld {
  readonly runtime: ManualRuntime;
  readonly database: Database;
  readonly store: SimulatedStore;
  readonly engine: Engine;
  /** Calls that were asked for and not taken by the test. */
  readonly calls: CalledBranch[] = [];
  /** How far the clock of the store's server is ahead of this machine's. */
  serverAheadMs = 0;
  /** The caller throws: a defect that breaks a driver. */
  breakCalls = false;
  readonly warnings: string[] = [];
  /** What the outside was told, in order. */
  readonly told: string[] = [];
  readonly fatal: unknown[] = [];
  /** Operations of the store that do not get there, with their error. */
  readonly failing = new Map<StoreOperation, unknown>();
  /** How often the store was asked. */
  readonly asked: Record<StoreOperation, number> = { commit: 0, read: 0, claim: 0, change: 0, heartbeat: 0 };
  readonly #held: { operation: StoreOperation; leg: Leg; go: PromiseWithResolvers<void> }[] = [];

  constructor(options: WorldOptions = {}) {
    const { beside } = options;
    const runtime = beside?.runtime ?? new ManualRuntime();
    this.runtime = runtime;
    this.database = beside?.database ?? new Database(() => runtime.wallMs() + this.serverAheadMs);
    this.store = new SimulatedStore({
      exclusive: options.exclusive ?? beside === undefined,
      database: this.database,
      by: 'test',
      link: { carry: (operation, apply) => this.#carry(operation, apply) },
      pause: async () => undefined,
    });
    this.engine = new Engine({
      store: this.store,
      node: { name: 'test', version: '0' },
      caller: { call: (asked) => this.#call(asked) },
      runtime,
      settings: { ...settings, ...options.settings },
      events: {
        attempted: (transaction, operation, { kind }) => this.#tell(transaction, `${operation} ${kind}`),
        created: (transaction) => this.#tell(transaction, `created ${transaction.progress.status}`),
        moved: (transaction, from) => this.#tell(transaction, `${from} to ${transaction.progress.status}`),
        ignored: (transaction, fields) => this.#tell(transaction, `ignored: ${fields.join(', ')}`),
        decided: (transaction, { kind }) => this.#tell(transaction, `an operator: ${kind}`),
        incident: (transaction, former) => this.#tell(transaction, `'${former}' to '${transaction.progress.incident}'`),
        unreadable: () => undefined,
        journalCommitted: () => undefined,
        warned: (message) => void this.warnings.push(message),
        fatal: (error) => void this.fatal.push(error),
      },
    });
  }

  async start(): Promise<this> {
    await this.store.open();
    await this.engine.start();
    await this.runtime.settle();
    return this;
  }

  /** The next operation of that kind is held up there until the function returned is called, with an error or well. */
  hold(operation: StoreOperation, leg: Leg): (error?: unknown) => void {
    const go = Promise.withResolvers<void>();
    this.#held.push({ operation, leg, go });
    return (error) => (error === undefined ? go.resolve() : go.reject(error));
  }

  /** The next call goes out; undefined where its driver does not want it any more. */
  send(): CalledBranch | undefined {
    const called = this.calls.shift() ?? assert.fail('nothing is called');
    if (called.mayGo()) return called;
    called.done({ kind: 'not-called', untilMs: undefined });
    return undefined;
  }

  /** Sends the next call and answers it. */
  async answer(outcome: Outcome): Promise<string> {
    const { call, done } = this.send() ?? assert.fail('it does not go out');
    done({ kind: 'answered', outcome, durationMs: 1 });
    await this.runtime.settle();
    return call.url;
  }

  /** Waits for what needs no time to pass. */
  async done<Value>(promise: Promise<Value>): Promise<Value> {
    // A refusal is the caller's to see, at the end.
    promise.catch(() => undefined);
    await this.runtime.settle();
    return promise;
  }

  row(gid: string): StoredTransaction {
    return this.database.rows.get(gid) ?? assert.fail(`${gid} is not stored`);
  }

  #tell({ definition }: Transaction, what: string): void {
    this.told.push(`${definition.gid}: ${what}`);
  }

  #call(asked: AskedCall): Cuttable {
    if (this.breakCalls) throw new Error('broken on purpose');
    const { call } = asked;
    let isOver = false;
    const done = (result: CallResult) => {
      if (!isOver) asked.done(result);
      isOver = true;
    };
    const called = { call, mayGo: () => asked.mayGo(), done };
    this.calls.push(called);
    return { cut: () => this.runtime.soon(() => this.#cut(called)) };
  }

  /** What the test has not sent is withdrawn. */
  #cut(called: CalledBranch): void {
    const at = this.calls.indexOf(called);
    if (at >= 0) this.calls.splice(at, 1);
    if (at >= 0) called.done({ kind: 'not-called', untilMs: undefined });
    else
      called.done({
        kind: 'answered',
        outcome: { kind: 'error', message: '', retryAfterMs: 0 },
        durationMs: 1,
        isCut: true,
      });
  }

  async #carry<Result>(operation: StoreOperation, apply: () => Result | Rest<Result>): Promise<Result> {
    this.asked[operation] += 1;
    await this.#pass(operation, 'request');
    if (this.failing.has(operation)) throw this.failing.get(operation);
    const first = apply();
    const result = first instanceof Rest ? first.run() : first;
    await this.#pass(operation, 'answer');
    return result;
  }

  async #pass(operation: StoreOperation, leg: Leg): Promise<void> {
    const at = this.#held.findIndex((held) => held.operation === operation && held.leg === leg);
    const [held] = at < 0 ? [] : this.#held.splice(at, 1);
    await held?.go.promise;
  }
}
