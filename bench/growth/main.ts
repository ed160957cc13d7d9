/** `npm run bench:growth`: what a million finished transactions change. */
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { measureGrowth } from './growth.ts';
import { readOptions, usage } from './options.ts';
import { asMarkdown } from './report.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) =>
    asMarkdown(options, describeMachine(folder), await measureGrowth(options, folder, progress)),
});
