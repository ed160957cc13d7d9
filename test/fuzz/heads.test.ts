/** Heads of requests that are nearly right, as the lane reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadMemory } from '../../packages/server/src/transport/http/lane/head-memory.ts';
import { readHead } from '../../packages/server/src/transport/http/lane/head-reader.ts';
import { Random } from '../lib/random.ts';
import { inputOf } from './requests/inputs.ts';
import { fuzz } from './slice.ts';

test('a head is read the same whether it is known or not, and never half', () => {
  const memory = new HeadMemory(['POST /api/dtmsvr/submit HTTP/1.1', 'GET /api/dtmsvr/newGid HTTP/1.1']);
  return fuzz('heads', (seed) => {
    const text = inputOf(new Random(seed));
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = text.slice(0, end + 4);
    const read = readHead(head);
    assert.deepEqual(memory.read(head), read);
    assert.deepEqual(memory.read(head), read);
  });
});
