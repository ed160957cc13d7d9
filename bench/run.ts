import { type Burst, measureBurst } from './burst.ts';
import { type Kind, kinds } from './load/kinds.ts';
import type { Options } from './options.ts';
import type { Line, Lines, Subject } from './result.ts';
import { measureSlice, pause, type Slice, type SliceRequest } from './slice.ts';
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
  #started = 0;
  #isWarm = false;

  /**
   * @param folder of this run, on the disk that is measured
   * @param other where another state of the project is
   */
  constructor(options: Options, folder: string, other: string | undefined) {
    this.#options = options;
    this.#folder = folder;
    const sqlite = new Worker('coordinator.ts', [
      'sqlite',
      `${folder}/data`,
      String(options.stored),
      options.profile ?? '',
    ]);
    this.#processes.set('sqlite', sqlite).set('sqlite, no wait', sqlite);
    this.#processes.set('memory', new Worker('coordinator.ts', ['memory']));
    this.#processes.set('bare', new Worker('bare/process.ts'));
    this.#processes.set('bare with log', new Worker('bare/process.ts', [`${folder}/bare.log`]));
    if (other !== undefined) {
      this.#processes.set('other', new Worker('coordinator.ts', ['sqlite', `${folder}/other-data`], other));
    }
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
        for (const subject of ['sqlite', 'other', 'bare with log'] as const) {
          const coordinator = this.#processes.get(subject);
          if (coordinator === undefined) continue;
          await pause(burstPauseSeconds);
          bursts.push(await this.#burst(kind, coordinator, `${subject}, after a pause`));
        }
        for (const [name, idleSeconds] of [
          ['just started', 0],
          ['started a second ago', 1],
        ] as const) {
          const started = new Worker('coordinator.ts', ['sqlite', `${this.#folder}/started-${++this.#started}`]);
          try {
            await started.ready();
            await pause(idleSeconds);
            bursts.push(await this.#burst(kind, started, `sqlite, ${name}`));
          } finally {
            await started.end();
          }
        }
      }
    }
    return bursts;
  }

  /** The coordinator on its real store writes a CPU profile of one slice to its profile folder. */
  async profile(kind: Kind, inFlight: number): Promise<void> {
    const request = this.#request(kind, 'sqlite', inFlight);
    await request.coordinator.ask('startProfile');
    await measureSlice(request);
    await request.coordinator.ask('stopProfile', { kind: kinds.indexOf(kind), inFlight });
  }

  async end(): Promise<void> {
    await Promise.all([this.#load, ...this.#processes.values()].map((worker) => worker.end()));
  }

  async #warmUp(progress: (text: string) => void): Promise<void> {
    if (this.#isWarm) return;
    this.#isWarm = true;
    progress('warming up');
    for (const kind of this.#options.kinds) {
      for (const subject of this.#subjectsOf(kind)) {
        if (subject === 'sqlite, no wait') continue;
        const request = this.#request(kind, subject, 64);
        await measureSlice({ ...request, settleSeconds: 0, seconds: this.#options.warmUpSeconds });
      }
    }
  }

  /** What a ratio is taken of stays next to each other. */
  #subjectsOf(kind: Kind): readonly Subject[] {
    const all: readonly Subject[] =
      kind === 'saga'
        ? ['memory', 'sqlite', 'bare with log', 'other', 'bare', 'sqlite, no wait']
        : ['sqlite', 'bare with log', 'other', 'bare'];
    return all.filter((subject) => this.#processes.has(subject));
  }

  #burst(kind: Kind, coordinator: Worker, name: string): Promise<Burst> {
    return measureBurst({ load: this.#load, coordinator, kind, inFlight: burstInFlight, wait: true }, name);
  }

  #request(kind: Kind, subject: Subject, inFlight: number): SliceRequest {
    const { settleSeconds, seconds } = this.#options;
    const coordinator = this.#processes.get(subject);
    if (coordinator === undefined) throw new Error(`there is no process ${subject}`);
    const wait = subject !== 'sqlite, no wait';
    return { load: this.#load, coordinator, kind, inFlight, wait, settleSeconds, seconds };
  }
}
