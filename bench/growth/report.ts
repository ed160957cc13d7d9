import type { Machine } from '../machine.ts';
import { budgetTable, machineText, markdownTable, spreadText } from '../markdown.ts';
import { spread } from '../statistics.ts';
import { growthBudgets } from './budgets.ts';
import type { GrowthResult, Pair } from './growth.ts';
import type { GrowthOptions } from './options.ts';

export function asMarkdown(options: GrowthOptions, machine: Machine, result: GrowthResult): string {
  const { stored, repetitions, seconds, pages } = options;
  const { claimP50Ms, claimP99Ms, idleClaimMs, startMs, perSecond, p99Ms, purging } = result;
  const throughput = spread(perSecond.map(ratio));
  return [
    [machineText(machine), ...(result.database === undefined ? [] : [`${result.database}.`])].join(' '),
    '',
    `${stored} finished transactions were stored in ${result.fillSeconds.toFixed(0)} s and take ` +
      `${result.bytesPerTransaction.toFixed(0)} bytes each on the disk. Load: 64 in flight, medians of ${repetitions} ` +
      `slices of ${seconds} s (low-high), nothing is purged. Claims: ${pages} pages of 200 due transactions.`,
    '',
    markdownTable([
      ['', 'empty', 'grown', 'ratio'],
      slices('sagas/s', perSecond, 0),
      slices('p99 of a saga (ms)', p99Ms, 1),
      single('claim of a page, p50 (ms)', claimP50Ms),
      single('claim of a page, p99 (ms)', claimP99Ms),
      single('claim that finds nothing, p50 (ms)', idleClaimMs),
      slices('exec to first 200 (ms)', startMs, 0),
    ]),
    '',
    `While it purges without a pause, the grown store takes ` +
      `${spreadText(spread(purging.map((slice) => slice.perSecond)))} sagas/s, ` +
      `${spreadText(spread(purging.map((slice, index) => slice.perSecond / (perSecond[index]?.grown ?? Number.NaN))), 2)} ` +
      `of what it takes without, and deletes ` +
      `${spreadText(spread(purging.map((slice) => slice.purgedPerSecond)))} transactions a second.`,
    '',
    budgetTable(
      growthBudgets({
        throughput: throughput.median,
        claimTime: ratio(claimP50Ms),
        startMs: spread(startMs.map(({ grown }) => grown)).median,
      }),
    ),
  ].join('\n');
}

function ratio({ empty, grown }: Pair): number {
  return grown / empty;
}

function slices(name: string, pairs: readonly Pair[], digits: number): string[] {
  return [
    name,
    spreadText(spread(pairs.map(({ empty }) => empty)), digits),
    spreadText(spread(pairs.map(({ grown }) => grown)), digits),
    spreadText(spread(pairs.map(ratio)), 2),
  ];
}

function single(name: string, pair: Pair): string[] {
  return [name, pair.empty.toFixed(2), pair.grown.toFixed(2), ratio(pair).toFixed(2)];
}
