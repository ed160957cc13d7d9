import { type Burst, measureBurst } from './burst.ts';
import { type Kind, kinds } from './load/kinds.ts';
import type { Options } from './options.ts';
import { type Line, type Lines, nameOf, type Subject } from './result.ts';
import { measureSlice, pause, type Slice, type SliceRequest } from './slice.ts';
import { createDatabase, type Database, startDatabase } from './stores.ts';
import { Worker } from './worker.ts';

interface Measured extends Line {
  readonly slices: Slice[];
}

const burstInFlight = 256;
const burstPauseSeconds = 1;

/**
 * All processes stay for the whole run and take turns, one slice each, the order turned round at every repetition:
 * what else the machine does hits all alike.
 */
export class Run {
  readonly #options: Options;
  readonly #folder: string;
  readonly #load = new Worker('load/process.ts');
  readonly #processes = new Map<Subject, Worker>();
  readonly #database: Database | undefined;
  #started = 0;
  #isWarm = false;

  private constructor(options: Options, folder: string, database: Database | undefined) {
    this.#options = options;
    this.#folder = folder;
    this.#database = database;
  }

  /**
   * @param folder of this run, on the disk that is measured
   * @param other where another state of the project is
   */
  static async start(options: Options, folder: string, other: string | undefined): Promise<Run> {
    const { store } = options;
    const database = store === 'sqlite' ? undefined : await startDatabase(store);
    const run = new Run(options, folder, database);
    try {
      if (database === undefined) run.#startEmbedded(other);
      else await run.#startShared(store, database, other);
      return run;
    } catch (error) {
      await run.end();
      throw error;
    }
  }

  /** What it is, where there is one. */
  get database(): string | undefined {
    return this.#database?.name;
  }

