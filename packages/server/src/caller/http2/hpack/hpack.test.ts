import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder, HpackError } from './decoder.ts';
import { indexed, literal } from './encoder.ts';

function decoded(decoder: HpackDecoder, hex: string): string[] {
  const headers: string[] = [];
  decoder.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), (name, value) => headers.push(`${name}: ${value}`));
  return headers;
}

test('the examples of RFC 7541 with Huffman codes, on one connection (C.4)', () => {
  const decoder = new HpackDecoder();
  const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
  assert.deepEqual(decoded(decoder, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'), first);
  assert.deepEqual(decoded(decoder, '8286 84be 5886 a8eb 1064 9cbf'), [...first, 'cache-control: no-cache']);
  assert.deepEqual(decoded(decoder, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'), [
    ':method: GET',
    ':scheme: https',
    ':path: /index.html',
    ':authority: www.example.com',
    'custom-key: custom-value',
  ]);
});

test('and without (C.3), and a table that is made smaller, where what does not fit is forgotten', () => {
  const decoder = new HpackDecoder();
  assert.deepEqual(decoded(decoder, '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d'), [
    ':method: GET',
    ':scheme: http',
    ':path: /',
    ':authority: www.example.com',
  ]);
  assert.deepEqual(decoded(decoder, 'be'), [':authority: www.example.com']);
  assert.deepEqual(decoded(decoder, '3f19'), [], 'room for 56 bytes: one less than it takes');
  assert.throws(() => decoded(decoder, 'be'), HpackError);
});

test('what an encoder of ours writes is read as it was, of every length', () => {
  const decoder = new HpackDecoder();
  for (const length of [0, 1, 126, 127, 128, 254, 255, 256, 16_000]) {
    const value = '\u00e9'.repeat(length);
    assert.deepEqual(decoded(decoder, literal('x-n', value).toString('hex')), [`x-n: ${value}`]);
  }
  assert.deepEqual(decoded(decoder, indexed(3).toString('hex')), [':method: POST']);
});

test('what is no header block is refused', () => {
  const wrong = [
    '80', // nothing has the number 0
    'be', // an empty table
    'ff80 8080 8080 01', // a number without end
    '40', // no name
    '4003 61', // a name that is cut
    '4001 61', // no value
    '4001 6183 ffff', // a text that is cut
    '4001 6184 ffff ffff', // the end of a text within it
    '4001 6182 1fff', // filled with a whole byte
    '4001 6181 18', // filled with a 0
    '3fff 7f', // a table of more than 4096 bytes
    '823f 19', // a size behind headers
  ];
  for (const hex of wrong) assert.throws(() => decoded(new HpackDecoder(), hex), HpackError, hex);
});
