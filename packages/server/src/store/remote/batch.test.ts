import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '../contract/fixtures.ts';
import type { WriteResult } from '../store.ts';
import { commitByNeeds, commitDivided } from './batch.ts';
import { type EncodedWrite, encodeWrite } from './encoded-write.ts';
import { type Judgement, RemoteError } from './judged.ts';

const writes = ['a', 'b', 'c', 'd', 'e'].map((gid) => encodeWrite(create(gid)));
const gidsOf = (batch: readonly EncodedWrite[]) => batch.map(({ write }) => write.gid).join('');

/** A server that refuses each batch with the one of that gid, some times; it remembers what it was sent. */
function server(gid: string, judgement: Judgement, times = Number.POSITIVE_INFINITY) {
  const sent: string[] = [];
  let refusals = 0;
  const send = async (batch: readonly EncodedWrite[]): Promise<WriteResult[]> => {
    sent.push(gidsOf(batch));
    if (batch.some(({ write }) => write.gid === gid) && refusals < times) {
      refusals += 1;
      throw new RemoteError(judgement, `refused for ${gid}`);
    }
    return batch.map(() => 'done');
  };
  return { sent, send };
}

test('a batch that met another transaction is issued again as it is', async () => {
  const { sent, send } = server('c', 'again', 2);
  assert.deepEqual(
    await commitDivided(writes, send),
    writes.map(() => 'done'),
  );
  assert.deepEqual(sent, ['abcde', 'abcde', 'abcde']);
});

test('a batch that ran into a lock is divided, so that each waits for itself alone', async () => {
  const { sent, send } = server('c', 'locked', 1);
  assert.deepEqual(
    await commitDivided(writes, send),
    writes.map(() => 'done'),
  );
  assert.deepEqual(sent, ['abcde', 'a', 'b', 'c', 'd', 'e']);
});

test('a lock that somebody keeps holds up the write of its row alone', async () => {
  const { send } = server('b', 'locked');
  const stuck = { stuck: 'refused for b' };
  assert.deepEqual(await commitDivided(writes, send), ['done', stuck, 'done', 'done', 'done']);
});

test('what one row holds is found by halves', async () => {
  const { sent, send } = server('e', 'data');
  const results = await commitDivided(writes, send);
  assert.deepEqual(results, ['done', 'done', 'done', 'done', { stuck: 'refused for e' }]);
  assert.ok(sent.includes('abc') && sent.includes('d') && sent.includes('e'), sent.join());
});

test('a batch of which a part may be written is never said to be surely not done', async () => {
  for (const judgement of ['refused', 'moved', 'unreached', 'full', 'unknown'] as const) {
    const parts: string[] = [];
    const send = async (batch: readonly EncodedWrite[]): Promise<WriteResult[]> => {
      if (batch.length > 1) throw new RemoteError('locked', 'somebody holds a lock');
      // The last to end is the one that writes: nothing is said before.
      if (gidsOf(batch) === 'a') throw new RemoteError(judgement, 'the server goes away');
      await new Promise((resolve) => setImmediate(resolve));
      parts.push(gidsOf(batch));
      return ['done'];
    };
    await assert.rejects(commitDivided(writes, send), { judgement: 'unknown' });
    assert.deepEqual(parts, ['b', 'c', 'd', 'e']);
    const nothing = (batch: readonly EncodedWrite[]) =>
      Promise.reject(new RemoteError(batch.length > 1 ? 'locked' : judgement, 'the server goes away'));
    await assert.rejects(commitDivided(writes, nothing), { judgement }, 'where none is written, that is known');
  }
});

test('the same of writes that go by themselves for the format that they need', async () => {
  const mixed = [encodeWrite({ ...create('new'), needs: 2 }), encodeWrite(create('old'))];
  const send = async (batch: readonly EncodedWrite[]): Promise<WriteResult[]> => {
    if (gidsOf(batch) === 'new') throw new RemoteError('refused', 'the server goes away');
    return ['done'];
  };
  await assert.rejects(commitByNeeds(mixed, send), { judgement: 'unknown' });
  assert.deepEqual(
    await commitByNeeds(mixed, async (batch) => batch.map(() => (gidsOf(batch) === 'new' ? 'exists' : 'done'))),
    ['exists', 'done'],
  );
});

test('what ends the connection, or is the fault of no row, divides nothing', async () => {
  for (const judgement of ['unknown', 'refused', 'moved', 'unreached', 'full'] as const) {
    const { sent, send } = server('a', judgement);
    await assert.rejects(commitDivided(writes, send), { judgement });
    assert.deepEqual(sent, ['abcde']);
  }
});
