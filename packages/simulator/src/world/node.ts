import { DestinationCaller } from 'holdfast/caller/destinations/destination-caller';
import type { Coordinator } from 'holdfast/engine/coordinator';
import { Engine } from 'holdfast/engine/engine';
import type { EngineEvents } from 'holdfast/engine/engine-parts';
import type { Caller } from 'holdfast/engine/ports';
import { StoreError } from 'holdfast/store/store';
import type { MachineClock } from '../kernel/clock.ts';
import { SimulatedProcess } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import { SimulatedRuntime } from '../kernel/runtime.ts';
import { SimulatedSender } from '../network/sender.ts';
import { StoreLink, type StoreMoment, type StoreOperation } from '../store/link.ts';
import { SimulatedStore } from '../store/store.ts';
import { isPoison } from './poison.ts';
import { destinationLimits, engineSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';
import { type Versions, writeAsItsVersion } from './versions.ts';

/**
 * A moment in the life of a process at which an ambush may kill it: wherever it waits for something. `sent`: as it leaves.
 * `applied`: done at the store, the answer is on its way. `answered`, `served`: heard, or said, and all that follows from
 * it at once is done.
 */
export type Moment = `${StoreOperation} ${StoreMoment}` | 'call sent' | 'call answered' | 'client served';

/** down > starting > serving > stopping > down; a crash leads to down from everywhere. */
export type NodeState = 'down' | 'starting' | 'serving' | 'stopping';

/** How long a process that is asked to stop waits for what is out. */
const graceMs = 8000;
/** A pause longer than this outlasts the lease. */
const leaseMs = 5000;

/**
 * A machine on which a coordinator runs: one process after the other, each of them the real engine with a runtime, a
 * store handle and a sender of its own.
 */
export class Node {
  readonly machine: string;
  readonly clock: MachineClock;
  readonly #world: Surroundings;
  readonly #versions: Versions;
  readonly #random: Random;
  #state: NodeState = 'down';
  #lives = 0;
  #process: SimulatedProcess | undefined;
  #store: SimulatedStore | undefined;
  #engine: Engine | undefined;
  #pausedAtMs = 0;
  /** Kills the process when it has come by that moment so often. */
  #ambush: { readonly moment: Moment; times: number; readonly strike: (() => void) | undefined } | undefined;

  constructor(machine: string, clock: MachineClock, world: Surroundings, versions: Versions) {
    this.machine = machine;
    this.clock = clock;
    this.#world = world;
    this.#versions = versions;
    this.#random = world.random(`node ${machine}`);
  }

  get state(): NodeState {
    return this.#state;
  }

  /** It serves, and has to be replaced by the next version. */
  get isOutOfUse(): boolean {
    const store = this.#state === 'serving' ? this.#store : undefined;
    return store !== undefined && this.#versions.isOutOfUse(store.format, this.#world.scheduler.nowMs);
  }

  get isPaused(): boolean {
    return this.#process?.isPaused ?? false;
  }

  /** What the engine holds in memory, for the tests. */
  get activeCount(): number {
    return this.#engine?.activeCount ?? 0;
  }

  /** The life of the coordinator that serves here now. */
  get incarnation(): string | undefined {
    return this.#state === 'serving' ? this.#engine?.nodes().find(({ isThis }) => isThis)?.id : undefined;
  }

  get defectCount(): number {
    return this.#engine?.defectCount ?? 0;
  }

  start(): void {
    if (this.#state !== 'down') return;
    this.#lives += 1;
    this.#state = 'starting';
    const process = new SimulatedProcess(`${this.machine}${this.#lives}`, this.#world.scheduler, this.#random);
    this.#process = process;
    const store = this.#newStore(process);
    const engine = this.#newEngine(process, store);
    this.#store = store;
    this.#engine = engine;
    this.#tell(process, 'starts');
    this.#boot(process, store, engine).catch((error: unknown) => {
      this.#tell(process, `could not start: ${error}`);
      this.#world.statistics.count(`start failed: ${error instanceof StoreError ? error.code : 'defect'}`);
      if (this.#process === process) this.crash();
      this.startAfter(this.#random.between(200, 2000));
    });
  }

  startAfter(delayMs: number): void {
    this.#world.scheduler.after(delayMs, () => this.start());
  }

  /** At once, whatever it was doing. What it sent may still arrive. */
  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#tell(process, 'crashes');
    process.crash();
    this.#release(process);
  }

  /** Frozen: nothing in it happens until it goes on. `isSuspend`: its monotonic clock stands still as well. */
  pause(isSuspend: boolean): void {
    const process = this.#process;
    if (process === undefined || (isSuspend && !this.clock.suspend())) return;
    this.#tell(process, isSuspend ? 'is suspended' : 'is paused');
    this.#pausedAtMs = this.#world.scheduler.nowMs;
    process.pause();
  }

  resume(): void {
    this.clock.resume();
    const process = this.#process;
    if (process === undefined || !process.isPaused) return;
    const { scheduler, statistics, isExclusive } = this.#world;
    if (!isExclusive && scheduler.nowMs - this.#pausedAtMs > leaseMs) statistics.count('paused past its lease');
    this.#tell(process, 'goes on');
    process.resume();
  }

  /** A clean shutdown. */
  stop(): void {
    const { process, engine, store } = { process: this.#process, engine: this.#engine, store: this.#store };
    if (process === undefined || engine === undefined || store === undefined || this.#state !== 'serving') return;
    this.#state = 'stopping';
    this.#tell(process, 'is stopped');
    this.#world.statistics.count('stopped cleanly');
    process.run(() => {
      engine
        .stop(graceMs)
        .then(() => store.close())
        .then(() => {
          if (!process.isAlive) return;
          this.#tell(process, 'ends');
          process.crash();
          this.#release(process);
        })
        .catch((error: unknown) => this.#world.auditor.broke(process.id, `a clean shutdown failed: ${error}`));
    });
  }

  /** The next time its process comes by that moment, or the n-th, it dies there, or this is done. */
  lieInWait(moment: Moment, times: number, strike?: () => void): void {
    this.#ambush = { moment, times, strike };
  }

  disarm(): void {
    this.#ambush = undefined;
  }

  /** Asks the coordinator from its own process; false: nobody is there to be asked. */
  serve(action: (coordinator: Coordinator, process: SimulatedProcess) => void): boolean {
    const { process, engine } = { process: this.#process, engine: this.#engine };
    if (process === undefined || engine === undefined || this.#state === 'down' || this.#state === 'starting') {
      return false;
    }
    process.run(() => action(engine, process));
    return true;
  }

  /** It is handing this transaction back now: what is asked of it meets that. */
  isHandingBack(gid: string): boolean {
    return this.#store?.isHandingBack(gid) ?? false;
  }

  /** A client has been answered by this process. */
  served(process: SimulatedProcess): void {
    this.#passed(process, 'client served');
  }

  async #boot(process: SimulatedProcess, store: SimulatedStore, engine: Engine): Promise<void> {
    await store.open();
    await engine.start();
    if (!process.isAlive) return;
    this.#state = 'serving';
    this.#tell(process, 'serves');
  }

  #newStore(process: SimulatedProcess): SimulatedStore {
    const { scheduler, database, statistics, storeWeather, isExclusive, auditor, delicate } = this.#world;
    const link = new StoreLink(process, {
      scheduler,
      random: this.#random,
      weather: storeWeather,
      statistics,
      isEmbedded: isExclusive,
      machine: this.machine,
      passed: (operation, moment) => this.#passed(process, `${operation} ${moment}`),
    });
    const format = this.#versions.formatAt(scheduler.nowMs);
    auditor.starts(process.id, format);
    const store = new SimulatedStore({
      exclusive: isExclusive,
      format,
      database,
      link,
      by: process.id,
      pause: (delayMs) => new Promise((resolve) => process.after(delayMs, resolve)),
      handingBack: (gid) => {
        for (const told of delicate) told(gid, 'hand-back');
      },
      committing: (batch) => auditor.writers.sent(process.id, batch),
      heartbeatSent: (incarnation) => auditor.leases.sent(process.id, incarnation),
      retiring: (incarnation) => auditor.leases.ended(process.id, incarnation),
    });
    writeAsItsVersion(store);
    return store;
  }

  #newEngine(process: SimulatedProcess, store: SimulatedStore): Engine {
    const { auditor, network, trace, delicate } = this.#world;
    const runtime = new SimulatedRuntime(process, this.clock, this.#random);
    const sender = new SimulatedSender(process, this.clock, network, {
      sent: (call) => {
        if (trace.isOn) trace.write(process.id, call.gid, `calls ${call.branchId}/${call.op} ${call.url}`);
        const watched = auditor.sent(process.id, call);
        for (const told of delicate) told(call.gid, 'call');
        this.#passed(process, 'call sent');
        return {
          answered: (outcome) => {
            if (trace.isOn) trace.write(process.id, call.gid, `hears of ${call.branchId}/${call.op}: ${outcome.kind}`);
            watched.answered(outcome);
            this.#passed(process, 'call answered');
          },
          isOut: () => watched.isOut(),
        };
      },
      sentAgain: (call, mayHaveRun) => {
        if (trace.isOn) trace.write(process.id, call.gid, `sends ${call.branchId}/${call.op} again`);
        auditor.sentAgain(process.id, call, mayHaveRun);
      },
    });
    const destinations = new DestinationCaller({ sender, runtime, limits: destinationLimits(this.#random) });
    const caller: Caller = {
      call: (asked) =>
        destinations.call({
          call: asked.call,
          mayGo: () => asked.mayGo(),
          done: (result) => {
            if (result.kind === 'not-called' && result.untilMs !== undefined) auditor.heldBack(asked.call);
            asked.done(result);
          },
        }),
    };
    const settings = engineSettings(this.#random);
    const node = { name: this.machine, version: '0' };
    return new Engine({ store, node, caller, runtime, settings, events: this.#events(process) });
  }

  #events(process: SimulatedProcess): EngineEvents {
    const { auditor, statistics } = this.#world;
    return {
      attempted: () => undefined,
      created: ({ definition, progress }) => auditor.told(definition.gid, progress.status),
      moved: ({ definition, progress }) => auditor.told(definition.gid, progress.status),
      decided: () => undefined,
      ignored: () => undefined,
      incident: ({ progress }) => statistics.count(progress.incident === '' ? 'incident over' : 'incident raised'),
      unreadable: ({ gid, incident }) => {
        if (isPoison(gid)) this.#world.statistics.count('poisoned row is an incident');
        else auditor.broke(gid, incident);
      },
      journalCommitted: (rows) => statistics.count('rows written', rows),
      warned: (message, error) => {
        this.#tell(process, `warns: ${message} ${error ?? ''}`);
        if (message.includes('cannot be driven')) this.#undrivable(message, error);
        if (message.includes('not driven')) auditor.foundUndriven(message.split(':')[0] ?? '');
      },
      fatal: (error) => {
        this.#tell(process, `ends: ${error}`);
        statistics.count('store lost');
        if (this.#process !== process) return;
        this.crash();
        this.startAfter(this.#random.between(100, 1000));
      },
    };
  }

  #undrivable(message: string, error: unknown): void {
    const gid = message.split(':')[0] ?? '';
    if (isPoison(gid)) this.#world.statistics.count('poisoned row left alone');
    else this.#world.auditor.broke(gid, `${message}: ${error}`);
  }

  #passed(process: SimulatedProcess, moment: string): void {
    const ambush = this.#ambush;
    if (ambush === undefined || ambush.moment !== moment || this.#process !== process) return;
    ambush.times -= 1;
    if (ambush.times > 0) return;
    this.#ambush = undefined;
    if (ambush.strike !== undefined) {
      ambush.strike();
      return;
    }
    this.#world.statistics.count(`crashed at ${moment}`);
    // What it does at once upon what it heard is done; nothing else comes in between.
    if (/answered|served/u.test(moment)) this.#world.scheduler.after(0, () => this.#crashed(process));
    else this.crash();
  }

  #crashed(process: SimulatedProcess): void {
    if (this.#process === process) this.crash();
  }

  #release(process: SimulatedProcess): void {
    const { database } = this.#world;
    if (database.lockedBy === process.id) database.lockedBy = undefined;
    this.#state = 'down';
    this.#process = undefined;
    this.#engine = undefined;
    this.#store = undefined;
    this.clock.resume();
  }

  #tell(process: SimulatedProcess, what: string): void {
    this.#world.trace.write(process.id, '', what);
  }
}
