import assert from 'node:assert/strict';
import { type Store, StoreError } from '../store.ts';
import { type Case, numbers, startMs } from './fixtures.ts';

/** Reads, adds a line, writes at the version read, until it was faster than the others. */
async function addLine(store: Store, line: string): Promise<void> {
  for (;;) {
    const stored = await store.getValue('topics', 'shared');
    const value = `${stored?.value ?? ''}${line}\n`;
    const written = store.putValue('topics', 'shared', value, stored?.version ?? 0, startMs).catch((error: unknown) => {
      // Somebody else has held the row for too long.
      if (error instanceof StoreError && error.code === 'not-done') return false;
      throw error;
    });
    if (await written) return;
  }
}

/** Key-value records. */
export function testValues(test: Case): void {
  test('values: created at version 0 only, replaced only at their version', async (store) => {
    assert.equal(await store.getValue('topics', 'a'), undefined);
    assert.equal(await store.putValue('topics', 'a', 'one', 1, startMs), false);
    assert.equal(await store.putValue('topics', 'a', 'one', 0, startMs), true);
    assert.equal(await store.putValue('topics', 'a', 'two', 0, startMs), false);
    assert.equal(await store.putValue('topics', 'a', 'two', 2, startMs), false);
    assert.equal(await store.putValue('topics', 'a', 'two', 1, startMs + 5), true);
    assert.deepEqual(await store.getValue('topics', 'a'), {
      category: 'topics',
      key: 'a',
      value: 'two',
      version: 2,
      createdMs: startMs,
      updatedMs: startMs + 5,
    });
  });

  test('values: deleted, and created anew from version 1', async (store) => {
    assert.equal(await store.deleteValue('topics', 'a'), false);
    await store.putValue('topics', 'a', 'one', 0, startMs);
    await store.putValue('topics', 'a', 'two', 1, startMs);
    assert.equal(await store.deleteValue('topics', 'a'), true);
    assert.equal(await store.getValue('topics', 'a'), undefined);
    assert.equal(await store.putValue('topics', 'a', 'three', 2, startMs), false);
    assert.equal(await store.putValue('topics', 'a', 'three', 0, startMs + 1), true);
    assert.equal((await store.getValue('topics', 'a'))?.version, 1);
  });

  test('Q22: values: each category by itself, page by page in the order of the keys', async (store) => {
    for (const key of ['c', 'a', 'd', 'b']) await store.putValue('topics', key, key, 0, startMs);
    await store.putValue('others', 'b', 'another', 0, startMs);
    const keys = async (afterKey: string, limit: number) =>
      (await store.listValues('topics', afterKey, limit)).map(({ key, value }) => `${key}=${value}`);
    assert.deepEqual(await keys('', 3), ['a=a', 'b=b', 'c=c']);
    assert.deepEqual(await keys('c', 3), ['d=d']);
    assert.deepEqual(await keys('d', 3), []);
    assert.equal((await store.getValue('others', 'b'))?.value, 'another');
    assert.deepEqual(await store.listValues('nothing', '', 10), []);
  });

  test('97: values: twenty writers at once, and no write is lost', async (store) => {
    await Promise.all(numbers(20).map((index) => addLine(store, `writer ${index}`)));
    const stored = await store.getValue('topics', 'shared');
    assert.equal(stored?.version, 20);
    const lines = stored.value.trim().split('\n');
    assert.deepEqual(
      lines.sort(),
      numbers(20)
        .map((index) => `writer ${index}`)
        .sort(),
    );
  });

  test('values: empty and any text, also as key', async (store) => {
    for (const text of ['', "'; drop table x; --", '\u{1f4a5}é', '{"a":"\\u0000"}']) {
      const key = `key ${text}`;
      assert.equal(await store.putValue('topics', key, text, 0, startMs), true);
      assert.equal((await store.getValue('topics', key))?.value, text);
    }
  });
}
