import type { Options } from './options.ts';
import { measureSlice, type Slice, type SliceRequest } from './slice.ts';
import { type Spread, spread } from './statistics.ts';
import { Worker } from './worker.ts';

/** Which coordinator was measured, and how it was asked. */
export type Subject = 'sqlite' | 'memory' | 'sqlite, no wait' | 'bare';

export type SliceSpread = Readonly<Record<keyof Slice, Spread>>;

export interface Line {
  readonly inFlight: number;
  readonly subject: Subject;
  readonly figures: SliceSpread;
}

export interface Result {
  readonly lines: readonly Line[];
  /** Throughput of the embedded store over that of the memory store, of slices that followed each other. */
  readonly ratios: ReadonlyMap<number, Spread>;
}

type Slices = Map<string, { inFlight: number; subject: Subject; slices: Slice[] }>;

/**
 * All processes stay for the whole run and take turns, one slice each, the order turned round at every repetition:
 * what else the machine does hits all alike.
 */
export class Run {
  readonly #options: Options;
  readonly #load = new Worker('load.ts');
  readonly #sqlite: Worker;
  readonly #memory = new Worker('coordinator.ts', ['memory']);
  readonly #bare = new Worker('bare-coordinator.ts');

  constructor(options: Options, dataFolder: string) {
    this.#options = options;
    this.#sqlite = new Worker('coordinator.ts', ['sqlite', dataFolder, String(options.stored), options.profile ?? '']);
  }

  /** @param progress told of every repetition */
  async measure(progress: (text: string) => void): Promise<Result> {
    const { repetitions, inFlight } = this.#options;
    progress('warming up');
    for (const subject of ['bare', 'memory', 'sqlite'] as const) {
      await measureSlice({ ...this.#request(subject, 64), settleSeconds: 0, seconds: this.#options.warmUpSeconds });
    }
    const slices: Slices = new Map();
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      progress(`repetition ${repetition + 1} of ${repetitions}`);
      const subjects: Subject[] = ['sqlite', 'memory', 'sqlite, no wait', 'bare'];
      // `sqlite` and `memory` stay next to each other: their ratio is taken pair by pair.
      if (repetition % 2 === 1) subjects.reverse();
      for (const sagas of inFlight) {
        for (const subject of subjects) add(slices, sagas, subject, await measureSlice(this.#request(subject, sagas)));
      }
    }
    return { lines: [...slices.values()].map(toLine), ratios: ratiosOf(slices, inFlight) };
  }

  /** The coordinator on its real store writes a CPU profile of one slice to its profile folder. */
  async profile(inFlight: number): Promise<void> {
    await this.#sqlite.ask('startProfile');
    await measureSlice(this.#request('sqlite', inFlight));
    await this.#sqlite.ask('stopProfile', { inFlight });
  }

  async end(): Promise<void> {
    await Promise.all([this.#load, this.#sqlite, this.#memory, this.#bare].map((worker) => worker.end()));
  }

  #request(subject: Subject, inFlight: number): SliceRequest {
    const { settleSeconds, seconds } = this.#options;
    const wait = subject !== 'sqlite, no wait';
    return { load: this.#load, coordinator: this.#coordinator(subject), inFlight, wait, settleSeconds, seconds };
  }

  #coordinator(subject: Subject): Worker {
    switch (subject) {
      case 'sqlite':
      case 'sqlite, no wait':
        return this.#sqlite;
      case 'memory':
        return this.#memory;
      case 'bare':
        return this.#bare;
      default:
        return subject satisfies never;
    }
  }
}

function add(slices: Slices, inFlight: number, subject: Subject, slice: Slice): void {
  const key = `${inFlight} ${subject}`;
  const known = slices.get(key) ?? { inFlight, subject, slices: [] };
  known.slices.push(slice);
  slices.set(key, known);
}

function toLine({ inFlight, subject, slices }: { inFlight: number; subject: Subject; slices: Slice[] }): Line {
  const of = (key: keyof Slice) => spread(slices.map((slice) => slice[key]));
  return {
    inFlight,
    subject,
    figures: {
      sagasPerSecond: of('sagasPerSecond'),
      acknowledgedP50Ms: of('acknowledgedP50Ms'),
      acknowledgedP99Ms: of('acknowledgedP99Ms'),
      finalP50Ms: of('finalP50Ms'),
      finalP99Ms: of('finalP99Ms'),
      cpuUs: of('cpuUs'),
      loopCpuUs: of('loopCpuUs'),
      loadCpuUs: of('loadCpuUs'),
      rows: of('rows'),
      commits: of('commits'),
      rowsPerCommit: of('rowsPerCommit'),
      busy: of('busy'),
      others: of('others'),
      residentMib: of('residentMib'),
    },
  };
}

function ratiosOf(slices: Slices, inFlight: readonly number[]): Map<number, Spread> {
  return new Map(
    inFlight.map((sagas) => {
      const sqlite = slices.get(`${sagas} sqlite`)?.slices ?? [];
      const memory = slices.get(`${sagas} memory`)?.slices ?? [];
      return [
        sagas,
        spread(sqlite.map((slice, index) => slice.sagasPerSecond / (memory[index]?.sagasPerSecond ?? NaN))),
      ];
    }),
  );
}
