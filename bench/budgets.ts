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

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
