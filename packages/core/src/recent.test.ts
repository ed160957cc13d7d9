import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorable, Recent } from './recent.ts';

function counted(limits?: { count?: number; characters?: number }) {
  const made: string[] = [];
  const recent = new Recent((text: string) => {
    made.push(text);
    return text.length;
  }, limits);
  return { made, recent };
}

test('what was made of a text is made once', () => {
  const { made, recent } = counted();
  for (let times = 0; times < 3; times += 1) assert.equal(recent.of('abc'), 3);
  assert.deepEqual(made, ['abc']);
});

test('a value that counts as false is remembered like any other', () => {
  let asked = 0;
  const recent = new Recent((text: string) => {
    asked += 1;
    return text !== '';
  });
  for (let times = 0; times < 3; times += 1) assert.equal(recent.of(''), false);
  assert.equal(asked, 1);
});

test('no more than the limit is remembered, and what is asked for again and again stays', () => {
  const { made, recent } = counted({ count: 10 });
  for (let index = 0; index < 1000; index += 1) {
    recent.of(`other ${index}`);
    recent.of('often');
    assert.ok(recent.size <= 10, `${recent.size} texts are kept`);
  }
  assert.equal(made.filter((text) => text === 'often').length, 1);
});

test('a long text is not remembered', () => {
  const { made, recent } = counted({ characters: 4 });
  for (const text of ['1234', '1234', '12345', '12345']) recent.of(text);
  assert.deepEqual(made, ['1234', '12345', '12345']);
  assert.equal(recent.size, 1);
});

test('a URL is remembered without what may be secret', () => {
  assert.equal(memorable('http://h/a'), 'http://h/a');
  assert.equal(memorable('http://h/a?signature=s#f'), 'http://h/a');
  assert.equal(memorable('http://h/a#f?x'), 'http://h/a');
  assert.equal(memorable('http://user:password@h/a'), undefined);
});
