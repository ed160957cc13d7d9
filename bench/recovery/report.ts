import type { Machine } from '../machine.ts';
import { budgetTable, machineText, markdownTable, spreadText } from '../markdown.ts';
import { type Spread, spread } from '../statistics.ts';
import { recoveryBudgets } from './budgets.ts';
import type { RecoveryOptions } from './options.ts';
import type { Recovered, RecoveryResult, Round } from './recovery.ts';

export function asMarkdown(
  options: RecoveryOptions,
  machine: Machine,
  { database, owned, rounds }: RecoveryResult,
): string {
  const { unfinished, repetitions, seconds } = options;
  const over = (of: (round: Round) => number) => spread(rounds.map(of));
  return [
    [machineText(machine), ...(database === undefined ? [] : [`${database}.`])].join(' '),
    '',
    `${unfinished} sagas unfinished at the kill, ${owned} of them being driven. Medians of ${repetitions} (low-high); ` +
      `fresh load is 64 in flight for ${seconds} s, on a process just started too.`,
    '',
    markdownTable([
      ['sagas ended a second', 'first second', 'median', 'last second'],
      ['fresh load', ...rateCells(over, (round) => round.fresh)],
      ['recovery', ...rateCells(over, (round) => round.all)],
      ['recovery, of the healthy half', ...rateCells(over, (round) => round.besideDead)],
    ]),
    '',
    markdownTable([
      ['recovery', 'ready ms', 'first call ms', 'all ended after s', 'peak memory MiB'],
      ['all', ...recoveredCells(over, (round) => round.all)],
      ['half for a dead service', ...recoveredCells(over, (round) => round.besideDead)],
    ]),
    '',
    budgetTable(
      recoveryBudgets({
        rate: over(({ all, fresh }) => all.median / fresh.median).median,
        firstSecond: over(({ all, fresh }) => all.firstSecond / fresh.firstSecond).median,
        besideDead: over(({ besideDead, fresh }) => besideDead.median / fresh.median).median,
        ...(database !== undefined && { perSecond: over(({ all }) => unfinished / all.drainSeconds).median }),
      }),
    ),
  ].join('\n');
}

type Over = (of: (round: Round) => number) => Spread;

function rateCells(over: Over, of: (round: Round) => Round['fresh']): string[] {
  return [
    spreadText(over((round) => of(round).firstSecond)),
    spreadText(over((round) => of(round).median)),
    spreadText(over((round) => of(round).lastSecond)),
  ];
}

function recoveredCells(over: Over, of: (round: Round) => Recovered): string[] {
  return [
    spreadText(over((round) => of(round).readyMs)),
    spreadText(over((round) => of(round).firstCallMs)),
    spreadText(
      over((round) => of(round).drainSeconds),
      1,
    ),
    spreadText(over((round) => of(round).peakMib)),
  ];
}
