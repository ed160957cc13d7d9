import { join } from 'node:path';
import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { freePort } from '../../test/lib/free-port.ts';
import { CompiledCoordinator, installCompiled, wallMs } from '../compiled.ts';
import { markOf, perSecond, type Watched, watch } from '../drain.ts';
import { pick } from '../numbers.ts';
import { pause } from '../slice.ts';
import { median } from '../statistics.ts';
import { type RemoteKind, storeSettings } from '../stores.ts';
import { Worker } from '../worker.ts';
import type { RecoveryOptions } from './options.ts';
import { Places } from './places.ts';

/** What ended per second, from the first call of a branch on. */
export interface Rates {
  readonly firstSecond: number;
  readonly median: number;
  /** The last whole second but one: in the last one there is little left. */
  readonly lastSecond: number;
}

export interface Recovered extends Rates {
  /** From exec of the compiled command line to the first 200 of `/readyz`, and to the first call of a branch. */
  readonly readyMs: number;
  readonly firstCallMs: number;
  /** From the first call to the last. */
  readonly drainSeconds: number;
  readonly peakMib: number;
}

/** One repetition; what is compared follows each other. */
export interface Round {
  readonly fresh: Rates;
  readonly all: Recovered;
  /** Half of what was left is for a service that is dead; the figures are of the other half. */
  readonly besideDead: Recovered;
}

export interface RecoveryResult {
  /** Which one, where it is no embedded store. */
  readonly database: string | undefined;
  /** Of what was left: driven at the moment of the crash. */
  readonly owned: number;
  readonly rounds: readonly Round[];
}

const inFlight = 64;
const unfinishedPattern = /^holdfast_unfinished_transactions\{[^}]*\} (\d+)$/gm;

/** What a crash leaves is made once, and copied for each recovery. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #folder: string;
  readonly #progress: (text: string) => void;
  readonly #load = new Worker('load/process.ts');
  #places: Places | undefined;
  #cli = '';

  constructor(options: RecoveryOptions, folder: string, progress: (text: string) => void) {
    this.#options = options;
    this.#folder = folder;
    this.#progress = progress;
  }

  async measure(): Promise<RecoveryResult> {
    this.#progress('compiling');
    this.#cli = installCompiled(join(this.#folder, 'installed', 'node_modules'));
    const { store, unfinished, repetitions } = this.#options;
    this.#places = await Places.start(store, this.#folder);
    this.#progress(`${unfinished} sagas are accepted, then the coordinator is killed; twice`);
    const owned = await this.#crash('crashed');
    await this.#crash('crashed-beside-dead', await freePort());
    const rounds: Round[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      this.#progress(`repetition ${repetition + 1} of ${repetitions}`);
      rounds.push({
        fresh: await this.#freshLoad(),
        all: await this.#recover('crashed', unfinished, true),
        besideDead: await this.#recover('crashed-beside-dead', healthyOf(unfinished), false),
      });
    }
    return { database: this.#places.name, owned, rounds };
  }

  async end(): Promise<void> {
    await this.#load.end();
    await this.#places?.end();
  }

  /** Saves what it leaves under that name, and answers with how many were being driven. */
  async #crash(name: string, deadPort?: number): Promise<number> {
    return await this.#there.saved(name, async (place) => {
      const { servicesPort } = pick(await this.#load.ready(), ['servicesPort']);
      const { store, unfinished } = this.#options;
      const dead = deadPort === undefined ? '' : String(deadPort);
      const former = new Worker('recovery/former.ts', [store, place, String(unfinished), String(servicesPort), dead]);
      const { owned } = pick(await former.ready(), ['owned']);
      await former.kill();
      if (store !== 'sqlite') await makeAllDue(store, place, unfinished);
      return owned;
    });
  }

  get #there(): Places {
    if (this.#places === undefined) throw new Error('there is no place yet');
    return this.#places;
  }

  /** On a process that has just been started, as after a crash, and on an empty store. */
  async #freshLoad(): Promise<Rates> {
    return await this.#there.copied(undefined, async (place) => {
      await this.#load.ask('forgetFirstCall');
      const before = await markOf(this.#load);
      return await this.#onCoordinator(place, async (coordinator) => {
        await this.#load.ask('start', { coordinatorPort: coordinator.port, inFlight, kind: 0, wait: 1 });
        const untilMs = wallMs() + this.#options.seconds * 1000 + 500;
        const watched = await watch(this.#load, before, coordinator, () => wallMs() > untilMs);
        await this.#load.ask('stop');
        return ratesOf(watched);
      });
    });
  }

  async #recover(crashed: string, sagas: number, isAll: boolean): Promise<Recovered> {
    return await this.#there.copied(crashed, async (place) => {
      await this.#load.ask('forgetFirstCall');
      const before = await markOf(this.#load);
      return await this.#onCoordinator(place, async (coordinator) => {
        const watched = await watch(this.#load, before, coordinator, (ended) => ended >= sagas);
        if (isAll) await this.#checkFinished(coordinator);
        const lastMs = watched.marks.at(-1)?.timeMs ?? watched.firstCallMs;
        return {
          ...ratesOf(watched),
          readyMs: coordinator.readyMs - coordinator.startedMs,
          firstCallMs: watched.firstCallMs - coordinator.startedMs,
          drainSeconds: (lastMs - watched.firstCallMs) / 1000,
          peakMib: watched.peakMib,
        };
      });
    });
  }

  async #onCoordinator<T>(place: string, use: (coordinator: CompiledCoordinator) => Promise<T>): Promise<T> {
    const coordinator = await CompiledCoordinator.start(this.#cli, place);
    try {
      return await use(coordinator);
    } finally {
      await coordinator.end();
    }
  }

  /** That the services were called says it for each saga but the writing of its end. */
  async #checkFinished({ port }: CompiledCoordinator): Promise<void> {
    for (const giveUpMs = wallMs() + 10_000; ; await pause(0.2)) {
      const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
      const left = [...text.matchAll(unfinishedPattern)].map((match) => Number(match[1]));
      if (left.length === 0) throw new Error('the metrics do not tell what is unfinished');
      const sum = left.reduce((one, other) => one + other, 0);
      if (sum === 0) return;
      if (wallMs() > giveUpMs) throw new Error(`${sum} sagas are unfinished though all were called to their end`);
    }
  }
}

/** A shared store tells the time by itself: what would be due half an hour later is made due now. */
async function makeAllDue(store: RemoteKind, place: string, count: number): Promise<void> {
  const opened = await createStore(loadSettings({ flags: storeSettings(store, place) }));
  await opened.open();
  const nowMs = await opened.clockMs();
  await opened.makeManyDue(nowMs, count, nowMs);
  await opened.close();
}

/** Tens by turns go to the service that lives and to the dead one. */
function healthyOf(unfinished: number): number {
  return Math.floor(unfinished / 20) * 10 + Math.min(10, unfinished % 20);
}

function ratesOf(watched: Watched): Rates {
  const { marks, firstCallMs } = watched;
  const last = marks.at(-1) ?? { timeMs: firstCallMs, ended: 0 };
  const average = ((last.ended - (marks[0]?.ended ?? 0)) / (last.timeMs - firstCallMs)) * 1000;
  const rates = perSecond(watched);
  // Where it was over within a second or two, the average says more.
  const [firstSecond = average, ...later] = rates;
  const middle = later.slice(0, -1);
  return {
    firstSecond,
    median: middle.length > 0 ? median(middle) : average,
    lastSecond: middle.at(-1) ?? average,
  };
}
