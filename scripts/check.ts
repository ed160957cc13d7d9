/**
 * `npm run check`: types, lint and units, in parallel. With --everything (`npm test`) also the tests under test/.
 * Ends with the count of tests, and fails where none ran.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const everything = process.argv.includes('--everything');

interface Ended {
  readonly name: string;
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command; what it prints is shown when it has ended, so that parallel ones do not mix. */
function run(name: string, command: string, args: readonly string[]): Promise<Ended> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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
      resolve({ name, code: code ?? 1, output, seconds });
    });
  });
}

function testFiles(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })).sort();
}

function runTests(name: string, files: readonly string[], concurrency: number): Promise<Ended> {
  const flags = ['--conditions=source', '--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec'];
  return run(name, process.execPath, [...flags, ...files]);
}

const count = (output: string, what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);

const units = testFiles(['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts']);
const ended = await Promise.all([
  run('types', bin('tsc'), ['-p', '.']),
  run('lint', bin('biome'), ['ci', '--colors=off', '.']),
  runTests('units', units, 2),
]);
if (everything) {
  const files = testFiles(['test/**/*.test.ts', 'examples/**/*.test.ts']);
  if (files.length > 0) ended.push(await runTests('end to end', files, 2));
}

for (const { name, code, output } of ended) if (code !== 0) console.log(`\n---- ${name}\n${output}`);

const tests = ended.filter(({ output }) => count(output, 'tests') > 0);
const sum = (what: string) => tests.reduce((total, { output }) => total + count(output, what), 0);
const failed =
  sum('fail') + sum('cancelled') + ended.filter(({ code, output }) => code !== 0 && count(output, 'fail') === 0).length;
const skipped = sum('skipped') + sum('todo');
if (skipped > 0 && process.env['CI'] !== undefined) console.log(`${skipped} tests were skipped: an error in CI`);
console.log(`\n${sum('pass')} passed, ${failed} failed, ${skipped} skipped`);
if (sum('pass') === 0) console.log('no test ran');
process.exit(failed > 0 || sum('pass') === 0 || (skipped > 0 && process.env['CI'] !== undefined) ? 1 : 0);
