import assert from 'node:assert/strict';
import { isFinal, type Status, type TransactionType } from '@holdfast/core';
import { StoreError } from '../store.ts';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  create,
  found,
  listed,
  numbers,
  put,
  startMs,
  update,
} from './fixtures.ts';

const made = (gid: string, createdMs: number, type: TransactionType = 'saga', status: Status = 'prepared') =>
  create(gid, { definition: aDefinition(gid, { createdMs, type }), progress: aProgress(status) });

/** list: order, pages, filters. */
export function testLists(test: Case): void {
  test('list: newest first, and by gid within a millisecond', async (store) => {
    await put(store, made('b', 20), made('a', 20), made('old', 10), made('new', 30), made('c', 20));
    assert.deepEqual(await listed(store, {}), ['new', 'c', 'b', 'a', 'old']);
    assert.deepEqual(await listed(store, { limit: 1 }), ['new', 'c', 'b', 'a', 'old']);
    assert.deepEqual(await listed(store, { limit: 2 }), ['new', 'c', 'b', 'a', 'old']);
  });

  test('list: whole transactions without their branches, which stay', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', [aBranch('01')]));
    const stored = await found(store, 'g');
    assert.equal(stored.branches.length, 1);
    assert.deepEqual((await store.list({ limit: 10 })).transactions, [{ ...stored, branches: [] }]);
  });

  test('list: an empty store has one empty page', async (store) => {
    assert.deepEqual(await store.list({ limit: 10 }), { transactions: [], next: '' });
    assert.deepEqual(await store.list({ limit: 10, gid: 'g' }), { transactions: [], next: '' });
  });

  test('Q22: list: never more than the limit, and no row twice nor left out while others are added', async (store) => {
    const gids = numbers(50).map((index) => `g${String(index).padStart(2, '0')}`);
    await put(store, ...gids.map((gid, index) => made(gid, 100 + Math.floor(index / 5))));
    const seen: string[] = [];
    let position = '';
    for (let page = 0; ; page += 1) {
      const { transactions, next } = await store.list({ limit: 7, position });
      assert.ok(transactions.length <= 7);
      seen.push(...transactions.map(({ definition }) => definition.gid));
      if (next === '') break;
      position = next;
      await put(store, made(`new-${page}`, 1000 + page));
    }
    assert.deepEqual(seen, gids.toReversed());
  });

  test('list: of those of a status that are of one millisecond, be they many, each is there once', async (store) => {
    const gids = numbers(450).map((index) => `g${String(index).padStart(3, '0')}`);
    await put(store, made('old', 10, 'saga', 'submitted'), ...gids.map((gid) => made(gid, 20, 'saga', 'submitted')));
    const expected = [...gids.toReversed(), 'old'];
    assert.deepEqual(await listed(store, { status: 'submitted', limit: 60 }), expected);
    assert.deepEqual(await listed(store, { status: 'submitted', limit: 500 }), expected);
    assert.deepEqual(await listed(store, { gidPrefix: 'g', status: 'submitted', limit: 500 }), gids.toReversed());
  });

  test('list: what needs a human', async (store) => {
    const broken = (gid: string, createdMs: number, status: Status = 'submitted') =>
      create(gid, {
        definition: aDefinition(gid, { createdMs }),
        progress: aProgress(status, { incident: 'stuck', ...(isFinal(status) && { finishedMs: startMs }) }),
      });
    await put(store, broken('a', 10), made('well', 20), broken('b', 20), broken('over', 30, 'failed'), broken('c', 20));
    assert.deepEqual(await listed(store, { hasIncident: true }), ['c', 'b', 'a']);
    assert.deepEqual(await listed(store, { hasIncident: true, limit: 1 }), ['c', 'b', 'a']);
    assert.deepEqual(await listed(store, { hasIncident: true, createdFromMs: 11, status: 'submitted' }), ['c', 'b']);
    assert.deepEqual(await listed(store, { hasIncident: true, gid: 'well' }), []);
    assert.deepEqual(await listed(store, { hasIncident: true, gid: 'over' }), []);
  });

  test('noteIncident: of what is as it was read, until it is next written', async (store) => {
    if (store.noteIncident === undefined) return;
    const why = 'failing: its progress cannot be stored';
    await put(
      store,
      create('g', { owner: 'a' }),
      create('over', { progress: aProgress('failed', { finishedMs: startMs }) }),
    );
    const as = (gid: string, owner: string | null, version: number) =>
      store.noteIncident?.({ gid, owner, version }, why);
    assert.deepEqual(
      [await as('g', null, 1), await as('g', 'a', 2), await as('over', null, 1), await as('unknown', null, 1)],
      [false, false, false, false],
    );
    assert.deepEqual(await listed(store, { hasIncident: true }), []);
    assert.equal(await as('g', 'a', 1), true);
    assert.deepEqual(await listed(store, { hasIncident: true }), ['g']);
    const { progress, version } = await found(store, 'g');
    assert.deepEqual([progress.incident, version], [why, 1]);
    await put(store, update('g', { expectOwner: 'a', owner: 'a' }));
    assert.deepEqual(await listed(store, { hasIncident: true }), []);
    assert.equal((await found(store, 'g')).progress.incident, '');
  });

  test('list: by status, by type, by both', async (store) => {
    const statuses: Status[] = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];
    const types: TransactionType[] = ['saga', 'msg', 'tcc'];
    const all = statuses.flatMap((status) => types.map((type) => ({ gid: `${status}-${type}`, status, type })));
    await put(store, ...all.map(({ gid, type, status }, index) => made(gid, index, type, status)));
    const expected = (wanted: (one: (typeof all)[number]) => boolean) =>
      all
        .filter(wanted)
        .map(({ gid }) => gid)
        .reverse();
    for (const status of statuses) {
      assert.deepEqual(
        await listed(store, { status }),
        expected((one) => one.status === status),
      );
      assert.deepEqual(await listed(store, { status, type: 'msg', limit: 1 }), [`${status}-msg`]);
    }
    for (const type of types) {
      assert.deepEqual(
        await listed(store, { type, limit: 2 }),
        expected((one) => one.type === type),
      );
    }
  });

  test('list: the bounds of the creation time are inclusive', async (store) => {
    await put(store, ...numbers(6).map((index) => made(`g${index}`, 100 + index)));
    assert.deepEqual(await listed(store, { createdFromMs: 102, createdToMs: 104 }), ['g4', 'g3', 'g2']);
    assert.deepEqual(await listed(store, { createdFromMs: 102, createdToMs: 104, limit: 1 }), ['g4', 'g3', 'g2']);
    assert.deepEqual(await listed(store, { createdFromMs: 105 }), ['g5']);
    assert.deepEqual(await listed(store, { createdToMs: 100 }), ['g0']);
    assert.deepEqual(await listed(store, { createdFromMs: 104, createdToMs: 102 }), []);
    assert.deepEqual(
      await listed(store, { createdFromMs: 0, createdToMs: Number.MAX_SAFE_INTEGER, status: 'prepared' }),
      ['g5', 'g4', 'g3', 'g2', 'g1', 'g0'],
    );
  });

  test('list: by gid, exactly, and only where the other filters match', async (store) => {
    await put(store, made('abc', 1), made('abcd', 2), made('ABC', 3));
    assert.deepEqual(await listed(store, { gid: 'abc' }), ['abc']);
    assert.deepEqual(await listed(store, { gid: 'ab' }), []);
    assert.deepEqual(await listed(store, { gid: 'abc', status: 'failed' }), []);
  });

  test('list: by the beginning of the gid, each character only itself', async (store) => {
    const gids = ['a%', 'a%b', 'a_', 'a_b', 'ab', 'Ab', 'a*', "a'b", 'a\\', 'ä', 'a', 'b'];
    await put(store, ...gids.map((gid, index) => made(gid, index)));
    for (const gidPrefix of ['a%', 'a_', 'a', 'A', 'a*', "a'", 'a\\', 'ä', 'b', 'c']) {
      const expected = gids.filter((gid) => gid.startsWith(gidPrefix)).reverse();
      assert.deepEqual(await listed(store, { gidPrefix }), expected, gidPrefix);
      assert.deepEqual(await listed(store, { gidPrefix, limit: 1 }), expected, gidPrefix);
    }
    assert.deepEqual(await listed(store, { gidPrefix: 'a', createdFromMs: 1, createdToMs: 3 }), ['a_b', 'a_', 'a%b']);
  });

  test('list: of a prefix with thousands of others and of its own all is found, in the order of the list', async (store) => {
    const gids = numbers(3000).map((index) => `${index % 2 === 0 ? 'even' : 'odd'}-${index}`);
    for (const page of numbers(6)) {
      const part = gids.slice(page * 500, page * 500 + 500);
      await put(store, ...part.map((gid, index) => made(gid, page * 500 + index)));
    }
    await put(store, made('rare-1', 5), made('rare-2', 2500));
    assert.deepEqual(await listed(store, { gidPrefix: 'rare-' }), ['rare-2', 'rare-1']);
    const even = gids.filter((gid) => gid.startsWith('even-')).reverse();
    assert.deepEqual(await listed(store, { gidPrefix: 'even-' }), even);
  });

  test('list: a position of no page is refused', async (store) => {
    await put(store, made('g', startMs));
    for (const position of ['nonsense', '12x', '!', ' ', '\u{1f4a5}', '-1:g', '1e3']) {
      await assert.rejects(store.list({ limit: 10, position }), (error) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, 'bad-position');
        assert.ok(!error.message.includes(position.trim() || '\0'), 'and not repeated');
        return true;
      });
    }
  });
}
