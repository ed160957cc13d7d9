import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compatibilityPage } from './compatibility.ts';
import { bugs } from './conformance/bugs.ts';
import { differences } from './conformance/differences.ts';
import { quirks } from './conformance/quirks.ts';
import { notServedYet, provedAnywhere, rows } from './conformance/rows.ts';
import { gapsOf, ownNumbers } from './lib/conformance.ts';
import { type NumberedTest, readNumbered, splitName } from './lib/numbered.ts';

const all = [...rows, ...quirks].map(({ number }) => number);

const passed = (numbers: readonly string[], file = 'test/e2e/saga.test.ts'): NumberedTest => {
  return { numbers, title: `proves ${numbers}`, file, outcome: 'passed' };
};
const bugNumbers = bugs.map(({ number }) => number);
const complete = [...all, ...ownNumbers, ...bugNumbers]
  .filter((number) => !notServedYet.includes(number))
  .map((number) => passed([number]));

test('the tables are complete, in order, and every cell that must say something does', () => {
  const counted = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
  assert.deepEqual(all, [...counted(105), ...counted(37, 'Q')]);
  assert.deepEqual(ownNumbers, counted(ownNumbers.length, 'D'));
  assert.deepEqual(bugNumbers, counted(bugs.length, 'B'));
  for (const { number, when, then } of rows) assert.ok(when !== '' && then !== '', number);
  for (const { number, dtm, holdfast } of quirks) assert.ok(dtm !== '' && holdfast !== '', number);
  for (const { what, why, rows: differing, shownBy } of differences) {
    assert.ok(why !== '' && differing.length + shownBy.length > 0, what);
  }
});

test('numbers stand at the beginning of a name, and nowhere else', () => {
  assert.deepEqual(splitName('22: every step'), { numbers: ['22'], title: 'every step' });
  assert.deepEqual(splitName('72, Q31, D4: all: of it'), { numbers: ['72', 'Q31', 'D4'], title: 'all: of it' });
  assert.deepEqual(splitName('Q10, B2: the loser'), { numbers: ['Q10', 'B2'], title: 'the loser' });
  for (const name of ['row 22: a', '8 to 12: a', '22 a', 'Q: a', 'of 22: a', '22,23: a']) {
    assert.equal(splitName(name), undefined, name);
  }
});

test('docs/testing.md lists the known bugs as the table does', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'testing.md'), 'utf8');
  for (const { number, bug } of bugs) assert.ok(page.includes(`| ${number} | ${bug} |\n`), `| ${number} | ${bug} |`);
});

test('a run that proves everything leaves nothing open; each number that it does not prove is named', () => {
  assert.deepEqual(gapsOf(complete), []);
  for (const missing of complete) {
    const gaps = gapsOf(complete.filter((one) => one !== missing));
    assert.deepEqual([gaps.length, gaps[0]?.startsWith(`${missing.numbers[0]}: no test`)], [1, true]);
  }
});

test('a row is proved end to end, on every store; a store or a setting where it belongs', () => {
  // Of the second file each coordinator is on the embedded store.
  const moved = complete.map((one, index) => {
    return { ...one, file: index % 2 === 0 ? 'packages/core/src/a.test.ts' : 'test/e2e/misspelt.test.ts' };
  });
  const needed = rows
    .map(({ number }) => number)
    .filter((number) => !provedAnywhere.includes(number) && !notServedYet.includes(number));
  assert.deepEqual(
    gapsOf(moved),
    needed.map((number) => `${number}: no test on the store of the run whose name begins with it`),
  );
});

test('a test that failed or was skipped, or has a number of nothing, is named', () => {
  for (const outcome of ['failed', 'skipped'] as const) {
    assert.deepEqual(gapsOf([...complete, { ...passed(['22']), outcome }]), [
      `22: ${outcome} (test/e2e/saga.test.ts: proves 22)`,
    ]);
  }
  assert.deepEqual(gapsOf([...complete, passed(['106', 'Q38', 'D99'])]).length, 3);
});

test('what is listed as not served yet leaves the list with its first test', () => {
  const missing = [...notServedYet, '66', 'Q6'];
  const others = complete.filter(({ numbers }) => !numbers.some((number) => missing.includes(number)));
  assert.deepEqual(gapsOf(others, missing), []);
  for (const number of ['66', 'Q6']) {
    assert.deepEqual(gapsOf([...others, passed([number])], missing), [
      `${number}: has a test, and is listed as not served yet in scripts/conformance/rows.ts`,
    ]);
  }
});

test('the page is the same whatever the order of the run', () => {
  const two = [passed(['22'], 'b.test.ts'), passed(['22'], 'a.test.ts'), passed(['22'])];
  assert.equal(compatibilityPage([...complete, ...two]), compatibilityPage([...two.toReversed(), ...complete]));
});

test('a run is recorded as node --test really tells it; a test that failed once has failed', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-numbered-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.test.ts');
  writeFileSync(
    file,
    `import { describe, test } from 'node:test';
    for (const name of ['a', 'b']) describe(name, () => {
      test('1, Q2: good', () => {});
      test('3: good and bad', () => { if (name === 'a') throw new Error(name); });
      test('4: left out', { skip: name === 'a' }, () => {});
      test('without a number', () => {});
    });`,
  );
  const record = join(folder, 'record.jsonl');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = join(import.meta.dirname, 'lib', 'run-tests.ts');
  const { status } = spawnSync(process.execPath, [runner, '60', record, file], { cwd: folder, env });
  assert.equal(status, 1, 'a test failed');
  assert.deepEqual(readNumbered([record, join(folder, 'missing')]), [
    { numbers: ['1', 'Q2'], title: 'good', file: 'a.test.ts', outcome: 'passed' },
    { numbers: ['3'], title: 'good and bad', file: 'a.test.ts', outcome: 'failed' },
    { numbers: ['4'], title: 'left out', file: 'a.test.ts', outcome: 'skipped' },
  ]);
});