  #startEmbedded(other: string | undefined): void {
    const { stored, profile = '' } = this.#options;
    const sqlite = new Worker('coordinator.ts', ['sqlite', `${this.#folder}/data`, String(stored), profile]);
    this.#processes.set('own', sqlite).set('own, no wait', sqlite);
    this.#processes.set('memory', new Worker('coordinator.ts', ['memory']));
    this.#processes.set('bare', new Worker('bare/process.ts'));
    this.#processes.set('bare with store', new Worker('bare/process.ts', ['log', `${this.#folder}/bare.log`]));
    if (other !== undefined) {
      this.#processes.set('other', new Worker('coordinator.ts', ['sqlite', `${this.#folder}/other-data`], other));
    }
  }

  /** All on one server; those of another state of the project on a database of their own there. */
  async #startShared(store: string, database: Database, other: string | undefined): Promise<void> {
    const { url } = database;
    const { stored, coordinators, profile = '' } = this.#options;
    const start = (subject: Subject, worker: Worker) => {
      this.#processes.set(subject, worker);
      return worker.ready();
    };
    await start('own', new Worker('coordinator.ts', [store, url, String(stored), profile]));
    const most = Math.max(...coordinators);
    if (most >= 2) await start('own, two', new Worker('coordinator.ts', [store, url]));
    if (most >= 3) await start('own, three', new Worker('coordinator.ts', [store, url]));
    await start('bare', new Worker('bare/process.ts'));
    await start('bare with store', new Worker('bare/process.ts', [store, url]));
    if (other === undefined) return;
    const otherUrl = await createDatabase(database, 'other');
    await start('other', new Worker('coordinator.ts', [store, otherUrl], other));
  }

  /** @param progress told of every repetition */
  async measure(progress: (text: string) => void): Promise<Lines> {
    const { repetitions, inFlight, kinds: measured } = this.#options;
    await this.#warmUp(progress);
    const lines: Measured[] = [];
    for (const kind of measured) {
      for (const count of inFlight) {
        for (const subject of this.#subjectsOf(kind)) lines.push({ kind, inFlight: count, subject, slices: [] });
      }
    }
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      progress(`repetition ${repetition + 1} of ${repetitions}`);
      for (const line of repetition % 2 === 0 ? lines : lines.toReversed()) {
        line.slices.push(await measureSlice(this.#request(line.kind, line.subject, line.inFlight)));
      }
    }
    return lines;
  }

  /** Loads that begin with 256 new connections at once. @param progress told of every repetition */
  async measureBursts(progress: (text: string) => void): Promise<readonly Burst[]> {
    const { repetitions } = this.#options;
    await this.#warmUp(progress);
    const bursts: Burst[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      progress(`burst ${repetition + 1} of ${repetitions}`);
      for (const kind of this.#options.kinds) {
        for (const subject of ['own', 'other', 'bare with store'] as const) {
          const coordinator = this.#processes.get(subject);
          if (coordinator === undefined) continue;
          await pause(burstPauseSeconds);
          bursts.push(await this.#burst(kind, coordinator, `${nameOf(subject, this.#options.store)}, after a pause`));
        }
        const started = new Worker('coordinator.ts', ['sqlite', `${this.#folder}/started-${++this.#started}`]);
        try {
          await started.ready();
          bursts.push(await this.#burst(kind, started, 'sqlite, just started'));
        } finally {
          await started.end();
        }
      }
    }
    return bursts;
  }

  /** The coordinator on its real store writes a CPU profile of one slice to its profile folder. */
  async profile(kind: Kind, inFlight: number): Promise<void> {
    const request = this.#request(kind, 'own', inFlight);
    await request.coordinator.ask('startProfile');
    await measureSlice(request);
    await request.coordinator.ask('stopProfile', { kind: kinds.indexOf(kind), inFlight });
  }

  async end(): Promise<void> {
    await Promise.all([this.#load, ...this.#processes.values()].map((worker) => worker.end()));
    await this.#database?.server.stop();
  }

  async #warmUp(progress: (text: string) => void): Promise<void> {
    if (this.#isWarm) return;
    this.#isWarm = true;
    progress('warming up');
    for (const kind of this.#options.kinds) {
      for (const subject of this.#subjectsOf(kind)) {
        if (subject === 'own, no wait') continue;
        const request = this.#request(kind, subject, 64);
        await measureSlice({ ...request, settleSeconds: 0, seconds: this.#options.warmUpSeconds });
      }
    }
  }

  /** What a ratio is taken of stays next to each other. */
  #subjectsOf(kind: Kind): readonly Subject[] {
    const { store, coordinators } = this.#options;
    const all: readonly Subject[] =
      kind === 'saga' && store === 'sqlite'
        ? ['memory', 'own', 'bare with store', 'other', 'bare', 'own, no wait']
        : ['own', 'bare with store', 'other', 'own, two', 'own, three', 'bare'];
    const isAsked = (subject: Subject) =>
      !(subject === 'own' && !coordinators.includes(1)) &&
      !(subject === 'own, two' && !coordinators.includes(2)) &&
      !(subject === 'own, three' && !coordinators.includes(3));
    return all.filter((subject) => this.#processes.has(subject) && isAsked(subject));
  }

  #burst(kind: Kind, coordinator: Worker, name: string): Promise<Burst> {
    return measureBurst({ load: this.#load, coordinator, kind, inFlight: burstInFlight, wait: true }, name);
  }

  #request(kind: Kind, subject: Subject, inFlight: number): SliceRequest {
    const { settleSeconds, seconds } = this.#options;
    const [coordinator, ...besides] = this.#processesOf(subject);
    if (coordinator === undefined) throw new Error(`there is no process ${subject}`);
    const wait = subject !== 'own, no wait';
    const database = this.#database?.server.pid;
    return { load: this.#load, coordinator, besides, database, kind, inFlight, wait, settleSeconds, seconds };
  }

  #processesOf(subject: Subject): Worker[] {
    const together: readonly Subject[] =
      subject === 'own, two'
        ? ['own', 'own, two']
        : subject === 'own, three'
          ? ['own', 'own, two', 'own, three']
          : [subject];
    return together.flatMap((one) => this.#processes.get(one) ?? []);
  }
}
