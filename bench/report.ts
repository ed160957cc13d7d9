import { budgets } from './budgets.ts';
import type { Machine } from './machine.ts';
import type { Options } from './options.ts';
import type { Line, Result } from './run.ts';
import type { StartUp } from './start-up.ts';
import type { Spread } from './statistics.ts';
import { table } from './table.ts';

export interface Report {
  readonly machine: Machine;
  readonly options: Options;
  readonly result: Result;
  readonly startUp: StartUp | undefined;
}

export function asText({ machine, options, result, startUp }: Report): string {
  const { seconds, repetitions, stored } = options;
  return [
    `${machine.processors} processors (${machine.model}), ${machine.memoryGib} GiB, ${machine.kernel}, Node ${machine.node}`,
    `disk: ${machine.fileSystem}; 4 KiB appended and synced in ${machine.syncP50Us} us (p50), ${machine.syncP99Us} us (p99)`,
    `medians of ${repetitions} slices of ${seconds} s; ${stored} finished transactions stored before`,
    '',
    throughputTable(result),
    '',
    noWaitTable(result),
    '',
    ...(startUp === undefined ? [] : [startUpText(startUp), '']),
    table([
      ['budget', '', 'wanted', 'found', ''],
      ...budgets(result, startUp).map(({ name, wanted, found, isMet }) => [
        name,
        '',
        wanted,
        found,
        isMet ? 'met' : 'MISSED',
      ]),
    ]),
  ].join('\n');
}

export function asJson({ machine, options, result, startUp }: Report): string {
  const { lines, ratios } = result;
  const found = budgets(result, startUp);
  return JSON.stringify(
    { machine, options, lines, ratios: Object.fromEntries(ratios), startUp, budgets: found },
    null,
    2,
  );
}

const throughputHead = [
  'flight',
  'store',
  'sagas/s',
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
  'ratio',
  'low-high',
];

/** One line a store and number in flight. All but sagas/s, latencies and busy are per saga. */
function throughputTable({ lines, ratios }: Result): string {
  const rows = lines
    .filter(({ subject }) => subject !== 'sqlite, no wait')
    .map(({ inFlight, subject, figures }) => {
      const ratio = subject === 'sqlite' ? ratios.get(inFlight) : undefined;
      const hasStore = subject !== 'bare';
      return [
        String(inFlight),
        subject,
        ...withRange(figures.sagasPerSecond, 0),
        fixed(figures.finalP50Ms.median, 2),
        fixed(figures.finalP99Ms.median, 2),
        fixed(figures.cpuUs.median, 0),
        fixed(figures.loopCpuUs.median, 0),
        `${fixed(figures.busy.median * 100, 0)}%`,
        hasStore ? fixed(figures.rows.median, 2) : '',
        hasStore ? fixed(figures.commits.median, 3) : '',
        hasStore ? fixed(figures.rowsPerCommit.median, 1) : '',
        fixed(figures.loadCpuUs.median, 0),
        `${fixed(figures.others.median * 100, 0)}%`,
        ...(ratio === undefined ? ['', ''] : withRange(ratio, 2)),
      ];
    });
  return table([throughputHead, ...rows]);
}

/** The submit is answered when it is durable; the same submit with wait_result tells when the saga is final. */
function noWaitTable({ lines }: Result): string {
  const rows = lines
    .filter(({ subject }) => subject === 'sqlite, no wait')
    .map(({ inFlight, figures }: Line) => [
      String(inFlight),
      'sqlite',
      fixed(figures.acknowledgedP50Ms.median, 2),
      fixed(figures.acknowledgedP99Ms.median, 2),
      fixed(figures.finalP50Ms.median, 2),
      fixed(figures.finalP99Ms.median, 2),
      fixed(figures.rows.median, 2),
    ]);
  return table([['flight', 'no wait', 'durable p50 ms', 'p99 ms', 'final p50 ms', 'p99 ms', 'rows'], ...rows]);
}

function startUpText({ firstAnswerMs, idleMib }: StartUp): string {
  const memory = Number.isNaN(idleMib) ? 'memory is not told on this system' : `${fixed(idleMib, 0)} MiB when idle`;
  const [time, range] = withRange(firstAnswerMs, 0);
  return `start of the compiled coordinator: first 200 after ${time} ms (${range}), ${memory}`;
}

function withRange({ median, low, high }: Spread, digits: number): [string, string] {
  return [fixed(median, digits), `${fixed(low, digits)}-${fixed(high, digits)}`];
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}
