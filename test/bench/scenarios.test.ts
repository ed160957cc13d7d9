import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** As small as it gets: that every figure is there, and that what can be counted is right. */
async function report(scenario: string, ...options: string[]): Promise<string> {
  const args = ['--conditions=source', join(root, 'bench', scenario, 'main.ts'), ...options];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

/** The cells of the row of a Markdown table that begins so. */
function row(text: string, first: string): string[] {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`| ${first} |`));
  assert.ok(line !== undefined, `no row ${first} in\n${text}`);
  return line
    .slice(first.length + 3)
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function assertFigures(text: string, first: string, count: number): void {
  const cells = row(text, first);
  assert.equal(cells.length, count, text);
  for (const cell of cells)
    assert.match(cell, /^\d+(\.\d+)?( \(\d+(\.\d+)?-\d+(\.\d+)?\))?%?$/, `${first} in\n${text}`);
}

function assertJudged(text: string, count: number): void {
  assert.equal(text.match(/^\| .* \| .* \| .* \| (met|MISSED) \|$/gm)?.length, count, text);
}

test('recovery: all that a kill left is finished, a fifth of it first, and beside a dead service half', async () => {
  const text = await report('recovery', '--unfinished', '200', '--repetitions', '1', '--seconds', '1');
  assert.match(text, /^200 sagas unfinished at the kill, 40 of them being driven\./m);
  for (const name of ['fresh load', 'recovery', 'recovery, of the healthy half']) assertFigures(text, name, 3);
  for (const name of ['all', 'half for a dead service']) assertFigures(text, name, 4);
  assertJudged(text, 3);
});

test('recovery on a database: what a kill left is finished, also what the dead one was driving', async () => {
  const text = await report(
    'recovery',
    '--store',
    'postgres',
    '--unfinished',
    '60',
    '--repetitions',
    '1',
    '--seconds',
    '1',
  );
  assert.match(text, /PostgreSQL \d.*\n\n60 sagas unfinished at the kill, 12 of them being driven\./);
  for (const name of ['all', 'half for a dead service']) assertFigures(text, name, 4);
  assertJudged(text, 4);
});

test('takeover: what the dead coordinator had called is called by the other one', async () => {
  const text = await report('takeover', '--sagas', '70', '--repetitions', '1');
  assert.match(text, /^70 sagas, whose first calls were out/m);
  assertFigures(text, 'from the kill to the next call', 3);
  assertJudged(text, 2);
});

test('growth: an empty store and one with finished transactions are compared, also while it purges', async () => {
  const text = await report('growth', '--stored', '500', '--repetitions', '1', '--seconds', '1', '--pages', '2');
  assert.match(text, /^500 finished transactions were stored in \d+ s and take \d+ bytes each/m);
  for (const name of ['sagas/s', 'claim of a page, p50 (ms)', 'claim that finds nothing, p50 (ms)']) {
    assertFigures(text, name, 3);
  }
  assertFigures(text, 'exec to first 200 (ms)', 3);
  assert.match(text, /deletes [1-9]\d* \(/);
  assertJudged(text, 3);
});

test('overload: what is offered is accepted or refused, and second phases are served', async () => {
  const options = ['--seconds', '2', '--calm', '1', '--after', '3', '--second-phases', '5', '--connections', '200'];
  const text = await report('overload', ...options);
  for (const name of ['before', 'overload, first third', 'last third', 'after']) {
    // Of those that are refused all, none tells how long it took.
    assert.equal(row(text, name).length, 13, text);
  }
  const served = [...text.matchAll(/(\d+) requests were served and 0 were not/g)].map((match) => match[1]);
  assert.deepEqual(served, ['10', '2'], text);
  assert.equal(text.match(/\(0 of them without Retry-After\), 0 answered otherwise, 0 not answered/g)?.length, 2, text);
  assertJudged(text, 5);
});

test('grpc: the same saga over HTTP and over gRPC, each of two row writes', async () => {
  const options = ['--in-flight', '8', '--repetitions', '1', '--seconds', '0.5', '--against', root];
  const text = await report('grpc', ...options);
  assertFigures(text, '8 | sagas/s', 5);
  assertJudged(text, 1);
  const [http = '', grpc = ''] = row(text, '8 | row writes a saga');
  for (const rows of [http, grpc]) assert.ok(Number.parseFloat(rows) > 1.5 && Number.parseFloat(rows) < 2.7, text);
});
