import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzers } from '../scripts/fuzz/fuzzers.ts';
import { codeOf, readFuzzResults, secondsRun } from '../scripts/fuzz/record.ts';
import { changedAt, digestOf, isShallow } from '../scripts/lib/covered.ts';
import { complaintOf, readResults } from '../scripts/lib/results.ts';
import { slices } from '../scripts/lib/slices.ts';
import { areas } from '../scripts/mutation/areas.ts';
import { pageWithFigures } from '../scripts/mutation/page.ts';
import { idleReasons, resultOf } from '../scripts/mutation/record.ts';

for (const { name, covers } of slices) {
  test(`the last result of ${name} is green, and speaks for the code`, () => {
    const code = { digest: digestOf(covers), changedAt: () => changedAt(covers), isShallow };
    assert.equal(complaintOf(name, `npm run test:all -- ${name}`, readResults()[name], code), undefined);
  });
}

for (const area of areas) {
  test(`enough mutants of ${area.name} were noticed, and that speaks for the code`, () => {
    const { result, code } = resultOf(area);
    assert.equal(complaintOf(`mutation of ${area.name}`, 'npm run mutation', result, code), undefined);
  });
}

for (const fuzzer of fuzzers) {
  test(`the last result of fuzzing ${fuzzer.name} is green, and speaks for the code`, (t) => {
    const result = readFuzzResults()[fuzzer.name];
    const command = `npm run fuzz -- ${fuzzer.name}`;
    assert.equal(complaintOf(`fuzzing ${fuzzer.name}`, command, result, codeOf(fuzzer)), undefined);
    t.diagnostic(`${result?.passed} inputs in ${result?.seconds} s; all together ${secondsRun()} s`);
  });
}

test('docs/testing.md has the figures of the last mutation run', () => {
  const { written, right } = pageWithFigures();
  assert.equal(written, right);
});

test('each reason why a mutant does not count stands for a mutant that lived', () => {
  assert.deepEqual(idleReasons(), []);
});
