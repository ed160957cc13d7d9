import assert from 'node:assert/strict';
import {
  aBeat,
  aBranch,
  aProgress,
  append,
  type Case,
  claim,
  create,
  found,
  gidsOf,
  put,
  startMs,
  update,
} from './fixtures.ts';
import { sharedCases } from './shared.ts';

const due = { progress: aProgress('submitted', { dueMs: startMs - 1 }) };

/** Two versions of Holdfast on one store, of which the next one writes what the other cannot read. */
export function testNeeds(test: Case): void {
  const shared = sharedCases(test);

  shared(
    'needs: what needs more than a program knows is there for others: it is neither claimed nor waited for, and lists say why',
    async (store, _, another) => {
      const next = await another({ isNext: true });
      assert.equal(next.format, store.format + 1);
      const needs = next.format;
      await put(next, create('theirs', { ...due, needs }), create('of a dead one', { ...due, owner: 'gone', needs }));
      await put(next, create('later', { progress: aProgress('submitted', { dueMs: startMs + 7 }) }));
      await put(next, create('over', { progress: aProgress('succeed'), needs }));

      assert.deepEqual((await claim(store, 'early')).claimed, []);
      assert.equal((await claim(store, 'early')).nextDueMs, startMs + 7);
      assert.equal((await store.heartbeat(aBeat('early'))).nextDueMs, startMs + 7);
      const newer = { code: 'newer', message: /^it was written by a newer Holdfast/ };
      for (const gid of ['theirs', 'of a dead one', 'over']) await assert.rejects(store.load([gid]), newer);
      await assert.rejects(store.load(['theirs'], 'bare'), newer);
      const { transactions } = await store.list({ limit: 10 });
      assert.deepEqual(
        new Map(
          transactions.map(({ definition, progress }) => [definition.gid, newer.message.test(progress.incident)]),
        ),
        new Map(Object.entries({ theirs: true, 'of a dead one': true, later: false, over: true })),
      );
      assert.equal((await found(next, 'theirs')).version, 1, 'nothing of it was changed');

      assert.equal((await next.heartbeat(aBeat('late'))).nextDueMs, startMs - 1);
      assert.deepEqual(gidsOf((await claim(next, 'late')).claimed).sort(), ['of a dead one', 'theirs']);
      await store.heartbeat(aBeat('early'));
      const dead = [{ incarnation: 'late', count: 1 }];
      assert.deepEqual((await claim(store, 'early', { dead })).claimed, []);
      assert.deepEqual(gidsOf((await claim(next, 'later', { dead })).claimed).sort(), ['of a dead one', 'theirs']);
    },
  );

  shared(
    'needs: a write that somebody who lives could not read is stuck until that one has gone; others of its batch are done',
    async (store, _, another) => {
      const next = await another({ isNext: true });
      const needs = next.format;
      await put(store, create('a'), create('b', { progress: aProgress('submitted') }));
      await store.heartbeat(aBeat('early'));
      await next.heartbeat(aBeat('late'));
      const mine = update('a', { needs });
      const batch = [
        create('c', { needs }),
        create('d'),
        mine,
        append('b', [aBranch('01')], { needs, whileStatus: 'submitted' }),
      ];
      const results = await next.commit(batch);
      assert.deepEqual(
        results.map((result) => typeof result === 'string'),
        [false, true, false, false],
        JSON.stringify(results),
      );
      assert.deepEqual(await store.load(['c']), [undefined]);
      assert.deepEqual([(await found(store, 'a')).version, (await found(store, 'b')).branches.length], [1, 0]);

      const none = [
        create('a', { needs }),
        update('a', { needs, expectVersion: 5 }),
        update('unknown', { needs }),
        append('b', [aBranch('01')], { needs, whileStatus: 'aborting' }),
      ];
      for (const [index, result] of ['exists', 'conflict', 'missing', 'wrong-status'].entries())
        assert.deepEqual(await next.commit(none.slice(index, index + 1)), [result], 'what is refused is not stuck');

      await store.retire('early');
      await put(next, ...batch.filter(({ gid }) => gid !== 'd'));
      // One that is put back keeps nobody from what it could not read before.
      await store.heartbeat(aBeat('early'));
      await put(next, mine);
      await put(next, update('c', { needs }));
      assert.deepEqual(
        (await next.commit([create('e', { needs })])).map((result) => typeof result),
        ['object'],
      );
      for (const gid of ['a', 'b', 'c']) await assert.rejects(store.load([gid]), { code: 'newer' }, gid);
      assert.equal((await found(next, 'b')).branches.length, 1);
      await put(next, update('a', { expectVersion: 2, owner: 'late' }));
      await assert.rejects(store.load(['a']), { code: 'newer' }, 'it only rises');
      await put(next, update('a', { expectOwner: 'late', expectVersion: 3, progress: due.progress }));
      assert.deepEqual((await claim(store, 'early', { nowMs: startMs + 60_000 })).claimed.length, 1, 'that is d');
    },
  );
}
