import { budgets, type Measured } from './budgets.ts';
import type { Burst } from './burst.ts';
import type { Machine } from './machine.ts';
import type { Options } from './options.ts';
import { figure, type Line, type Lines, lineOf, nameOf, ratio } from './result.ts';
import type { StartUp } from './start-up.ts';
import { type Spread, spread } from './statistics.ts';
import type { StoreKind } from './stores.ts';
import { table } from './table.ts';
import type { WaiterMemory } from './waiters.ts';

export interface Report extends Measured {
  readonly machine: Machine;
  readonly options: Options;
  /** The database, where there is one. */
  readonly database?: string | undefined;
}

export function asText(report: Report): string {
  const { machine, options, store, database, lines, bursts, waiters, startUps } = report;
  const { seconds, repetitions, stored, against } = options;
  const paragraphs = [
    [
      `${machine.processors} processors (${machine.model}), ${machine.memoryGib} GiB, ${machine.kernel}, Node ${machine.node}`,
      `disk: ${machine.fileSystem}; 4 KiB appended and synced in ${machine.syncP50Us} us (p50), ${machine.syncP99Us} us (p99)`,
      `medians of ${repetitions} slices of ${seconds} s; ${stored} finished transactions stored before`,
      ...(database === undefined ? [] : [`${database} on the same machine, with its defaults, every commit synced`]),
      ...(against === undefined ? [] : [`other: ${against}`]),
    ],
    lines.length === 0 ? [] : [throughputTable(lines, store), ...refusals(lines, store)],
    lines.some(({ subject }) => subject === 'own, no wait') ? [noWaitTable(lines)] : [],
    bursts.length === 0 ? [] : [burstTable(bursts)],
    waiters === undefined ? [] : [waiterText(waiters)],
    startUps.map((startUp, index) => startUpText(startUp, index === 0 ? 'the compiled coordinator' : 'the other one')),
    [
      table([
        ['budget', 'wanted', 'found', ''],
        ...budgets(report).map(({ name, wanted, found, isMet }) => [name, wanted, found, isMet ? 'met' : 'MISSED']),
      ]),
    ],
  ];
  return paragraphs
    .filter((paragraph) => paragraph.length > 0)
    .map((paragraph) => paragraph.join('\n'))
    .join('\n\n');
}

export function asJson(report: Report): string {
  const { machine, options, store, database, lines, bursts, waiters, startUps } = report;
  const figures = lines.map((line) => ({
    ...line,
    subject: nameOf(line.subject, store),
    slices: undefined,
    figures: figuresOf(line),
  }));
  return JSON.stringify(
    { machine, options, database, lines: figures, bursts, waiters, startUps, budgets: budgets(report) },
    null,
    2,
  );
}

function figuresOf(line: Line): Record<string, Spread> {
  const keys = line.slices[0] === undefined ? [] : Object.keys(line.slices[0]);
  return Object.fromEntries(keys.map((key) => [key, figure(line, key as keyof Line['slices'][number])]));
}

const throughputHead = [
  'load',
  'process',
  'a second',
  'low-high',
  'p50 ms',
  'p99 ms',
  'CPU us',
  'loop us',
  'busy',
  'rows',
  'commits',
  'rows/commit',
  'load CPU us',
  'others',
] as const;

