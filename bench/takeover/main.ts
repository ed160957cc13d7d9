/** `npm run bench:takeover`: after how long the transactions of a coordinator that was killed are called by another one. */
import { atMost, type Budget } from '../budget.ts';
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { budgetTable, machineText, markdownTable, spreadText } from '../markdown.ts';
import { spread } from '../statistics.ts';
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
  const seconds = (key: keyof Takeover) => of(key).median / 1000;
  const budgets: Budget[] = [
    atMost('called again, half of them (s)', 6, seconds('p50Ms')),
    atMost('called again, all of them (s)', 7, seconds('maxMs')),
  ];
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
