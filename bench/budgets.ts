import { atLeast, atMost, type Budget, below, level, startUpMs } from './budget.ts';
import type { Burst } from './burst.ts';
import { type Kind, kinds } from './load/kinds.ts';
import { figure, type Lines, lineOf, nameOf, ratio } from './result.ts';
import type { StartUp } from './start-up.ts';
import { type Spread, spread } from './statistics.ts';
import type { RemoteKind, StoreKind } from './stores.ts';
import type { WaiterMemory } from './waiters.ts';

/** What was measured in one run. */
export interface Measured {
  readonly store: StoreKind;
  readonly lines: Lines;
  readonly bursts: readonly Burst[];
  readonly waiters: WaiterMemory | undefined;
  /** Of this project, and of the other one if there is one. */
  readonly startUps: readonly StartUp[];
}

/** Of what a coordinator reaches that does nothing but log and call. */
const shareOfLog: Readonly<Record<Kind, number>> = { saga: 0.5, tcc: 0.55, msg: 0.55 };
/** Of what one reaches that does nothing but write the same rows and call. */
const shareOfSql = 0.5;
/** Sagas at 64 in flight on two processors: five times what dtm does on PostgreSQL there, and four times on MariaDB. */
const sagasPerSecond: Readonly<Record<RemoteKind, number>> = { postgres: 1900, mysql: 1700 };
/** Processor time, to that of the other commit. */
const cpuShare = 0.6;
const storeRatio = 0.7;
const rowsPerSaga = 2;
const commitsPerSaga = 0.5;
/** Half of the latencies are below p50; one in a hundred may be so many times above it. */
const tail = 3;
const waiterKib = 12;
const idleMib = 150;

/** Those that this run can tell about. */
export function budgets({ store, lines, bursts, waiters, startUps }: Measured): Budget[] {
  return [
    ...kinds.flatMap((kind) => [...throughput(lines, kind, store), ...moreInFlight(lines, kind)]),
    ...writes(lines),
    ...burstBudgets(bursts),
    ...(waiters === undefined ? [] : [atMost('an open wait_result (KiB)', waiterKib, waiters.residentKib)]),
    ...startBudgets(startUps),
  ];
}

function throughput(lines: Lines, kind: Kind, store: StoreKind): Budget[] {
  const of = (subject: Parameters<typeof lineOf>[3]) => lineOf(lines, kind, 64, subject);
  const share = ratio(of('own'), of('bare with store'), 'perSecond');
  const own = of('own');
  const name = `${kind}: of ${nameOf('bare with store', store)}, 64 in flight`;
  if (store !== 'sqlite') {
    const perSecond = kind === 'saga' && own !== undefined ? figure(own, 'perSecond') : undefined;
    return [
      ...judge(share, (value) => atLeast(name, shareOfSql, value)),
      ...judge(perSecond, (value) => atLeast('saga: a second, 64 in flight', sagasPerSecond[store], value)),
    ];
  }
  const cpu = ratio(own, of('other'), 'cpuUs');
  return [
    ...judge(share, (value) => atLeast(name, shareOfLog[kind], value)),
    ...judge(cpu, (value) => atMost(`${kind}: processor time, of the other's, 64 in flight`, cpuShare, value)),
  ];
}

function moreInFlight(lines: Lines, kind: Kind): Budget[] {
  const [at64, at256, at1024] = [64, 256, 1024].map((inFlight) => lineOf(lines, kind, inFlight, 'own'));
  const grown = ratio(at256, at64, 'perSecond');
  const many = ratio(at1024, at256, 'perSecond');
  const tailAt256 =
    at256 === undefined ? undefined : spread(at256.slices.map(({ finalP99Ms, finalP50Ms }) => finalP99Ms / finalP50Ms));
  return [
    ...judge(grown, (value) => atLeast(`${kind}: throughput at 256 in flight, of that at 64`, 1, value)),
    ...judge(many, (value) => atLeast(`${kind}: throughput at 1024 in flight, of that at 256`, 0.8, value)),
    ...judge(tailAt256, (value) => below(`${kind}: p99 to p50 at 256 in flight`, tail, value)),
  ];
}

function writes(lines: Lines): Budget[] {
  const own = lineOf(lines, 'saga', 64, 'own');
  const store = ratio(own, lineOf(lines, 'saga', 64, 'memory'), 'perSecond');
  const rows = own === undefined ? undefined : figure(own, 'rows').median;
  const commits = own === undefined ? undefined : figure(own, 'commits').median;
  return [
    ...judge(store, (value) => atLeast('saga: embedded store, of none, 64 in flight', storeRatio, value)),
    // What is in flight at the two moments of looking is written in part only.
    ...judge(rows, (value) => ({
      ...atMost('row writes a saga', rowsPerSaga, value),
      isMet: value < rowsPerSaga + 0.05,
    })),
    ...judge(commits, (value) => atMost('commits a saga, 64 in flight', commitsPerSaga, value)),
  ];
}

function burstBudgets(bursts: readonly Burst[]): Budget[] {
  const ours = bursts.filter(({ name }) => name.startsWith('sqlite'));
  const names = [...new Set(ours.map(({ kind, name }) => `${kind}, ${name}`))];
  return names.map((wanted) => {
    const found = ours.filter(({ kind, name }) => `${kind}, ${name}` === wanted);
    const tails = spread(found.map(({ p99Ms, p50Ms }) => p99Ms / p50Ms));
    return below(`p99 to p50, first second of 256: ${wanted}`, tail, tails);
  });
}

function startBudgets([ours, other]: readonly StartUp[]): Budget[] {
  if (ours === undefined) return [];
  const most = 2 - level;
  return [
    below('exec to first 200 (ms)', startUpMs, ours.firstAnswerMs),
    below('idle memory (MiB)', idleMib, ours.idleMib),
    ...(other === undefined
      ? []
      : [
          atMost("exec to first 200, of the other's", most, ours.firstAnswerMs.median / other.firstAnswerMs.median),
          atMost("idle memory, of the other's", most, ours.idleMib.median / other.idleMib.median),
        ]),
  ];
}

function judge<T extends number | Spread>(value: T | undefined, by: (value: T) => Budget): Budget[] {
  return value === undefined ? [] : [by(value)];
}
