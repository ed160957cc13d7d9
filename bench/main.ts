/** `npm run bench`: what a saga costs, on the embedded store and on none, and whether the budgets are met. */
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { describeMachine } from './machine.ts';
import { readOptions, usage } from './options.ts';
import { profilePath } from './profile.ts';
import { summarize } from './profile-summary.ts';
import { asJson, asText } from './report.ts';
import { Run } from './run.ts';
import { measureStartUp } from './start-up.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const run = new Run(options, join(folder, 'data'));
    try {
      const machine = describeMachine(folder);
      const startUp = options.startUp ? await measureStartUp(folder, options.repetitions) : undefined;
      const result = await run.measure(progress);
      const report = { machine, options, result, startUp };
      const parts = [options.json ? asJson(report) : asText(report)];
      if (options.profile !== undefined) {
        for (const inFlight of options.inFlight) {
          await run.profile(inFlight);
          const path = profilePath(options.profile, inFlight);
          if (!options.json) parts.push(`\n${path}\n${summarize(path)}`);
        }
      }
      return parts.join('\n');
    } finally {
      await run.end();
    }
  },
});
