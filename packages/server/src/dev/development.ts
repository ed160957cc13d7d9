import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../engine/coordinator.ts';
import type { MachineTime, Runtime, Sender } from '../engine/ports.ts';
import type { Store } from '../store/store.ts';
import type { Development, Driven, Progressed, Stepped } from '../transport/http/routes/dev-routes.ts';
import { Activity } from './activity.ts';
import { Faults } from './faults.ts';
import { FaultySender } from './faulty-sender.ts';
import { ManualClockRuntime } from './manual-clock-runtime.ts';
import { watchedRuntime, watchedStore } from './watched.ts';

export interface DevelopmentParts {
  /** The machine's time. */
  readonly machine: Runtime;
  /** How long a step of the clock waits for a call that is out, in real time. */
  readonly callWaitMs: number;
  /** Within how much real time a request ends, its waiting for others included; the rest of 10 s is for writing. */
  readonly requestMs?: number;
}

/** What the clock asks of the engine. */
export type Steered = Pick<Coordinator, 'makeDue' | 'query'> & { purge(): Promise<void> };

const usualRequestMs = 9500;
const record = { category: 'dev', key: 'clock' } as const;

/**
 * A clock moved by hand, for tests that do not sleep. It stands around the ports of the engine: gives it its time,
 * counts what runs there, and does to calls what it is asked to. Coordinators of one process that share a store may share
 * it: then it is one clock for all of them.
 */
export class ManualDevelopment implements Development {
  readonly runtime: ManualClockRuntime;
  readonly machine: MachineTime;
  readonly faults = new Faults();
  readonly #activity = new Activity();
  readonly #callWaitMs: number;
  readonly #requestMs: number;
  #store: Store | undefined;
  #recordVersion = 0;
  /** Of those that share it, the first to be made: what it asks of one it asks of their store. */
  #engine: Steered | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor({ machine, callWaitMs, requestMs = usualRequestMs }: DevelopmentParts) {
    this.#callWaitMs = callWaitMs;
    this.#requestMs = requestMs;
    this.runtime = new ManualClockRuntime(this.#activity, () => machine.newId());
    this.machine = { store: watchedRuntime(machine, this.#activity), upkeep: machine };
  }

  /** The clock goes on from where it stood in this store, or begins now; once it has begun, it goes on. The store is open. */
  async begin(store: Store, wallMs: number): Promise<void> {
    if (this.#store !== undefined) return;
    this.#store = store;
    const known = await store.getValue(record.category, record.key);
    this.#recordVersion = known?.version ?? 0;
    this.runtime.moveTo(Math.max(known === undefined ? wallMs : Number(known.value), await store.clockMs()));
    await this.#remember();
  }

  /** The store as the engine is to see it. */
  watched(store: Store): Store {
    return watchedStore(store, this.#activity);
  }

  /** The sender as the engine is to see it. */
  faulty(sender: Sender): Sender {
    return new FaultySender({ sender, runtime: this.runtime, activity: this.#activity, faults: this.faults });
  }

  /** Something outside the engine's ports runs, such as a look-up, until the function returned is called. */
  waits(): () => void {
    return this.#activity.begin();
  }

  steers(engine: Steered): void {
    this.#engine ??= engine;
  }

  get nowMs(): number {
    return this.runtime.wallMs();
  }

  advance(advanceMs: number): Promise<Stepped> {
    return this.#inTurn(async (deadlineMs) => {
      const targetMs = this.nowMs + advanceMs;
      await this.#stepTo(targetMs, deadlineMs);
      await this.#rest(deadlineMs);
      await this.#engine?.purge();
      await this.#remember();
      // The node's own upkeep may have begun meanwhile.
      await this.#rest(deadlineMs);
      const driven = this.#activity.takeDriven();
      return { nowMs: this.nowMs, driven, ...this.#progress(this.nowMs === targetMs) };
    });
  }

  settle(): Promise<Driven> {
    return this.#inTurn(async (deadlineMs) => {
      await this.#rest(deadlineMs);
      return { driven: this.#activity.takeDriven(), ...this.#progress() };
    });
  }

  drive(gid: string): Promise<{ status: string } & Progressed> {
    return this.#inTurn(async (deadlineMs) => {
      await this.#engine?.makeDue(gid);
      await this.#rest(deadlineMs);
      const stored = await this.#engine?.query(gid);
      if (stored === undefined) throw new HoldfastError('NOT_FOUND', 'gid: no such transaction', { field: 'gid' });
      return { status: stored.progress.status, ...this.#progress() };
    });
  }

  /** From due time to due time. Only calls that are still out after their wait can meet their time-out. */
  async #stepTo(targetMs: number, deadlineMs: number): Promise<void> {
    for (;;) {
      await this.#activity.rest({ deadlineMs, callMs: this.#callWaitMs });
      if (this.nowMs >= targetMs || performance.now() >= deadlineMs) return;
      this.runtime.moveTo(Math.min(this.runtime.nextMs, targetMs));
    }
  }

  #rest(deadlineMs: number): Promise<void> {
    return this.#activity.rest({ deadlineMs, callMs: Number.POSITIVE_INFINITY });
  }

  #progress(isDone = true): Progressed {
    if (isDone && this.#activity.isIdle) return { idle: true };
    return { idle: false, inCall: this.#activity.inCall };
  }

  /**
   * One request at a time: each sees what it has done, and nothing of another. The time to wait for its turn is part of
   * its own: whoever does not get it by then is refused, and has changed nothing.
   */
  async #inTurn<Result>(action: (deadlineMs: number) => Promise<Result>): Promise<Result> {
    const deadlineMs = performance.now() + this.#requestMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#turn;
    this.#turn = before.then(() => promise);
    try {
      // With less than a tenth of its time left there is none to do anything in.
      if (!(await isOverBy(before, deadlineMs - this.#requestMs / 10))) throw tooBusy();
      return await action(deadlineMs);
    } finally {
      resolve();
    }
  }

  async #remember(): Promise<void> {
    const { category, key } = record;
    const isWritten = await this.#store?.putValue(category, key, String(this.nowMs), this.#recordVersion, this.nowMs);
    if (isWritten !== true) throw new Error('another process has written the time of the manual clock');
    this.#recordVersion += 1;
  }
}

async function isOverBy(turn: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.ceil(deadlineMs - performance.now()));
  });
  const isOver = await Promise.race([turn.then(() => true), late]);
  clearTimeout(timer);
  return isOver;
}

function tooBusy(): HoldfastError {
  const text = 'other requests to /api/dev took all the time that this one had: nothing was done for it; send it again';
  return new HoldfastError('UNAVAILABLE', text, { retryAfterMs: 1000 });
}
