import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import { parametersOf } from './parameters.ts';

function read(query: string, inPath = {}) {
  const parameters = parametersOf(`/any?${query}`, inPath);
  return parameters instanceof HoldfastError ? parameters.message : Object.fromEntries(parameters);
}

test('what is percent-encoded UTF-8 is read', () => {
  assert.deepEqual(read('a=1&b=x+y%2B&c&=d&&e=f=g'), { a: '1', b: 'x y+', c: '', '': 'd', e: 'f=g' });
  assert.deepEqual(read('gid=%E4%B8%AD%C3%A9&%62=b'), { gid: '\u4e2d\u00e9', b: 'b' });
  assert.deepEqual(read('', { gid: 'in the path' }), { gid: 'in the path' });
});

test('what is not is refused by the name of the parameter, whatever its value', () => {
  for (const value of ['%ff', '%', '%2', '%zz', '%C3', '%ED%A0%80', '\xff', '%00', 'a%00b']) {
    assert.equal(read(`limit=1&topic=${value}`), 'topic: must be percent-encoded UTF-8 without NUL', value);
  }
  for (const name of ['%ff', 'a%20b', 'FAILURE!']) {
    assert.match(String(read(`${name}=%ff`)), /^parameters: must be/);
  }
  assert.match(String(read('', { gid: 'a\0b' })), /^gid: /);
});
