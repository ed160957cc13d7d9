import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type Ended, judge } from './verdict.ts';

const summary = (counts: Record<string, number>) =>
  ['pass', 'fail', 'cancelled', 'skipped', 'todo'].map((what) => `ℹ ${what} ${counts[what] ?? 0}`).join('\n');

const types: Ended = { name: 'types', code: 0, output: '' };
const units = (counts: Record<string, number>, code = 0, files = 3): Ended => ({
  name: 'units',
  code,
  output: `✔ something\n${summary(counts)}\n`,
  files,
});

test('passes where tests passed and nothing failed', () => {
  assert.deepEqual(judge([types, units({ pass: 2 })], true), {
    isGood: true,
    passed: 2,
    failed: 0,
    lines: ['2 passed, 0 failed, 0 skipped'],
  });
});

test('fails where no test ran, though every part ended well', () => {
  assert.equal(judge([types], false).isGood, false);
  assert.equal(judge([types, units({})], false).isGood, false);
  assert.equal(judge([types, units({ pass: 2 }), units({ pass: 5 }, 0, 0)], false).isGood, false);
  const silent = { ...units({}), output: '' };
  assert.deepEqual(judge([units({ pass: 1 }), silent], false).lines, [
    'units: no test ran, which counts as a failure',
    '1 passed, 0 failed, 0 skipped',
  ]);
});

test('fails where a test or a part failed, was cancelled, or in CI was skipped', () => {
  assert.equal(judge([types, units({ pass: 2, fail: 1 }, 1)], false).isGood, false);
  assert.equal(judge([types, units({ pass: 2, cancelled: 1 }, 1)], false).isGood, false);
  assert.equal(judge([types, units({ pass: 2 }, 1)], false).isGood, false);
  assert.deepEqual(judge([{ ...types, code: 2 }, units({ pass: 2 })], false).lines, ['2 passed, 1 failed, 0 skipped']);
  assert.equal(judge([units({ pass: 2, skipped: 1 })], false).isGood, true);
  assert.equal(judge([units({ pass: 2, skipped: 1 })], true).isGood, false);
});

test('the closing lines are those that node --test really prints', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const program = `data:text/javascript,import { test } from 'node:test'; test('a', () => {}); test.skip('b', () => {});`;
  const args = ['--test-reporter=spec', '--input-type=module', '--eval', `await import(${JSON.stringify(program)})`];
  const { stdout, status } = spawnSync(process.execPath, args, { env: { ...env, FORCE_COLOR: '0' }, encoding: 'utf8' });
  const verdict = judge([{ name: 'units', code: status ?? 1, output: stdout, files: 1 }], false);
  assert.deepEqual(verdict, {
    isGood: true,
    passed: 1,
    failed: 0,
    lines: ['1 passed, 0 failed, 1 skipped'],
  });
});
