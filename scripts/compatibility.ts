/**
 * `npm run compatibility`: runs the tests whose names have numbers and makes docs/compatibility.md of what they gave.
 * At the end of `npm test` the same is made of that run, and compared.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { differences } from './conformance/differences.ts';
import { quirks } from './conformance/quirks.ts';
import { notServedYet, provedAnywhere, rows } from './conformance/rows.ts';
import { gapsOf, ownNumbers, testsOf } from './lib/conformance.ts';
import { type NumberedTest, numberedName, readNumbered, recordOf } from './lib/numbered.ts';

const root = join(import.meta.dirname, '..');
const path = join(root, 'docs', 'compatibility.md');

const intro = `# Compatibility with dtm's protocol

<!-- Made from a run of the tests by \`npm run compatibility\`: change scripts/conformance/ or the tests instead. -->

What holds of dtm's wire, and where Holdfast differs on purpose. SDKs read an answer as success when its status is 200 and
its body does not contain the text \`FAILURE\`; whatever is below keeps that. The numbers are those of rows and quirks in the
two tables below the first: a test whose name begins with a number proves it.
`;

const onWhichStores = `All but ${provedAnywhere.join(', ')} are proved end to end, on the manual clock and on every store. \`npm test\` runs them on the embedded store, and
on PostgreSQL with three coordinators, each request to any of them; \`npm run test:all\` on PostgreSQL and MariaDB with one, two and
three coordinators. The others are about a store or a setting: tests of that part prove them, those of a store on every store.
`;

/** The page, as this run shows it. */
export function compatibilityPage(tests: readonly NumberedTest[]): string {
  const results = rows.map(({ number }) => resultOf(number));
  const count = (wanted: string) => results.filter((result) => result === wanted).length;
  const [holds, differ, missing] = [count('holds'), count('differs'), count('not served yet')];
  return [
    intro,
    '## Differences\n',
    ...table(
      ['what', 'dtm', 'Holdfast', 'why', 'shown by'],
      differences.map(({ what, dtm, holdfast, why, rows: differing, shownBy }) => {
        return [what, dtm, holdfast, why, [...differing, ...shownBy].join(', ')];
      }),
    ),
    `\n## Rows\n\nOf ${rows.length} rows ${holds} hold, ${differ} differ on purpose, ${missing} are not served yet.\n`,
    onWhichStores,
    ...table(
      ['row', 'given', 'when', 'then', 'result', 'tests'],
      rows.map(({ number, given, when, then }, index) => {
        return [number, given, when, then, results[index] ?? '', linksOf(number, tests)];
      }),
    ),
    '\n## Quirks\n\nWhere dtm is wrong or weak. *Kept* is what clients can see and rely on.\n',
    ...table(
      ['quirk', 'dtm', 'Holdfast', 'result', 'tests'],
      quirks.map(({ number, dtm, holdfast, result }) => {
        return [
          number,
          dtm,
          holdfast,
          notServedYet.includes(number) ? 'not served yet' : result,
          linksOf(number, tests),
        ];
      }),
    ),
    '\n## Differences with a number of their own\n',
    ...table(
      ['number', 'tests'],
      ownNumbers.map((number) => [number, linksOf(number, tests)]),
    ),
    '',
  ].join('\n');
}

/** What is wrong with a run, or with the page as it stands; nothing where all is well. */
export function compatibilityProblems(resultFiles: readonly string[]): string[] {
  const tests = readNumbered(resultFiles);
  const gaps = gapsOf(tests);
  if (gaps.length > 0 || readFileSync(path, 'utf8') === compatibilityPage(tests)) return gaps;
  return ['docs/compatibility.md is not what this run gives: run `npm run compatibility`'];
}

function resultOf(number: string): string {
  if (notServedYet.includes(number)) return 'not served yet';
  return differences.some(({ rows: differing }) => differing.includes(number)) ? 'differs' : 'holds';
}

function linksOf(number: string, tests: readonly NumberedTest[]): string {
  const rank = ({ file, title }: NumberedTest) => `${file.startsWith('test/e2e/') ? 0 : 1} ${file} ${title}`;
  return testsOf(number, tests)
    .sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
    .map(({ title, file }) => `${title} ([${basename(file)}](../${file}))`)
    .join('<br>');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...lines.map(line)];
}

/** Test files that have such names, or take them from the suite that every store passes. */
function numberedFiles(): string[] {
  const hasNumbers = new RegExp(`['"\`]${numberedName.source.slice(1)}|/contract(\\.ts)?'`);
  return globSync('{packages/*/src,test,scripts}/**/*.test.ts', { cwd: root })
    .filter((file) => hasNumbers.test(readFileSync(join(root, file), 'utf8')))
    .sort();
}

if (import.meta.main) {
  const record = recordOf('alone');
  mkdirSync(dirname(record), { recursive: true });
  rmSync(record, { force: true });
  const reporter = join(root, 'scripts', 'lib', 'numbered-reporter.ts');
  const flags = [
    ...['--conditions=source', '--test', '--test-concurrency=2', '--test-timeout=600000'],
    `--test-name-pattern=${numberedName.source}`,
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${reporter}`, `--test-reporter-destination=${record}`],
  ];
  spawnSync(process.execPath, [...flags, ...numberedFiles()], { cwd: root, stdio: 'inherit' });
  const tests = readNumbered([record]);
  const gaps = gapsOf(tests);
  if (gaps.length === 0) writeFileSync(path, compatibilityPage(tests));
  else console.error(`\ndocs/compatibility.md is left as it is:\n  ${gaps.join('\n  ')}`);
  process.exit(gaps.length === 0 ? 0 : 1);
}
