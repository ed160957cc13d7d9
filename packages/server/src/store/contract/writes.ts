import assert from 'node:assert/strict';
import type { UpdateWrite, Write, WriteResult } from '../store.ts';
import {
  aBranch,
  aDefinition,
  aProgress,
  append,
  type Case,
  commit,
  create,
  found,
  listed,
  newToken,
  numbers,
  ownedPages,
  put,
  sortedOwned,
  startMs,
  update,
  write,
} from './fixtures.ts';

/** create and update, tokens, and what a batch is. */
export function testWrites(test: Case): void {
  test('a created transaction is loaded as it was given', async (store) => {
    const definition = aDefinition('g', {
      type: 'msg',
      queryPrepared: 'http://localhost/query',
      customData: '{"a":1}',
    });
    const progress = aProgress('prepared', {
      operations: 'pms',
      retries: { 1: 3 },
      attempts: [{ operation: -1, atMs: startMs, durationMs: 7, outcome: 'error', reason: 'refused' }],
      attemptCount: 65,
      incident: 'no query URL',
      reason: 'because',
    });
    const wanted = create('g', { definition, progress });
    await put(store, wanted);
    assert.deepEqual(await found(store, 'g'), {
      definition,
      progress,
      branches: [],
      owner: null,
      handedBack: true,
      version: 1,
      createToken: wanted.token,
      writeToken: wanted.token,
    });
  });

  test('a transaction created with an owner came to it from nobody', async (store) => {
    await put(store, create('g', { owner: 'a' }));
    const { owner, handedBack } = await found(store, 'g');
    assert.deepEqual({ owner, handedBack }, { owner: 'a', handedBack: true });
  });

  test('create: refused where the gid is stored, done where it is its own', async (store) => {
    const first = create('g');
    await put(store, first);
    assert.equal(await write(store, create('g', { progress: aProgress('submitted') })), 'exists');
    assert.equal(await write(store, first), 'done');
    await put(store, update('g'));
    assert.equal(await write(store, first), 'done', 'also after it was written over');
    const { version, progress } = await found(store, 'g');
    assert.deepEqual([version, progress.status], [2, 'submitted']);
  });

  test('update: writes progress, owner and token, and raises the version', async (store) => {
    await put(store, create('g'));
    const progress = aProgress('submitted', { dueMs: startMs + 1, updatedMs: startMs + 2, submittedMs: startMs + 2 });
    const wanted = update('g', { owner: 'a', progress });
    await put(store, wanted);
    const stored = await found(store, 'g');
    assert.deepEqual(stored.progress, progress);
    assert.deepEqual([stored.owner, stored.version, stored.writeToken], ['a', 2, wanted.token]);
    await put(store, update('g', { expectOwner: 'a', expectVersion: 2, progress }));
    assert.equal((await found(store, 'g')).owner, null);
  });

  test('92, Q13, B2: update: refused for another owner, no owner, another version, an unknown gid', async (store) => {
    await put(store, create('owned', { owner: 'a' }), create('free'));
    assert.equal(await write(store, update('owned', { expectOwner: 'b' })), 'conflict');
    assert.equal(await write(store, update('owned', { expectOwner: null })), 'conflict');
    assert.equal(await write(store, update('owned', { expectOwner: 'a', expectVersion: 2 })), 'conflict');
    assert.equal(await write(store, update('owned', { expectOwner: 'a', expectVersion: 0 })), 'conflict');
    assert.equal(await write(store, update('free', { expectOwner: 'a' })), 'conflict');
    assert.equal(await write(store, update('unknown')), 'missing');
    for (const gid of ['owned', 'free']) {
      const { version, progress } = await found(store, gid);
      assert.deepEqual([version, progress.status], [1, 'prepared']);
    }
    assert.equal(await write(store, update('owned', { expectOwner: 'a' })), 'done');
  });

  test('update: refused where another number of branches is registered than it expects', async (store) => {
    await put(store, create('g'));
    await put(store, append('g', [aBranch('01', { op: 'cancel' }), aBranch('01')]));
    for (const expectBranches of [0, 1, 3]) {
      assert.equal(await write(store, update('g', { expectBranches })), 'conflict', String(expectBranches));
    }
    const { version, progress } = await found(store, 'g');
    assert.deepEqual([version, progress.status], [1, 'prepared']);
    const right = update('g', { expectBranches: 2 });
    assert.equal(await write(store, right), 'done');
    await put(store, append('g', [aBranch('02')], { whileStatus: 'submitted' }));
    assert.equal(await write(store, right), 'done', 'issued again it finds its own write');
    assert.equal((await found(store, 'g')).version, 2);
    await put(store, create('empty'), create('raced'), append('raced', [aBranch('01')]));
    const end = { expectBranches: 0, progress: aProgress('succeed', { finishedMs: startMs }) };
    assert.deepEqual(await store.commit([update('empty', end), update('raced', end)]), ['done', 'conflict']);
  });

  test('Q14: update: the definition is replaced only where one is given', async (store) => {
    await put(store, create('g'));
    await put(store, update('g'));
    assert.deepEqual((await found(store, 'g')).definition, aDefinition('g'));
    const definition = aDefinition('g', { customData: '{"concurrent":true}' });
    await put(store, update('g', { expectVersion: 2, definition }));
    assert.deepEqual((await found(store, 'g')).definition, definition);
    await put(store, update('g', { expectVersion: 3 }));
    assert.deepEqual((await found(store, 'g')).definition, definition);
    const refused = update('g', { expectVersion: 3, definition: aDefinition('g') });
    assert.equal(await write(store, refused), 'conflict');
    assert.deepEqual((await found(store, 'g')).definition, definition);
  });

  test('B19: update: issued again it finds its own write, unless another was written since', async (store) => {
    await put(store, create('g'));
    const first = update('g', { owner: 'a' });
    await put(store, first);
    await put(store, append('g', [aBranch('01')], { whileStatus: 'submitted' }));
    assert.equal(await write(store, first), 'done', 'an append leaves the token');
    assert.equal((await found(store, 'g')).version, 2, 'and it is not written twice');
    await put(store, update('g', { expectOwner: 'a', expectVersion: 2, owner: 'a' }));
    assert.equal(await write(store, first), 'conflict');
    assert.equal((await found(store, 'g')).version, 3);
  });

  test('a batch issued again, partly written, ends as if it had been written once', async (store) => {
    await put(store, create('old'), create('raced'));
    const lost = [create('new'), update('old', { owner: 'a' }), update('raced', { owner: 'a' })];
    await put(store, ...lost.slice(0, 2));
    await put(store, update('raced', { owner: 'b' }));
    assert.deepEqual(await store.commit(lost), ['done', 'done', 'conflict']);
    const [made, old, raced] = await store.load(['new', 'old', 'raced']);
    assert.deepEqual([made?.version, old?.version, raced?.version], [1, 2, 2]);
    assert.deepEqual([old?.owner, raced?.owner], ['a', 'b']);
  });

  test('a refused write fails alone in a batch of a hundred', async (store) => {
    await put(store, create('taken'), create('free'));
    const others = numbers(97).map((index) => create(`g${index}`));
    const batch = [
      ...others.slice(0, 40),
      create('taken'),
      update('free', { expectVersion: 9 }),
      append('unknown', [aBranch('01')]),
      ...others.slice(40),
    ];
    const results = await store.commit(batch);
    assert.deepEqual(results.slice(40, 43), ['exists', 'conflict', 'missing']);
    assert.equal(results.filter((result) => result === 'done').length, 97);
    const stored = await store.load(others.map(({ gid }) => gid));
    assert.ok(stored.every((one) => one?.version === 1));
    assert.equal((await found(store, 'free')).version, 1);
  });

  test('ends and creations of a batch have the results that each has alone', async (store) => {
    const end = (gid: string, more: Partial<UpdateWrite> = {}) =>
      update(gid, { expectOwner: 'a', progress: aProgress('succeed'), ...more });
    const gids = ['elsewhere', 'free', 'looked at', 'one', 'other', 'other version', 'taken'];
    await put(store, ...gids.map((gid) => create(gid, { owner: 'a' })));
    const needsHuman = { progress: aProgress('prepared', { incident: 'prepared-needs-human' }), owner: 'a' };
    await put(store, update('looked at', { expectOwner: 'a', ...needsHuman }));
    await put(store, update('elsewhere', { expectOwner: 'a', owner: 'b' }), update('free', { expectOwner: 'a' }));
    const all = [create('new', { owner: 'a' }), end('one'), end('other'), create('newer')];
    assert.deepEqual(await commit(store, all), ['done', 'done', 'done', 'done']);
    assert.deepEqual(await commit(store, all), ['done', 'done', 'done', 'done'], 'issued again');
    // Each beside one that has nothing odd about it.
    const odd: [one: Write, result: WriteResult, other: Write][] = [
      [end('elsewhere', { expectVersion: 2 }), 'conflict', end('new')],
      [end('other version', { expectVersion: 2 }), 'conflict', end('free', { expectOwner: null, expectVersion: 2 })],
      [end('looked at', { expectVersion: 2 }), 'done', create('last')],
      [create('taken'), 'exists', create('very last')],
      [end('unknown'), 'missing', create('zero')],
    ];
    for (const [one, result, other] of odd) assert.deepEqual(await commit(store, [one, other]), [result, 'done']);
    const stored = await store.load([...gids, 'new', 'newer', 'last']);
    assert.deepEqual(
      stored.map((one) => `${one?.progress.status} ${one?.owner} ${one?.version}`),
      [
        ...['submitted b 2', 'succeed null 3', 'succeed null 3', 'succeed null 2', 'succeed null 2'],
        ...['prepared a 1', 'prepared a 1', 'succeed null 2', 'prepared null 1', 'prepared null 1'],
      ],
    );
    assert.deepEqual(await listed(store, { hasIncident: true }), []);
    const owned = await ownedPages(store, 'a', 100);
    assert.deepEqual(sortedOwned(owned.flat()), ['other version 1', 'taken 1']);
  });

  test('B2: of many updates that expect the same version one is done', async (store) => {
    await put(store, create('g'));
    const results = await Promise.all(
      numbers(20).map((index) => write(store, update('g', { owner: `owner-${index}` }))),
    );
    assert.equal(results.filter((result) => result === 'done').length, 1);
    assert.equal(results.filter((result) => result === 'conflict').length, 19);
    assert.equal((await found(store, 'g')).owner, `owner-${results.indexOf('done')}`);
  });

  test('of many creates of one gid one is done', async (store) => {
    const writes = numbers(20).map(() => create('g', { token: newToken() }));
    const results = await Promise.all(writes.map((one) => write(store, one)));
    assert.equal(results.filter((result) => result === 'done').length, 1);
    assert.equal((await found(store, 'g')).createToken, writes[results.indexOf('done')]?.token);
  });

  test('an empty batch is done', async (store) => {
    assert.deepEqual(await store.commit([]), []);
  });

  test('load: in the order asked for, again for a gid asked for twice, undefined for an unknown one', async (store) => {
    await put(store, create('a'), create('b'), create('c'));
    const stored = await store.load(['c', 'unknown', 'a', 'c']);
    assert.deepEqual(
      stored.map((one) => one?.definition.gid),
      ['c', undefined, 'a', 'c'],
    );
    assert.deepEqual(await store.load([]), []);
  });
}
