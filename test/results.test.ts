import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedAt, digestOf, isShallow } from '../scripts/lib/covered.ts';
import { complaintOf, readResults } from '../scripts/lib/results.ts';
import { slices } from '../scripts/lib/slices.ts';

for (const { name, covers } of slices) {
  test(`the last result of ${name} is green, and speaks for the code`, () => {
    const code = { digest: digestOf(covers), changedAt: () => changedAt(covers), isShallow };
    assert.equal(complaintOf(name, `npm run test:all -- ${name}`, readResults()[name], code), undefined);
  });
}
