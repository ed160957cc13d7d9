import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addChunk } from './chunks.ts';

test('what comes byte by byte is kept in few pieces, in its order', () => {
  const chunks: Buffer[] = [];
  const sent = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  for (let at = 0; at < sent.length; at += 1) addChunk(chunks, sent.subarray(at, at + 1));
  assert.ok(chunks.length <= 25, `${chunks.length} pieces`);
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test('large pieces are kept as they came', () => {
  const chunks: Buffer[] = [];
  const large = Buffer.alloc(65_536);
  for (const chunk of [large, Buffer.from('a'), large]) addChunk(chunks, chunk);
  assert.deepEqual(
    chunks.map(({ length }) => length),
    [65_536, 1, 65_536],
  );
  assert.equal(chunks[0], large);
});
