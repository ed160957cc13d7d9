import { StoreError, type StoreErrorCode } from 'holdfast/store/store';
import type { SimulatedProcess } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import type { Scheduler } from '../kernel/scheduler.ts';
import type { Statistics } from '../kernel/statistics.ts';
import type { StoreWeather } from './weather.ts';

export type StoreOperation = 'commit' | 'read' | 'claim' | 'change' | 'heartbeat';

/** Where in its life an operation of a process is: moments at which an ambush may kill the process. */
export type StoreMoment = 'sent' | 'applied' | 'answered';

/** The second step of an operation at the database: others may come in between. */
export class Rest<Result> {
  readonly run: () => Result;

  constructor(run: () => Result) {
    this.run = run;
  }
}

/** How operations get to the database and their answers back. */
export interface Link {
  carry<Result>(operation: StoreOperation, apply: () => Result | Rest<Result>): Promise<Result>;
  /** The parts in which a batch is written: usually, and where this is absent, it is one. */
  parts?<Entry>(batch: readonly Entry[]): readonly (readonly Entry[])[];
}

/** How one operation will end. */
type Fate = 'done' | 'not-done' | 'lost' | 'done-unknown' | 'full' | 'fatal';

export interface LinkParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly weather: StoreWeather;
  readonly statistics: Statistics;
  /** Embedded: a function call away, not a network. */
  readonly isEmbedded: boolean;
  /** The machine the process runs on. */
  readonly machine: string;
  readonly passed: (operation: StoreOperation, moment: StoreMoment) => void;
}

const usualMs = { network: [0.3, 6], embedded: [0.2, 4] } as const;
const slowMs = [200, 4000] as const;
/** From the first step of an operation at the database to its second. */
const betweenStepsMs = [0.1, 5] as const;
/** A commit whose connection was lost may still be done this much later. */
const latestMs = 8000;

/**
 * The way of one process to the store and back. An operation that was sent by a process that has died since may be
 * done or lost; its answer reaches nobody.
 */
export class StoreLink implements Link {
  readonly #process: SimulatedProcess;
  readonly #parts: LinkParts;

  constructor(process: SimulatedProcess, parts: LinkParts) {
    this.#process = process;
    this.#parts = parts;
  }

  carry<Result>(operation: StoreOperation, apply: () => Result | Rest<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#process.isAlive) return;
      this.#parts.passed(operation, 'sent');
      const fate = this.#fateOf(operation);
      this.#parts.statistics.count(`store ${operation} ${fate}`);
      this.#go(operation, fate, apply, resolve, reject);
    });
  }

  parts<Entry>(batch: readonly Entry[]): readonly (readonly Entry[])[] {
    const { weather, random, statistics, isEmbedded } = this.#parts;
    if (isEmbedded || batch.length < 2 || !random.chance(weather.faults.divided)) return [batch];
    statistics.count('store commit divided');
    const at = random.integer(1, batch.length - 1);
    return [batch.slice(0, at), batch.slice(at)];
  }

  #go<Result>(
    operation: StoreOperation,
    fate: Fate,
    apply: () => Result | Rest<Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): void {
    const outMs = this.#legMs();
    const { weather } = this.#parts;
    const { restarts } = weather;
    const isCut = () => weather.restarts !== restarts;
    const fail = (code: StoreErrorCode, delayMs: number) =>
      this.#process.after(delayMs, () => reject(new StoreError(code, `simulated: ${operation} ${fate}`)));
    switch (fate) {
      case 'done':
        this.#arrive(outMs, operation, apply, isCut, (result) =>
          this.#process.after(this.#legMs(), () => {
            if (isCut()) reject(new StoreError('unknown-outcome', 'simulated: the server was started again'));
            else if (result.ok) resolve(result.value);
            else reject(result.error);
            this.#parts.passed(operation, 'answered');
          }),
        );
        return;
      case 'not-done':
        fail('not-done', outMs * 2);
        return;
      case 'full':
        fail('full', outMs);
        return;
      case 'fatal':
        if (this.#parts.random.chance(0.5)) this.#arrive(outMs, operation, apply, isCut, () => undefined);
        fail('fatal', outMs * 2);
        return;
      case 'lost':
        fail('unknown-outcome', outMs * 2);
        return;
      case 'done-unknown': {
        const { random, statistics } = this.#parts;
        const isLate = random.chance(0.3);
        if (isLate) statistics.count(`store ${operation} done late`);
        this.#arrive(isLate ? random.skewed(20, latestMs) : outMs, operation, apply, isCut, () => undefined);
        fail('unknown-outcome', isLate ? outMs : outMs * 2);
        return;
      }
      default:
        fate satisfies never;
    }
  }

  /**
   * At the database. What was sent before its process died is there, or was lost with it. A server that is started again
   * has done what it had committed, and nothing of the rest.
   */
  #arrive<Result>(
    delayMs: number,
    operation: StoreOperation,
    apply: () => Result | Rest<Result>,
    isCut: () => boolean,
    then: (result: Applied<Result>) => void,
  ): void {
    this.#parts.scheduler.after(delayMs, () => {
      if (!this.#process.isAlive) {
        const isLost = this.#parts.isEmbedded || this.#parts.random.chance(0.4);
        this.#parts.statistics.count(`store ${operation} of a dead process ${isLost ? 'lost' : 'done'}`);
        if (isLost) return;
      }
      this.#apply(operation, apply, isCut, then);
    });
  }

  #apply<Result>(
    operation: StoreOperation,
    apply: () => Result | Rest<Result>,
    isCut: () => boolean,
    then: (result: Applied<Result>) => void,
  ): void {
    if (isCut()) {
      then({ ok: false, error: new StoreError('unknown-outcome', 'simulated: the server was started again') });
      return;
    }
    const result = attempt(apply);
    if (result.ok && result.value instanceof Rest) {
      const { run } = result.value;
      this.#parts.scheduler.after(this.#parts.random.skewed(...betweenStepsMs), () =>
        this.#apply(operation, run, isCut, then),
      );
      return;
    }
    this.#parts.passed(operation, 'applied');
    then(result as Applied<Result>);
  }

  #fateOf(operation: StoreOperation): Fate {
    const { weather, random, machine, isEmbedded } = this.#parts;
    if (weather.cutOff.has(machine)) return 'lost';
    if (operation === 'heartbeat' && weather.withoutHeartbeat.has(machine)) return 'lost';
    if (weather.isFull && operation !== 'read' && operation !== 'heartbeat') return 'full';
    const { notDone, lost, doneUnknown, fatal } = weather.faults;
    const dice = random.next();
    if (dice < notDone) return 'not-done';
    if (isEmbedded) return operation === 'commit' && dice < notDone + fatal ? 'fatal' : 'done';
    if (dice < notDone + lost) return 'lost';
    return dice < notDone + lost + doneUnknown ? 'done-unknown' : 'done';
  }

  #legMs(): number {
    const { weather, random, isEmbedded } = this.#parts;
    if (random.chance(weather.faults.slow)) return random.skewed(...slowMs);
    const [lowMs, highMs] = isEmbedded ? usualMs.embedded : usualMs.network;
    return random.skewed(lowMs, highMs);
  }
}

type Applied<Result> = { readonly ok: true; readonly value: Result } | { readonly ok: false; readonly error: unknown };

function attempt<Result>(apply: () => Result): Applied<Result> {
  try {
    return { ok: true, value: apply() };
  } catch (error) {
    return { ok: false, error };
  }
}
