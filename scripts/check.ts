/**
 * `npm run check`: types, lint and units, in parallel. With --everything (`npm test`) also the tests under test/.
 * Ends with the count of tests, and fails where none ran.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { compatibilityProblems, recordingFlags, recordOf } from './compatibility.ts';
import { mariaDb, postgres, redis } from './lib/toolchains/databases.ts';
import { goProgram } from './lib/toolchains/go.ts';
import { javaProgram } from './lib/toolchains/java.ts';
import { python } from './lib/toolchains/python.ts';
import { type Ended, judge } from './lib/verdict.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const everything = process.argv.includes('--everything');

/** Runs a command; what it prints is shown when it has ended, so that parallel ones do not mix. */
function run(name: string, command: string, args: readonly string[]): Promise<Ended> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    // Colours would hide the counts.
    const env = { ...process.env, FORCE_COLOR: '0' };
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => {
      output += String(error);
    });
    child.on('close', (code) => {
      const seconds = (performance.now() - startedMs) / 1000;
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`);
      resolve({ name, code: code ?? 1, output });
    });
  });
}

function testFiles(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })).sort();
}

/** A test, or a file that never ends (a leaked handle), fails after its time instead of hanging for ever. */
async function runTests(name: string, seconds: number, files: readonly string[]): Promise<Ended> {
  if (files.length === 0) return { name, code: 0, output: '', files: 0 };
  const limits = ['--test-concurrency=2', `--test-timeout=${seconds * 1000}`];
  const flags = ['--conditions=source', '--test', ...limits, ...recordingFlags(recordOf(name))];
  return { ...(await run(name, process.execPath, [...flags, ...files])), files: files.length };
}

/** What the tests have proved of dtm's wire is what the page says. */
function compatibility(parts: readonly string[]): Ended {
  const problems = compatibilityProblems(parts.map(recordOf));
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} compatibility`);
  return { name: 'compatibility', code: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
}

/** The tests that need one say so too, by skipping: in CI that is a failure. */
function installToolchains(): void {
  const interop = join(root, 'test/interop');
  const databases = [mariaDb(), postgres(), redis()];
  const sdks = [
    python(join(interop, 'python/requirements.txt')),
    goProgram(join(interop, 'go')),
    javaProgram(join(interop, 'java')),
  ];
  for (const toolchain of [...databases, ...sdks])
    if ('missing' in toolchain) console.log(`holdfast: tests will be skipped: ${toolchain.missing}`);
}

if (everything) installToolchains();
const ended = await Promise.all([
  run('types', bin('tsc'), ['-p', '.']),
  run('lint', bin('biome'), ['ci', '--colors=off', '.']),
  runTests('units', 60, testFiles(['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'])),
]);
if (everything) {
  ended.push(await runTests('end to end', 600, testFiles(['test/**/*.test.ts', 'examples/**/*.test.ts'])));
  ended.push(compatibility(['units', 'end to end']));
}

for (const { name, code, output } of ended) if (code !== 0) console.log(`\n---- ${name}\n${output}`);
const { isGood, lines } = judge(ended, process.env['CI'] !== undefined);
console.log(`\n${lines.join('\n')}`);
process.exit(isGood ? 0 : 1);
