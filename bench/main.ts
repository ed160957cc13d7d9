/** `npm run bench`: what transactions cost, beside what nobody can leave out, and whether the budgets are met. */
import { provideOther } from './against.ts';
import type { Measured } from './budgets.ts';
import { runCommand } from './command.ts';
import { describeMachine } from './machine.ts';
import { type Options, readOptions, type Section, usage } from './options.ts';
import { profilePath } from './profile.ts';
import { summarize } from './profile-summary.ts';
import { asJson, asText } from './report.ts';
import { Run } from './run.ts';
import { measureStartUp } from './start-up.ts';
import { measureWaiters } from './waiters.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const machine = describeMachine(folder);
    const other = options.against === undefined ? undefined : provideOther(options.against, folder);
    const { profiles, ...measured } = await measureAll(options, folder, other, progress);
    const report = { machine, options, ...measured };
    return [options.json ? asJson(report) : asText(report), ...profiles].join('\n');
  },
});

async function measureAll(
  options: Options,
  folder: string,
  other: string | undefined,
  progress: (text: string) => void,
): Promise<Measured & { readonly database?: string | undefined; readonly profiles: readonly string[] }> {
  const has = (section: Section) => options.sections.includes(section);
  const startUps = has('start-up')
    ? await measureStartUp(folder, options.repetitions, other === undefined ? [undefined] : [undefined, other])
    : [];
  const waiters = has('waiters') ? await measureWaiters(folder, options.waiters) : undefined;
  const { store } = options;
  if (!has('load') && !has('burst')) return { store, lines: [], bursts: [], waiters, startUps, profiles: [] };
  const run = await Run.start(options, folder, other);
  try {
    const lines = has('load') ? await run.measure(progress) : [];
    const bursts = has('burst') ? await run.measureBursts(progress) : [];
    const { database } = run;
    return { store, database, lines, bursts, waiters, startUps, profiles: await profile(run, options) };
  } finally {
    await run.end();
  }
}

async function profile(run: Run, { profile: folder, kinds, inFlight, json }: Options): Promise<readonly string[]> {
  const texts: string[] = [];
  if (folder === undefined) return texts;
  for (const kind of kinds) {
    for (const count of inFlight) {
      await run.profile(kind, count);
      const path = profilePath(folder, kind, count);
      if (!json) texts.push(`\n${path}\n${summarize(path)}`);
    }
  }
  return texts;
}
