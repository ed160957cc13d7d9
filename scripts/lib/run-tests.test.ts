import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../test/lib/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-run-tests-'));
after(() => rmSync(folder, { recursive: true }));

function commandOf(limitSeconds: number, ...contents: readonly string[]): string[] {
  const files = contents.map((content, index) => {
    const path = join(folder, `${index}.mjs`);
    writeFileSync(path, `import { test } from 'node:test';\n${content}\n`);
    return path;
  });
  return [join(import.meta.dirname, 'run-tests.ts'), String(limitSeconds), join(folder, 'record'), ...files];
}

const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
const env = { ...outer, FORCE_COLOR: '0' };

/** Code and output of a run of files with these contents. */
function runFiles(limitSeconds: number, ...contents: readonly string[]): { code: number | null; output: string } {
  const { status, stdout } = spawnSync(process.execPath, commandOf(limitSeconds, ...contents), {
    env,
    encoding: 'utf8',
  });
  return { code: status, output: stdout };
}

test('tests of all files are counted together, and what failed is told once more at the end', () => {
  const { code, output } = runFiles(
    60,
    "test('one', (t) => t.diagnostic('said by one')); test('two', () => {}); test.skip('three');",
    "test('four', () => { throw new Error('four is wrong'); });",
  );
  assert.equal(code, 1, output);
  for (const line of ['tests 4', 'pass 2', 'fail 1', 'skipped 1', 'cancelled 0', 'said by one']) {
    assert.equal(output.split(`ℹ ${line}\n`).length, 2, `${line} is told once in\n${output}`);
  }
  assert.match(output, /failing tests:[\s\S]*four is wrong/);
  assert.equal(runFiles(60, "test('one', () => {});").code, 0);
});

test('a file that leaves something open is ended, and fails', () => {
  const { code, output } = runFiles(2, "test('one', () => { setInterval(() => {}, 1000); });");
  assert.equal(code, 1, output);
  assert.match(output, /ℹ cancelled 1\n[\s\S]*nothing was heard of it for 3 s/);
});

test('a signal that ends the run ends the files that run, and begins no other', async () => {
  const pid = join(folder, 'pid');
  const endless = `import { writeFileSync } from 'node:fs';
    test('one', () => new Promise(() => { setInterval(() => {}, 1000); writeFileSync('${pid}', String(process.pid)); }));`;
  const never = join(folder, 'never');
  const third = `import { writeFileSync } from 'node:fs'; test('two', () => writeFileSync('${never}', ''));`;
  // As many as ever run at once.
  const first = Array<string>(6).fill(endless);
  const run = spawn(process.execPath, commandOf(60, ...first, third), { env, stdio: 'ignore' });
  await until('a file runs', () => existsSync(pid) && readFileSync(pid, 'utf8') !== '');
  run.kill('SIGTERM');
  const [code] = await once(run, 'exit');
  assert.equal(code, 1);
  assert.throws(() => process.kill(Number(readFileSync(pid, 'utf8')), 0), { code: 'ESRCH' });
  assert.equal(existsSync(never), false);
});
