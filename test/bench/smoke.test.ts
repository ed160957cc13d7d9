import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const bench = ['--conditions=source', join(root, 'bench/main.ts')];
const seconds = 0.2;

/** On a machine that does much else nothing may end in a slice that short: then longer ones are measured. */
async function measure(...options: string[]): Promise<string> {
  for (let longer = seconds; ; longer *= 5) {
    const tiny = ['--seconds', String(longer), '--repetitions', '1'];
    try {
      return (await run(process.execPath, [...bench, ...tiny, ...options])).stdout;
    } catch (error) {
      if (longer > 5 || !/choose more seconds/.test(String(error))) throw error;
    }
  }
}

/** Says nothing about how fast anything is: only that every figure is there and can be true. */
test('a run of a few seconds prints a complete table and judges what it can', async () => {
  const options = ['--in-flight', '8,64', '--kind', 'saga', '--sections', 'load,burst,start-up', '--against', root];
  const stdout = await measure(...options);
  // The bare ones write nothing; shares of others are told of the embedded store.
  const cells = { sqlite: 15, memory: 12, 'bare with log': 9, bare: 9, other: 12 };
  for (const [subject, count] of Object.entries(cells)) {
    for (const inFlight of [8, 64]) assertFigures(stdout, `saga ${inFlight} +${subject}`, count);
  }
  for (const name of ['sqlite, after a pause', 'sqlite, just started', 'bare with log, after a pause']) {
    assertFigures(stdout, `saga, ${name}`, 7);
  }
  assert.match(stdout, /synced in \d+ us/);
  assert.match(stdout, /start of the compiled coordinator: first 200 after \d+ ms/);
  for (const budget of [
    'saga: of bare with log, 64 in flight',
    "saga: processor time, of the other's, 64 in flight",
    'row writes a saga',
    'p99 to p50, first second of 256: saga, sqlite, just started',
    'exec to first 200 (ms)',
    "idle memory, of the other's",
  ]) {
    assert.ok(
      stdout.split('\n').some((line) => line.startsWith(`${budget}  `) && /(met|MISSED)$/.test(line)),
      `${budget} is not judged in\n${stdout}`,
    );
  }
});

test('on a database one and two coordinators are measured beside the same rows without any', async () => {
  const options = ['--store', 'postgres', '--coordinators', '1,2', '--in-flight', '8,64', '--kind', 'saga'];
  const stdout = await measure(...options);
  // The bare one writes nothing; shares of others are told of coordinators.
  const cells = { 'postgres {2,}': 14, 'postgres, by two': 14, 'bare with SQL': 13, 'bare {2,}': 10 };
  for (const [subject, count] of Object.entries(cells)) {
    for (const inFlight of [8, 64]) assertFigures(stdout, `saga ${inFlight} +${subject}`, count);
  }
  assert.match(stdout, /^PostgreSQL \d.* every commit synced$/m);
  for (const budget of ['saga: of bare with SQL, 64 in flight', 'saga: a second, 64 in flight', 'row writes a saga']) {
    const judged = stdout.split('\n').some((line) => line.startsWith(`${budget}  `) && /(met|MISSED)$/.test(line));
    assert.ok(judged, `${budget} is not judged in\n${stdout}`);
  }
});

test('as JSON, each kind costs the row writes that it must: a saga and a message two, a TCC five', async () => {
  const { lines, waiters } = JSON.parse(
    await measure('--in-flight', '4', '--sections', 'load,waiters', '--waiters', '50', '--json'),
  );
  assert.equal(lines.length, 11);
  for (const { kind, subject, figures } of lines) {
    assert.ok(figures.perSecond.low > 0);
    if (subject !== 'sqlite') continue;
    const rows = kind === 'tcc' ? 5 : 2;
    // What was in flight at the two moments of looking is written in part only.
    const partly = (4 * rows) / (figures.perSecond.median * seconds);
    assert.ok(Math.abs(figures.rows.median - rows) <= Math.max(0.5, partly), `${kind} ${JSON.stringify(figures.rows)}`);
    assert.ok(figures.rowsPerCommit.low >= 1);
  }
  assert.equal(waiters.waiters, 50);
  assert.ok(Number.isFinite(waiters.residentKib) && Number.isFinite(waiters.heapKib));
});

test('a mistake in the options is named, and nothing is measured', async () => {
  for (const [options, text] of [
    [['--in-flight', '1,x'], /--in-flight takes whole numbers from 1/],
    [['--seconds', '0'], /--seconds must be a number above 0/],
    [['--kind', 'saga,xa'], /--kind takes saga, tcc, msg or all, not xa/],
    [['--fast'], /--fast/],
    [['--store', 'redis'], /--store takes sqlite, postgres, mysql, not redis/],
    [['--coordinators', '2'], /--coordinators takes 1, 2 and 3, and more than 1 only with --store postgres or mysql/],
    [['--store', 'mysql', '--sections', 'burst'], /on a database --sections load alone/],
  ] as const) {
    await assert.rejects(run(process.execPath, [...bench, ...options]), (error: unknown) => {
      assert.ok(error instanceof Error && 'stderr' in error && 'code' in error);
      assert.match(String(error.stderr), text);
      assert.equal(error.code, 2);
      return true;
    });
  }
});

/** The cells of the line that begins so. */
function assertFigures(text: string, first: string, count: number): void {
  const cells = new RegExp(`^${first} {2,}(\\d.*)$`, 'm').exec(text)?.[1]?.split(/ +/);
  assert.ok(cells !== undefined, `no line ${first} in\n${text}`);
  assert.equal(cells.length, count, `${first} ${cells.join(' ')}`);
  for (const cell of cells) assert.match(cell, /^\d+(\.\d+)?(-\d+(\.\d+)?)?%?$/, `${first} ${cells.join(' ')}`);
}
