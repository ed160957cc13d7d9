import type { Machine } from '../machine.ts';
import { budgetTable, machineText, markdownTable } from '../markdown.ts';
import { median } from '../statistics.ts';
import { overloadBudgets } from './budgets.ts';
import type { OverloadOptions } from './options.ts';
import type { Phases, Quick, Slow } from './overload.ts';
import type { Window } from './windows.ts';

export function asMarkdown({ factor, seconds }: OverloadOptions, machine: Machine, quick: Quick, slow: Slow): string {
  return [
    machineText(machine),
    '',
    `Services that answer at once: a closed loop of 256 reached ${quick.mostPerSecond.toFixed(0)} sagas/s. ` +
      `${factor} times that was offered for ${seconds} s at fixed times, half of it before and after.`,
    '',
    phaseTable(quick),
    '',
    `${sums(quick)} As before the overload: answers after ${shown(quick.answersSeconds)} s, the backlog gone after ` +
      `${shown(quick.drainedSeconds)} s.`,
    '',
    `Services that take a second: their slots allow ${slow.mostPerSecond.toFixed(0)} sagas/s.`,
    '',
    phaseTable(slow),
    '',
    sums(slow),
    '',
    budgetTable(
      overloadBudgets({
        goodput: overMean(settled(quick.overload), 'ended') / quick.mostPerSecond,
        slowGoodput: overMean(settled(slow.overload), 'ended') / slow.mostPerSecond,
        broken: broken(quick) + broken(slow),
        peakMib: Math.max(quick.memory.peakMib, slow.memory.peakMib),
        answersSeconds: quick.answersSeconds,
      }),
    ),
  ].join('\n');
}

const head = [
  'sagas a second',
  'offered',
  'accepted',
  'refused',
  'ended',
  'accepted p50 ms',
  'p99',
  'ended p50 ms',
  'p99',
  'open',
  'unsent',
  'memory MiB',
  'CPU',
  'load CPU',
];

/** The overload in three parts, so that what grows is seen to grow. */
function phaseTable({ calm, overload, after }: Phases): string {
  const third = thirdOf(overload);
  return markdownTable([
    head,
    row('before', calm),
    row('overload, first third', overload.slice(0, third)),
    row('second third', overload.slice(third, 2 * third)),
    row('last third', overload.slice(2 * third)),
    row('after', after),
  ]);
}

function row(name: string, part: readonly Window[]): string[] {
  const rate = (key: keyof Window) => shown(overMean(part, key), 0);
  const latency = (key: keyof Window) => shown(overMedian(part, key), 1);
  return [
    name,
    rate('offered'),
    rate('accepted'),
    rate('refused'),
    rate('ended'),
    latency('acceptedP50Ms'),
    latency('acceptedP99Ms'),
    latency('endedP50Ms'),
    latency('endedP99Ms'),
    shown(part.at(-1)?.open ?? Number.NaN, 0),
    shown(part.at(-1)?.waiting ?? Number.NaN, 0),
    shown(Math.max(...part.map(({ residentMib }) => residentMib)), 0),
    percent(overMean(part, 'coordinatorBusy')),
    percent(overMean(part, 'loadBusy')),
  ];
}

function sums({ totals, memory, slowCommits }: Phases): string {
  const { offered, accepted, refused, withoutRetryAfter, otherAnswers, lost, givenUp, secondAccepted, secondRefused } =
    totals;
  return (
    `In all ${offered} sagas were offered, ${accepted} accepted, ${refused} refused (${withoutRetryAfter} of them without ` +
    `Retry-After), ${otherAnswers} answered otherwise, ${lost} not answered, ${givenUp} given up by clients that found no connection free for 5 s; of the second phases of TCCs prepared before ` +
    `${secondAccepted} requests were served and ${secondRefused} were not. Peak memory ${shown(memory.peakMib, 0)} MiB. ` +
    `Commits that took over a second, because the disk stood still: ${slowCommits}.`
  );
}

function broken({ totals }: Phases): number {
  return totals.withoutRetryAfter + totals.otherAnswers + totals.lost + totals.secondRefused;
}

function thirdOf(overload: readonly Window[]): number {
  return Math.ceil(overload.length / 3);
}

/** Without the time in which it only begins to be felt. */
function settled(overload: readonly Window[]): readonly Window[] {
  return overload.slice(thirdOf(overload));
}

function overMean(part: readonly Window[], key: keyof Window): number {
  const seconds = part.reduce((sum, window) => sum + window.seconds, 0);
  return part.reduce((sum, window) => sum + window[key] * window.seconds, 0) / seconds;
}

/** Of the windows in which there was anything to tell. */
function overMedian(part: readonly Window[], key: keyof Window): number {
  return median(part.map((window) => window[key]).filter((value) => !Number.isNaN(value)));
}

function percent(share: number): string {
  return `${shown(share * 100, 0)}%`;
}

function shown(value: number, digits = 1): string {
  return Number.isNaN(value) || !Number.isFinite(value) ? '-' : value.toFixed(digits);
}
