/** `npm run bench`: what a saga costs, on the embedded store and on none, and whether the budgets are met. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from './machine.ts';
import { type Options, readOptions, usage } from './options.ts';
import { profilePath } from './profile.ts';
import { summarize } from './profile-summary.ts';
import { asJson, asText } from './report.ts';
import { Run } from './run.ts';
import { measureStartUp } from './start-up.ts';

const options = read();
const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'holdfast-bench-'));
const run = new Run(options, join(folder, 'data'));
try {
  const machine = describeMachine(folder);
  const startUp = options.startUp ? await measureStartUp(folder, options.repetitions) : undefined;
  const result = await run.measure(tell);
  const report = { machine, options, result, startUp };
  console.log(options.json ? asJson(report) : asText(report));
  if (options.profile !== undefined) {
    for (const inFlight of options.inFlight) {
      await run.profile(inFlight);
      const path = profilePath(options.profile, inFlight);
      if (!options.json) console.log(`\n${path}\n${summarize(path)}`);
    }
  }
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await run.end();
  rmSync(folder, { recursive: true, force: true });
}

function read(): Options {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== undefined) return read;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

/** Not on standard output, which is the result. */
function tell(text: string): void {
  console.error(`bench: ${text}`);
}
