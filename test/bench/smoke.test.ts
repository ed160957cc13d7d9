import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const bench = ['--conditions=source', join(root, 'bench/main.ts')];
const short = ['--seconds', '0.2', '--repetitions', '2', '--in-flight', '1,8'];

/** Says nothing about how fast anything is: only that every figure is there and can be true. */
test('a run of a few seconds prints a complete table and judges what it can', async () => {
  const { stdout } = await run(process.execPath, [...bench, ...short]);
  for (const store of ['sqlite', 'memory', 'bare']) {
    for (const inFlight of ['1', '8']) {
      const line = new RegExp(`^${inFlight} +${store} +(.*)$`, 'm').exec(stdout)?.[1];
      assert.ok(line !== undefined, `no line for ${inFlight} in flight on ${store} in\n${stdout}`);
      const cells = line.split(/ +/);
      // The bare coordinator writes nothing, and only the embedded store has a ratio.
      assert.equal(cells.length, { sqlite: 14, memory: 12, bare: 9 }[store], line);
      for (const cell of cells) assert.match(cell, /^\d+(\.\d+)?(-\d+(\.\d+)?)?%?$/, line);
    }
  }
  assert.match(stdout, /synced in \d+ us/);
  assert.match(stdout, /first 200 after \d+ ms/);
  assert.match(stdout, /^exec to first 200 \(ms\) .* (met|MISSED)$/m);
});

test('as JSON, a saga in the embedded store costs two row writes', async () => {
  const { stdout } = await run(process.execPath, [...bench, ...short, '--no-start-up', '--json']);
  const { lines } = JSON.parse(stdout);
  const sqlite = lines.filter((line: { subject: string }) => line.subject === 'sqlite');
  assert.equal(lines.length, 8);
  for (const { figures } of sqlite) {
    // What was in flight at the two moments of looking is written in part only.
    assert.ok(figures.rows.median > 1.5 && figures.rows.median < 2.5, JSON.stringify(figures.rows));
    assert.ok(figures.rowsPerCommit.low >= 1);
    assert.ok(figures.sagasPerSecond.low > 0);
  }
});

test('a mistake in the options is named, and nothing is measured', async () => {
  for (const [options, text] of [
    [['--in-flight', '1,x'], /--in-flight takes whole numbers from 1/],
    [['--seconds', '0'], /--seconds must be a number above 0/],
    [['--fast'], /--fast/],
  ] as const) {
    await assert.rejects(run(process.execPath, [...bench, ...options]), (error: unknown) => {
      assert.ok(error instanceof Error && 'stderr' in error && 'code' in error);
      assert.match(String(error.stderr), text);
      assert.equal(error.code, 2);
      return true;
    });
  }
});
