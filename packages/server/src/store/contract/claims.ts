import assert from 'node:assert/strict';
import type { StoredTransaction } from '../store.ts';
import {
  aDefinition,
  aProgress,
  append,
  type Case,
  claim,
  create,
  found,
  gidsOf,
  live,
  numbers,
  ownedPages,
  put,
  sortedOwned,
  startMs,
  update,
} from './fixtures.ts';

const due = (gid: string, dueMs: number, owner: string | null = null) =>
  create(gid, { owner, progress: aProgress('submitted', { dueMs }) });

/** claim and owned. On a shared store an incarnation is dead without a heartbeat, on an exclusive one if it is another. */
export function testClaims(test: Case): void {
  test('claim: what is due, earliest first, as a durable write', async (store) => {
    await put(
      store,
      due('late', startMs),
      due('early', startMs - 5000),
      due('middle', startMs - 1),
      due('not', startMs + 1),
    );
    const { claimed, nextDueMs } = await claim(store, 'a');
    assert.deepEqual(gidsOf(claimed), ['early', 'middle', 'late']);
    assert.equal(nextDueMs, startMs + 1);
    for (const one of claimed) {
      assert.deepEqual([one.owner, one.version, one.handedBack], ['a', 2, true]);
      assert.deepEqual(await found(store, one.definition.gid), one);
    }
    assert.equal((await found(store, 'not')).owner, null);
    assert.deepEqual((await claim(store, 'a')).claimed, []);
  });

  test('93, B17: claim: what is due, until it is put off; then at its new time; never once it has ended', async (store) => {
    await live(store, 'a', 'b');
    await put(store, due('g', startMs));
    const [first] = (await claim(store, 'a')).claimed;
    assert.deepEqual([first?.definition.gid, first?.owner], ['g', 'a']);
    const later = { progress: aProgress('submitted', { dueMs: startMs + 60_000 }) };
    await put(store, update('g', { expectOwner: 'a', expectVersion: 2, ...later }));
    assert.deepEqual((await claim(store, 'b')).claimed, []);
    assert.deepEqual(gidsOf((await claim(store, 'b', { nowMs: startMs + 60_000 })).claimed), ['g']);
    await put(store, update('g', { expectOwner: 'b', expectVersion: 4, progress: aProgress('succeed') }));
    assert.deepEqual((await claim(store, 'b', { nowMs: startMs + 3_600_000 })).claimed, []);
  });

  test('claim: what is made due long before what was looked at last, by hand or by an append', async (store) => {
    const definition = aDefinition('w', { type: 'workflow', steps: [] });
    const later = startMs + 60_000;
    await put(store, due('g', later), create('w', { definition, progress: aProgress('prepared', { dueMs: later }) }));
    const longAgo = startMs - 600_000;
    assert.deepEqual((await claim(store, 'a')).claimed, []);
    await store.makeDue('g', longAgo);
    assert.deepEqual(gidsOf((await claim(store, 'a')).claimed), ['g']);
    assert.deepEqual((await claim(store, 'a')).claimed, []);
    const step = { branchId: '01', op: 'action', url: '', payload: '', state: 's' } as const;
    await put(store, append('w', [step], { type: 'workflow', dueMs: longAgo }));
    assert.deepEqual(gidsOf((await claim(store, 'a')).claimed), ['w']);
  });

  test('owned: what is claimed after a look, and before the last row of a look of several pages', async (store) => {
    await live(store, 'a');
    await put(store, due('first', startMs + 60_000));
    await put(store, due('second', startMs, 'a'));
    const owned = async () =>
      (await ownedPages(store, 'a', 1))
        .flat()
        .map(({ gid }) => gid)
        .sort();
    assert.deepEqual(await owned(), ['second']);
    assert.deepEqual(gidsOf((await claim(store, 'a', { nowMs: startMs + 60_000 })).claimed), ['first']);
    for (const _ of numbers(3)) assert.deepEqual(await owned(), ['first', 'second']);
  });

  test('claim: a workflow comes without its branches', async (store) => {
    const definition = aDefinition('g', { type: 'workflow', steps: [] });
    await put(store, create('g', { definition, progress: aProgress('prepared', { dueMs: startMs }) }));
    await put(
      store,
      append('g', [{ branchId: '01', op: 'action', url: '', payload: 'cmVz', state: 's' }], { type: 'workflow' }),
    );
    const { claimed } = await claim(store, 'a');
    assert.deepEqual(
      claimed.map(({ branches }) => branches),
      [[]],
    );
    assert.equal((await found(store, 'g')).branches.length, 1);
  });

  test('claim: never more than asked for', async (store) => {
    await put(store, ...numbers(10).map((index) => due(`g${index}`, startMs - 100 + index)));
    const first = await claim(store, 'a', { maxCount: 4 });
    assert.deepEqual(gidsOf(first.claimed), ['g0', 'g1', 'g2', 'g3']);
    assert.equal(first.nextDueMs, startMs - 96);
    const rest = await claim(store, 'a', { maxCount: 100 });
    assert.deepEqual(gidsOf(rest.claimed), ['g4', 'g5', 'g6', 'g7', 'g8', 'g9']);
    assert.equal(rest.nextDueMs, undefined);
  });

  test('claim: stops after the one that passes the limit of bytes, and takes at least one', async (store) => {
    const step = { branchId: '01', action: '', compensate: '', payload: 'x'.repeat(100_000) };
    const large = (gid: string, dueMs: number) => ({
      ...due(gid, dueMs),
      definition: aDefinition(gid, { steps: [step] }),
    });
    await put(store, ...numbers(5).map((index) => large(`g${index}`, startMs - 10 + index)));
    const first = await claim(store, 'a', { maxBytes: 150_000 });
    assert.deepEqual(gidsOf(first.claimed), ['g0', 'g1']);
    assert.equal(first.nextDueMs, startMs - 8);
    assert.deepEqual(gidsOf((await claim(store, 'a', { maxBytes: 1 })).claimed), ['g2']);
    assert.deepEqual(gidsOf((await claim(store, 'a', { maxBytes: 10_000_000 })).claimed), ['g3', 'g4']);
  });

  test('claim: what a dead owner left comes first, whatever its due time', async (store) => {
    await put(store, due('due', startMs - 5000), due('left', startMs + 99_999, 'dead'), due('sleeps', startMs + 1));
    const { claimed } = await claim(store, 'b');
    assert.deepEqual(gidsOf(claimed), ['left', 'due']);
    assert.deepEqual(
      claimed.map(({ handedBack, owner, version }) => [handedBack, owner, version]),
      [
        [false, 'b', 2],
        [true, 'b', 2],
      ],
    );
  });

  test('B6: claim: the dead under the limits, and some left: look again now', async (store) => {
    await put(store, ...numbers(5).map((index) => due(`g${index}`, startMs + 50_000, `dead-${index % 2}`)));
    const first = await claim(store, 'b', { maxCount: 3 });
    assert.equal(first.claimed.length, 3);
    assert.ok(first.nextDueMs !== undefined && first.nextDueMs <= startMs);
    const rest = await claim(store, 'b', { maxCount: 3 });
    assert.equal(new Set(gidsOf([...first.claimed, ...rest.claimed])).size, 5);
    assert.equal(rest.nextDueMs, undefined);
  });

  test('claim: what was claimed from a dead owner is not handed back until its new owner does it', async (store) => {
    await put(store, due('g', startMs));
    await claim(store, 'first');
    assert.equal((await found(store, 'g')).handedBack, true, 'claimed without owner');
    await put(store, update('g', { expectOwner: 'first', expectVersion: 2, owner: 'first' }));
    assert.equal((await found(store, 'g')).handedBack, true, 'whoever wrote it meanwhile');
    const [taken] = (await claim(store, 'second')).claimed;
    assert.deepEqual([taken?.handedBack, taken?.owner, taken?.version], [false, 'second', 4]);
    await put(store, update('g', { expectOwner: 'second', expectVersion: 4, owner: 'second' }));
    assert.equal((await found(store, 'g')).handedBack, false, 'what the dead owner called may still be in flight');
    await put(store, update('g', { expectOwner: 'second', expectVersion: 5, owner: null }));
    assert.equal((await found(store, 'g')).handedBack, true);
  });

  test('B4: claim: not what it owns itself, and nothing that is finished', async (store) => {
    await live(store, 'a');
    await put(
      store,
      due('mine', startMs - 1, 'a'),
      create('succeeded', { progress: aProgress('succeed', { dueMs: startMs - 1 }) }),
      create('failed', { owner: 'dead', progress: aProgress('failed', { dueMs: startMs - 1 }) }),
    );
    assert.deepEqual(await claim(store, 'a'), { claimed: [], nextDueMs: undefined });
    assert.equal((await found(store, 'mine')).version, 1);
  });

  test('Q10, B16: claim: the fence holds: the one who lost it cannot write', async (store) => {
    await put(store, due('g', startMs, 'dead'));
    await claim(store, 'b');
    assert.deepEqual(await store.commit([update('g', { expectOwner: 'dead', owner: 'dead' })]), ['conflict']);
    await put(store, update('g', { expectOwner: 'b', expectVersion: 2, owner: 'b' }));
  });

  test('claim: an update of unknown outcome is told apart from a claim that came after it', async (store) => {
    await put(store, due('done', startMs, 'dead'), due('lost', startMs, 'dead'));
    const done = update('done', { expectOwner: 'dead', owner: 'dead' });
    await put(store, done);
    await claim(store, 'b');
    assert.deepEqual(await store.commit([done, update('lost', { expectOwner: 'dead', owner: 'dead' })]), [
      'done',
      'conflict',
    ]);
    assert.equal((await found(store, 'done')).owner, 'b');
  });

  test('Q10, Q35, B14: claim: two incarnations at once never get the same row', async (store) => {
    await live(store, 'a', 'b');
    await put(store, ...numbers(200).map((index) => due(`g${index}`, startMs - index)));
    const rounds = await Promise.all(
      numbers(40).map((index) => claim(store, index % 2 === 0 ? 'a' : 'b', { maxCount: 7 })),
    );
    const claimed = rounds.flatMap((round) => round.claimed);
    const name = ({ definition, version }: StoredTransaction) =>
      store.exclusive ? `${definition.gid} ${version}` : definition.gid;
    assert.equal(new Set(claimed.map(name)).size, claimed.length);
    const rest = await claim(store, 'a');
    assert.equal(new Set(gidsOf([...claimed, ...rest.claimed])).size, 200);
  });

  test('claim: nextDueMs knows only rows without owner that are not finished', async (store) => {
    await live(store, 'a');
    assert.equal((await claim(store, 'a')).nextDueMs, undefined);
    await put(
      store,
      due('mine', startMs + 1, 'a'),
      create('over', { progress: aProgress('failed', { dueMs: startMs + 2 }) }),
      due('later', startMs + 4),
      due('next', startMs + 3),
    );
    assert.equal((await claim(store, 'a')).nextDueMs, startMs + 3);
    assert.equal(await store.makeDue('later', startMs + 2), true);
    assert.equal((await claim(store, 'a')).nextDueMs, startMs + 2);
  });

  test('owned: unfinished rows of one incarnation with their version, page by page', async (store) => {
    await put(
      store,
      ...numbers(5).map((index) => due(`g${index}`, startMs, 'a')),
      due('g9', startMs, 'b'),
      due('free', startMs),
      create('over', { owner: 'a', progress: aProgress('succeed') }),
    );
    await put(store, update('g3', { expectOwner: 'a', owner: 'a' }));
    const pages = await ownedPages(store, 'a', 3);
    assert.deepEqual(
      pages.map((page) => page.length),
      [3, 2, 0],
    );
    assert.deepEqual(sortedOwned(pages.flat()), ['g0 1', 'g1 1', 'g2 1', 'g3 2', 'g4 1']);
    assert.deepEqual(await store.owned('nobody', '', 3), []);
  });
}
