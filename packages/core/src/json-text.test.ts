import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDeeperThan, membersOf } from './json-text.ts';

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

test('how deep a text is nested counts brackets that are open at once, not those in strings', () => {
  const deeper = (text: string) => [1, 2, 3].filter((most) => isDeeperThan(text, most));
  assert.deepEqual(deeper('[]'), []);
  assert.deepEqual(deeper('[{"a":[]}]'), [1, 2]);
  assert.deepEqual(deeper('[[],[],{},{"a":1}]'), [1]);
  assert.deepEqual(deeper('["[[[[", "{{{{"]'), []);
  assert.deepEqual(deeper('["a\\"[[[[", []]'), [1], 'a quote that belongs to the string');
  assert.deepEqual(deeper('["a\\\\", [[]]]'), [1, 2], 'a backslash that belongs to the string');
  assert.deepEqual(deeper('"[[[['), [], 'a string without an end');
});
