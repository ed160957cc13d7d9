import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('docs/testing.md has the figures of the last mutation run', () => {
  const { written, right } = pageWithFigures();
  assert.equal(written, right);
});

test('each reason why a mutant does not count stands for a mutant that lived', () => {
  assert.deepEqual(idleReasons(), []);
});
