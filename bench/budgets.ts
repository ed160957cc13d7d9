import type { Result, Subject } from './run.ts';
import type { StartUp } from './start-up.ts';

/** What design sets as a goal, as ratios in one run: never as times, which machines and neighbours change. */
export interface Budget {
  readonly name: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

const storeRatio = 0.7;
const rowsPerSaga = 2;
const commitsPerSaga = 0.5;
const startUpMs = 1000;
const idleMib = 150;
/** Ratios to what they are compared with; a tenth is noise. */
const level = 0.9;

/** Those that this run can tell about. */
export function budgets({ lines, ratios }: Result, startUp: StartUp | undefined): Budget[] {
  const found: Budget[] = [];
  const judge = (name: string, wanted: string, value: number | undefined, holds: (value: number) => boolean) => {
    if (value !== undefined) found.push({ name, wanted, found: shown(value), isMet: holds(value) });
  };
  const of = (inFlight: number, subject: Subject) =>
    lines.find((line) => line.inFlight === inFlight && line.subject === subject)?.figures;
  const at64 = of(64, 'sqlite');
  const at256 = of(256, 'sqlite');
  const atLeast = (limit: number) => (value: number) => value >= limit;
  const atMost = (limit: number) => (value: number) => value <= limit;
  judge('embedded store against none, 64 in flight', `>= ${storeRatio}`, ratios.get(64)?.median, atLeast(storeRatio));
  judge('row writes a saga, 64 in flight', `<= ${rowsPerSaga}`, at64?.rows.median, (rows) => rows < rowsPerSaga + 0.05);
  judge('commits a saga, 64 in flight', `<= ${commitsPerSaga}`, at64?.commits.median, atMost(commitsPerSaga));
  if (at64 !== undefined && at256 !== undefined) {
    const ratio = at256.sagasPerSecond.median / at64.sagasPerSecond.median;
    judge('throughput at 256 in flight against 64', '>= 1', ratio, (value) => value >= 0.995);
  }
  judge('exec to first 200 (ms)', `< ${startUpMs}`, startUp?.firstAnswerMs.median, (value) => value < startUpMs);
  judge('idle memory (MiB)', `< ${idleMib}`, startUp?.idleMib, (value) => value < idleMib);
  return found;
}

export interface RecoveryRatios {
  /** Sagas ended a second, all to fresh load on the same machine. */
  readonly rate: number;
  /** In the first second, to the first second of fresh load on a process that was just started. */
  readonly firstSecond: number;
  /** Of those whose service lives, where half of all are for a dead one. */
  readonly besideDead: number;
}

export function recoveryBudgets({ rate, firstSecond, besideDead }: RecoveryRatios): Budget[] {
  return [
    atLeastLevel('recovery against fresh load', rate),
    atLeastLevel('the first second of each', firstSecond),
    atLeastLevel('recovery beside a dead service against fresh load', besideDead),
  ];
}

export interface GrowthFigures {
  /** With the finished transactions stored, to none. */
  readonly throughput: number;
  readonly claimTime: number;
  readonly startMs: number;
}

export function growthBudgets({ throughput, claimTime, startMs }: GrowthFigures): Budget[] {
  const most = 2 - level;
  return [
    atLeastLevel('throughput of the grown store to the empty one', throughput),
    { name: 'claim time, likewise', wanted: `<= ${most}`, found: shown(claimTime), isMet: claimTime <= most },
    {
      name: 'exec to first 200, grown (ms)',
      wanted: `< ${startUpMs}`,
      found: shown(startMs),
      isMet: startMs < startUpMs,
    },
  ];
}

export interface OverloadFigures {
  /** Sagas ended a second at twice what it can take, to what it can take. */
  readonly goodput: number;
  /** Refusals without Retry-After, second phases that were refused, requests that were not answered at all. */
  readonly broken: number;
  /** Where services take a second, to what the slots of their origin allow. */
  readonly slowGoodput: number;
  readonly peakMib: number;
  /** From the end of the overload until submits are answered as before; NaN: never while it was watched. */
  readonly answersSeconds: number;
}

/** What the limits on memory add up to by default, and what the process takes besides; see docs/operations.md. */
const peakMib = 1024;
const answersSeconds = 5;

export function overloadBudgets(figures: OverloadFigures): Budget[] {
  const { goodput, slowGoodput, broken } = figures;
  return [
    atLeastLevel('ended a second at twice what it can take, to the most', goodput),
    atLeastLevel('likewise where services are slow, to what their slots allow', slowGoodput),
    { name: 'refused wrongly, or not answered', wanted: '0', found: String(broken), isMet: broken === 0 },
    {
      name: 'peak memory (MiB)',
      wanted: `<= ${peakMib}`,
      found: shown(figures.peakMib),
      isMet: figures.peakMib <= peakMib,
    },
    {
      name: 'answers as before after the overload (s)',
      wanted: `<= ${answersSeconds}`,
      found: Number.isNaN(figures.answersSeconds) ? 'never' : shown(figures.answersSeconds),
      isMet: figures.answersSeconds <= answersSeconds,
    },
  ];
}

function atLeastLevel(name: string, value: number): Budget {
  return { name, wanted: `>= ${level}`, found: shown(value), isMet: value >= level };
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