/** One line a process and load. All but throughput, latencies, shares of time and the last three is per transaction. */
function throughputTable(lines: Lines, store: StoreKind): string {
  const isEmbedded = store === 'sqlite';
  const head = isEmbedded
    ? ['of log', 'of memory', 'CPU of other']
    : ['database CPU us', 'of bare with SQL', 'CPU of other'];
  const rows = lines
    .filter(({ subject }) => subject !== 'own, no wait')
    .map((line) => {
      const { kind, inFlight, subject } = line;
      const hasStore = !subject.startsWith('bare') || (subject === 'bare with store' && !isEmbedded);
      const compared = (other: Line['subject'], key: 'perSecond' | 'cpuUs') => {
        const isCompared = subject.startsWith('own') && (isEmbedded || key === 'perSecond' || subject === 'own');
        const found = isCompared ? ratio(line, lineOf(lines, kind, inFlight, other), key) : undefined;
        return found === undefined ? '' : fixed(found.median, 2);
      };
      const median = (key: Parameters<typeof figure>[1], digits: number) => fixed(figure(line, key).median, digits);
      const percent = (key: 'busy' | 'others') => `${fixed(figure(line, key).median * 100, 0)}%`;
      return [
        `${kind} ${inFlight}`,
        nameOf(subject, store),
        ...withRange(figure(line, 'perSecond'), 0),
        median('finalP50Ms', 2),
        median('finalP99Ms', 2),
        median('cpuUs', 0),
        median('loopCpuUs', 0),
        percent('busy'),
        hasStore ? median('rows', 2) : '',
        hasStore ? median('commits', 3) : '',
        hasStore ? median('rowsPerCommit', 1) : '',
        median('loadCpuUs', 0),
        percent('others'),
        ...(isEmbedded
          ? [compared('bare with store', 'perSecond'), compared('memory', 'perSecond')]
          : [median('databaseCpuUs', 0), compared('bare with store', 'perSecond')]),
        compared('other', 'cpuUs'),
      ];
    });
  return table([[...throughputHead, ...head], ...rows]);
}

/** Where clients were refused and asked again: what they found there is not the same load. */
function refusals(lines: Lines, store: StoreKind): string[] {
  return lines
    .map((line) => ({ line, refused: figure(line, 'refused') }))
    .filter(({ refused }) => refused.high > 0)
    .map(({ line: { kind, inFlight, subject }, refused: { median, high } }) => {
      return `${kind} ${inFlight}, ${nameOf(subject, store)}: ${fixed(median, 3)} refusals (429) a transaction, at most ${fixed(high, 3)}`;
    });
}

/** The submit is answered when it is durable; the same submit with wait_result tells when the saga is final. */
function noWaitTable(lines: Lines): string {
  const rows = lines
    .filter(({ subject }) => subject === 'own, no wait')
    .map((line) => [
      `${line.kind} ${line.inFlight}`,
      'sqlite',
      fixed(figure(line, 'acknowledgedP50Ms').median, 2),
      fixed(figure(line, 'acknowledgedP99Ms').median, 2),
      fixed(figure(line, 'finalP50Ms').median, 2),
      fixed(figure(line, 'finalP99Ms').median, 2),
      fixed(figure(line, 'rows').median, 2),
    ]);
  return table([['no wait', 'process', 'durable p50 ms', 'p99 ms', 'final p50 ms', 'p99 ms', 'rows'], ...rows]);
}

function burstTable(bursts: readonly Burst[]): string {
  const rows = new Map<string, Burst[]>();
  for (const burst of bursts) {
    const key = `${burst.kind}, ${burst.name}`;
    rows.set(key, [...(rows.get(key) ?? []), burst]);
  }
  return table([
    ['256 at once', '', 'p50 ms', 'low-high', 'p99 ms', 'low-high', 'most ms', 'low-high', 'in a second'],
    ...[...rows].map(([name, found]) => {
      const of = (key: 'p50Ms' | 'p99Ms' | 'maxMs' | 'transactions') => spread(found.map((burst) => burst[key]));
      return [
        name,
        '',
        ...withRange(of('p50Ms'), 0),
        ...withRange(of('p99Ms'), 0),
        ...withRange(of('maxMs'), 0),
        fixed(of('transactions').median, 0),
      ];
    }),
  ]);
}

function waiterText({ waiters, residentKib, heapKib }: WaiterMemory): string {
  return (
    `${waiters} open requests of wait_result: ${fixed(residentKib, 1)} KiB of memory each, ` +
    `${fixed(heapKib, 1)} KiB of them on the heap`
  );
}

function startUpText({ firstAnswerMs, idleMib }: StartUp, whose: string): string {
  const [time, range] = withRange(firstAnswerMs, 0);
  const memory = Number.isNaN(idleMib.median)
    ? 'memory is not told on this system'
    : `${fixed(idleMib.median, 0)} MiB when idle`;
  return `start of ${whose}: first 200 after ${time} ms (${range}), ${memory}`;
}

function withRange({ median, low, high }: Spread, digits: number): [string, string] {
  return [fixed(median, digits), `${fixed(low, digits)}-${fixed(high, digits)}`];
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}
