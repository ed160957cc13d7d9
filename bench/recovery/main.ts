/** `npm run bench:recovery`: how fast a coordinator that was killed gets through what it had left. */
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { readOptions, usage } from './options.ts';
import { Recovery } from './recovery.ts';
import { asMarkdown } from './report.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const recovery = new Recovery(options, folder, progress);
    try {
      return asMarkdown(options, describeMachine(folder), await recovery.measure());
    } finally {
      await recovery.end();
    }
  },
});
