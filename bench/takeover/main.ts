/** `npm run bench:takeover`: after how long the transactions of a coordinator that was killed are called by another one. */
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { budgetTable, machineText, markdownTable, spreadText } from '../markdown.ts';
import { spread } from '../statistics.ts';
import { takeoverBudgets } from './budgets.ts';
import { readOptions, type TakeoverOptions, usage } from './options.ts';
import { measureTakeovers, type Takeover, type TakeoverResult } from './takeover.ts';

await runCommand<TakeoverOptions>({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const machine = describeMachine(folder);
    const result = await measureTakeovers(options, folder, progress);
    return [`${machineText(machine)} ${result.database}.`, ...asMarkdown(options, result)].join('\n');
  },
});

function asMarkdown({ sagas, repetitions }: TakeoverOptions, { takeovers }: TakeoverResult): string[] {
  const of = (key: keyof Takeover) => spread(takeovers.map((takeover) => takeover[key]));
  const budgets = takeoverBudgets({ half: of('p50Ms').median / 1000, all: of('maxMs').high / 1000 });
  return [
    '',
    `${sagas} sagas, whose first calls were out when their coordinator was killed. Medians of ${repetitions} (low-high).`,
    '',
    markdownTable([
      ['', 'p50 ms', 'p99 ms', 'most ms'],
      ['from the kill to the next call', spreadText(of('p50Ms')), spreadText(of('p99Ms')), spreadText(of('maxMs'))],
    ]),
    '',
    budgetTable(budgets),
  ];
}
