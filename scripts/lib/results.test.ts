import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changedAt, digestOf } from './covered.ts';
import { root, testFiles } from './part.ts';
import { type Code, complaintOf, type Result } from './results.ts';
import { slices } from './slices.ts';

const green: Result = {
  date: '2026-01-01T00:00:00.000Z',
  commit: 'abc',
  digest: 'same',
  passed: 1,
  failed: 0,
  seconds: 1,
  outcome: 'green',
};
const code = (changed: string, { digest = 'other', isShallow = false } = {}): Code => {
  return { digest, changedAt: () => new Date(changed), isShallow: () => isShallow };
};
const complaint = (result: Result | undefined, now: Code) => complaintOf('worlds', 'npm run x', result, now);

test('a result that is missing or red is a failure, and says what to run', () => {
  assert.match(complaint(undefined, code('2026-01-01')) ?? '', /^worlds: has no result: run `npm run x`/);
  const red = complaint({ ...green, outcome: 'red' }, code('2026-01-01', { digest: 'same' }));
  assert.match(red ?? '', /^worlds: was red on 2026-01-01/);
});

test('a result speaks for the code for thirty days after the code has changed, and for ever where it has not', () => {
  assert.equal(complaint(green, code('2025-12-01')), undefined);
  assert.equal(complaint(green, code('2026-01-31')), undefined);
  assert.match(complaint(green, code('2026-02-01')) ?? '', /changed 31 days after its result: run `npm run x`/);
  assert.equal(complaint(green, code('2027-01-01', { digest: 'same' })), undefined);
});

test('a clone without history says so where its dates do not tell', () => {
  assert.equal(complaint(green, code('2026-01-31', { isShallow: true })), undefined);
  assert.match(complaint(green, code('2026-02-01', { isShallow: true })) ?? '', /git fetch --unshallow/);
});

test('slices have names of their own, run files that there are, and cover code that there is', () => {
  assert.equal(new Set(slices.map(({ name }) => name)).size, slices.length);
  for (const { name, files, covers } of slices) {
    assert.deepEqual(testFiles(files), files.toSorted(), name);
    for (const path of covers) assert.ok(existsSync(join(root, path)), `${name} covers ${path}`);
  }
});

test('the digest of code is another where a file is left out', () => {
  const folder = 'scripts/lib/toolchains';
  assert.equal(digestOf([folder]), digestOf([folder, `${folder}/go.ts`]));
  assert.notEqual(digestOf([folder]), digestOf([`${folder}/go.ts`]));
  assert.ok(changedAt([folder]).getTime() > Date.parse('2026-01-01'));
  assert.ok(Date.now() - changedAt(['scripts/not-committed-yet.ts']).getTime() < 60_000);
});
