import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { HoldfastError } from '@holdfast/core';
import { parseFields, parseJson, textOf } from './json.ts';

const known = new Set(['gid', 'steps', 'trans_type']);
const parse = (text: string) => ({ ...parseFields(text, known) });

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    return error.message;
  }
  assert.fail('not refused');
}

test('keys match whatever their case; unknown ones and nulls are left out', () => {
  assert.deepEqual(parse('{"GID":"a","Trans_Type":"saga","other":{"gid":"x"},"steps":null}'), {
    gid: 'a',
    trans_type: 'saga',
  });
});

test('the last of several wins, in the order of the text', () => {
  assert.deepEqual(parse('{"gid":"a","gid":"b"}'), { gid: 'b' });
  assert.deepEqual(parse('{"gid":"a","GID":"b"}'), { gid: 'b' });
  assert.deepEqual(parse('{"GID":"b","gid":"a"}'), { gid: 'a' });
  // A parsed object alone would say b here: it keeps gid where it stood first.
  assert.deepEqual(parse('{"gid":"a","GID":"b","gid":"c"}'), { gid: 'c' });
  assert.deepEqual(parse('{ "gid" : "a,}\\"" , "x":[{"gid":"no"},"]"], "Gid":"b" ,"gid": ["c", {"d":"}"}]}'), {
    gid: ['c', { d: '}' }],
  });
});

test('a null after a value of another spelling leaves the value', () => {
  assert.deepEqual(parse('{"gid":"a","GID":null}'), { gid: 'a' });
  assert.deepEqual(parse('{"gid":"a","GID":"b","gid":null}'), { gid: 'b' });
});

test('keys with escapes and names of prototypes are keys like any other', () => {
  assert.deepEqual(parse('{"\\u0067id":"a"}'), { gid: 'a' });
  assert.deepEqual(parse('{"__proto__":{"gid":"x"},"constructor":1,"toString":2}'), {});
});

test('what is not the JSON of an object is refused without being quoted', () => {
  const cases = [
    '',
    ' ',
    '{',
    '{"gid":"a"',
    '[]',
    'null',
    '"FAILURE"',
    '1',
    'FAILURE',
    '{"gid":"a"}x',
    '\ufeff{}',
    '{a:1}',
  ];
  for (const text of cases) {
    const message = refusal(() => parse(text));
    assert.match(message, /^body: must be /, text);
    assert.doesNotMatch(message, /FAILURE/);
  }
});

test('a bomb of nested arrays is refused before it is parsed', () => {
  const nested = (depth: number) => `{"other":${'['.repeat(depth)}${']'.repeat(depth)},"gid":"a"}`;
  assert.deepEqual(parse(nested(99)), { gid: 'a' });
  assert.match(
    refusal(() => parse(nested(100))),
    /^body: must not be nested deeper/,
  );
  assert.match(
    refusal(() => parse('['.repeat(2_000_000))),
    /^body: must not be nested deeper/,
  );
  assert.match(
    refusal(() => parse('{"gid":'.repeat(500_000))),
    /^body: must have at most 50000 members/,
  );
});

test('brackets and quotes inside strings are no nesting', () => {
  for (const value of ['['.repeat(200), '\\"'.repeat(200), '\\\\', '"[']) {
    assert.deepEqual(parse(JSON.stringify({ gid: value })), { gid: value });
  }
});

test('only UTF-8 is text', () => {
  assert.equal(textOf(Buffer.from('é😀')), 'é😀');
  assert.match(
    refusal(() => textOf(Buffer.from([0x7b, 0xff, 0x7d]))),
    /^body: must be UTF-8/,
  );
  refusal(() => textOf(Buffer.from([0xed, 0xa0, 0x80])));
});

test('a byte order mark does no harm; what is no JSON in UTF-8 is told what it looks like', () => {
  const text = '{"gid":"\ufeffg"}';
  assert.equal(textOf(Buffer.from(`\ufeff${text}`)), text);
  assert.deepEqual(parse(textOf(Buffer.from(`\ufeff${text}`))), { gid: '\ufeffg' });
  const told = (body: Buffer) => refusal(() => parse(textOf(body)));
  const cases: [body: Buffer, message: RegExp][] = [
    [gzipSync(text), /^body: must be UTF-8, and this looks like gzip$/],
    [deflateSync(text), /^body: must be UTF-8, and this looks like deflate$/],
    [Buffer.from(`\ufeff${text}`, 'utf16le'), /^body: must be UTF-8, and this looks like UTF-16$/],
    [Buffer.from('{}', 'utf16le'), /^body: must be JSON, and this looks like UTF-16 or UTF-32$/],
    [Buffer.from(text, 'latin1').fill(0xe9, 8, 9), /^body: must be UTF-8$/],
    [
      Buffer.from('--x\r\nContent-Disposition: form-data; name="gid"\r\n'),
      /^body: must be JSON, .* multipart\/form-data$/,
    ],
    [Buffer.from('gid=g&trans_type=saga'), /^body: must be JSON, .* application\/x-www-form-urlencoded$/],
    [Buffer.from(' <a/>'), /^body: must be JSON, .* XML or HTML$/],
    [Buffer.from(' '), /^body: must be JSON, and this is empty$/],
    [Buffer.from('{"gid":"FAILURE"'), /^body: must be JSON$/],
  ];
  for (const [body, message] of cases) assert.match(told(body), message);
});

test('what holds more than a request can need is refused before it is parsed, by its name', () => {
  const object = (members: number) => `{${Array.from({ length: members }, (_, index) => `"k${index}":1`).join()}}`;
  const list = (values: number) => `[${'1,'.repeat(values - 1)}1]`;
  parseJson(object(50_000), 'params');
  parseJson(list(131_072), 'params');
  parseJson(JSON.stringify([object(100_000)]), 'params');
  assert.match(
    refusal(() => parseJson(object(50_001), 'params')),
    /^params: must have at most 50000 members of obj/,
  );
  assert.match(
    refusal(() => parseJson(list(131_074), 'steps')),
    /^steps: must have at most .* 131072 with the elem/,
  );
  assert.match(
    refusal(() => parseJson('[{}'.concat(',{}'.repeat(1_300_000), ']'), 'body')),
    /^body: must have at most/,
  );
  parse(object(1000));
  assert.match(
    refusal(() => parse(object(1001))),
    /^body: must be an object of at most 1000 members/,
  );
});
