/**
 * `npm run check`: types, lint, units, and who may import whom, in parallel. With --everything (`npm test`) also the tests under test/.
 * Ends with the slowest files and the count of tests, and fails where none ran.
 */
import { join } from 'node:path';
import { compatibilityProblems } from './compatibility.ts';
import { keepDurations, slowest } from './lib/durations.ts';
import { recordOf } from './lib/numbered.ts';
import { filesOnAnyStore, nameOf, runOnStore } from './lib/on-store.ts';
import { type EndedTests, root, run, runTests, testFiles } from './lib/part.ts';
import { type Ended, judge } from './lib/verdict.ts';

const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const everything = process.argv.includes('--everything');
const slowestShown = 8;
/** Quick, and about all files: it is run with the units. */
const layers = 'test/layers.test.ts';

/** Requests of one client that reach three coordinators find most. The other stores and numbers are `npm run test:all`. */
const onStore = { kind: 'postgres', nodes: 3 } as const;

/** What the tests have proved of dtm's wire is what the page says. */
function compatibility(parts: readonly string[]): Ended {
  const problems = compatibilityProblems(parts.map(recordOf));
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} compatibility`);
  return { name: 'compatibility', code: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
}

/** What is missing is told at once, though the units are still running. */
async function toolchains(): Promise<Ended> {
  const ended = await run('toolchains', process.execPath, [join(root, 'scripts', 'toolchains.ts')]);
  if (ended.output !== '') console.log(ended.output.trimEnd());
  return ended;
}

const [units, ...others] = await Promise.all([
  runTests('units', 60, testFiles(['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', layers])),
  run('types', bin('tsc'), ['-p', '.']),
  run('lint', bin('biome'), ['ci', '--colors=off', '.']),
  ...(everything ? [toolchains()] : []),
]);
const tests: EndedTests[] = [units];
keepDurations(units.seconds);
if (everything) {
  const files = testFiles(['test/**/*.test.ts', 'examples/**/*.test.ts']).filter((file) => file !== layers);
  const endToEnd = await runTests('end to end', 600, files);
  // Of these alone: on another store, and where `npm run test:all` asks for more of it, a file takes another time.
  keepDurations(endToEnd.seconds);
  tests.push(endToEnd);
  tests.push(await runOnStore(nameOf(onStore), onStore, 600, filesOnAnyStore()));
  others.push(compatibility(tests.map(({ name }) => name)));
}

const ended = [...others, ...tests];
for (const { name, code, output } of ended) if (code !== 0) console.log(`\n---- ${name}\n${output}`);
const seconds = Object.assign({}, ...tests.map((part) => part.seconds));
console.log(`\nslowest files:\n${slowest(seconds, slowestShown).join('\n')}`);
const { isGood, lines } = judge(ended, process.env['CI'] !== undefined);
console.log(`\n${lines.join('\n')}`);
process.exit(isGood ? 0 : 1);
