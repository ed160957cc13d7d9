import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDeeperThan, isWiderThan, membersOf } from './json-text.ts';

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

test('how wide a text is counts members and values in all, not those in strings', () => {
  const wider = (text: string, members: number, values: number) => isWiderThan(text, { members, values });
  const members = '{"a":1,"b":{"c":[2,3]}}';
  assert.deepEqual([wider(members, 3, 2), wider(members, 2, 2), wider(members, 3, 1)], [false, true, true]);
  assert.equal(wider('["a,b,c,d:e:f:g"]', 0, 0), false);
  assert.equal(wider('["a\\",:,:",1]', 0, 1), false, 'a quote that belongs to the string');
  assert.equal(wider('["a\\",:,:",1]', 0, 0), true);
  assert.equal(wider('"a,b,:', 0, 0), false, 'a string without an end');
  assert.equal(wider('', 0, 0), false);
});
