import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '../../contract/fixtures.ts';
import { encodeWrite } from '../../remote/encoded-write.ts';
import { type Judgement, RemoteError } from '../../remote/judged.ts';
import { writePatiently } from './writer.ts';

const writes = ['a', 'b', 'c'].map((gid) => encodeWrite(create(gid)));
const asked = (some: typeof writes) => some.map(({ write }) => write.gid).join('');

test('what is held, or was not reached, is asked for again by itself', async () => {
  const calls: string[] = [];
  const results = await writePatiently(writes, async (some) => {
    calls.push(asked([...some]));
    return calls.length === 1 ? ['done', 'locked', 'locked'] : calls.length === 2 ? ['exists', 'locked'] : ['done'];
  });
  assert.deepEqual(results, ['done', 'exists', 'done']);
  assert.deepEqual(calls, ['abc', 'bc', 'c']);
});

for (const judgement of ['unreached', 'refused', 'moved', 'full', 'locked', 'again', 'data'] satisfies Judgement[]) {
  test(`a later call that is ${judgement} leaves what is written written, and the rest stuck`, async () => {
    let calls = 0;
    const results = await writePatiently(writes, async () => {
      calls += 1;
      if (calls > 1) throw new RemoteError(judgement, 'too bad');
      return ['done', 'locked', 'done'];
    });
    assert.deepEqual(results, ['done', { stuck: 'too bad' }, 'done']);
  });
}

test('a later call of unknown outcome leaves all of it unknown', async () => {
  let calls = 0;
  const written = writePatiently(writes, async () => {
    calls += 1;
    if (calls > 1) throw new RemoteError('unknown', 'cut');
    return ['done', 'locked', 'done'];
  });
  await assert.rejects(written, { judgement: 'unknown' });
});
