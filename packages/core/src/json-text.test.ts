import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { membersOf } from './json-text.ts';

test('the members of any object are found in its text', () => {
  const spaced = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaced, (object, space) => {
      const members = [...membersOf(JSON.stringify(object, null, space))];
      const found: [string, unknown][] = members.map(([key, valueText]) => [key, JSON.parse(valueText)]);
      const same: [string, unknown][] = Object.entries(JSON.parse(JSON.stringify(object)));
      assert.deepEqual(found, same);
    }),
  );
});
