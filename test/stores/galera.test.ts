/** Three members of a Galera cluster: each takes writes, and what one has acknowledged all of them know. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  aProgress,
  claim,
  create,
  found,
  gidsOf,
  numbers,
  put,
  startMs,
  update,
} from '../../packages/server/src/store/contract/fixtures.ts';
import type { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { StoreError } from '../../packages/server/src/store/store.ts';
import { galera } from '../../scripts/lib/toolchains/databases.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { until } from '../lib/until.ts';
import { GaleraFixture } from './lib/galera-fixture.ts';
import { testMemberKills } from './lib/member-kills.ts';

describeWith(
  'a Galera cluster of three',
  { programs: galera() },
  ({ programs }) => {
    let fixture: GaleraFixture;
    let stores: MySqlStore[] = [];
    before(async () => {
      fixture = await GaleraFixture.start(programs, 2);
      // All at once: one of them makes the tables.
      stores = await Promise.all(numbers(3).map((index) => fixture.open(index)));
    });
    after(async () => {
      for (const store of stores) await store.close();
      await fixture.stop();
    });

    const at = (index: number) => {
      const store = stores[index % stores.length];
      assert.ok(store !== undefined);
      return store;
    };

    it('what one member has acknowledged the others know at once', async () => {
      for (const index of numbers(60)) {
        const gid = `known-${index}`;
        await put(at(index), create(gid));
        assert.equal((await found(at(index + 1), gid)).version, 1);
        await put(at(index + 2), update(gid));
        assert.equal((await found(at(index), gid)).version, 2);
      }
    });

    it('a row that is written at all members at the same moment is written by one', async () => {
      for (const round of numbers(10)) {
        const gids = numbers(8).map((index) => `same-${round}-${index}`);
        await put(at(round), ...gids.map((gid) => create(gid)));
        const results = await Promise.all(
          numbers(3).map((index) => at(index).commit(gids.map((gid) => update(gid, { owner: `owner-${index}` })))),
        );
        for (const [index, gid] of gids.entries()) {
          const each = results.map((of) => of[index]);
          assert.deepEqual([...each].sort(), ['conflict', 'conflict', 'done'], `${gid}: ${JSON.stringify(each)}`);
          assert.equal((await found(at(round + 1), gid)).owner, `owner-${each.indexOf('done')}`);
        }
      }
    });

    it('a gid that is created at all members at the same moment is created once', async () => {
      for (const round of numbers(10)) {
        const gid = `new-${round}`;
        const results = await Promise.all(numbers(3).map((index) => at(index).commit([create(gid)])));
        assert.deepEqual(results.flat().sort(), ['done', 'exists', 'exists']);
      }
    });

    it('what is due is claimed once, whoever asks at the same moment', async () => {
      const gids = numbers(60).map((index) => `due-${index}`);
      const due = { progress: aProgress('submitted', { dueMs: startMs - 1 }) };
      await put(at(0), ...gids.map((gid) => create(gid, due)));
      const claimed: string[] = [];
      await until('all are claimed', async () => {
        const taken = await Promise.allSettled(
          numbers(3).map((index) => claim(at(index), `me-${index}`, { maxCount: 10 })),
        );
        for (const one of taken) {
          if (one.status === 'fulfilled')
            claimed.push(...gidsOf(one.value.claimed).filter((gid) => gids.includes(gid)));
          // Each time somebody else was faster.
          else assert.ok(one.reason instanceof StoreError && one.reason.code === 'not-done', String(one.reason));
        }
        return claimed.length >= gids.length;
      });
      assert.deepEqual(claimed.sort(), gids.sort());
    });

    it('a member that does not see the others serves nobody, and serves when it sees them again', async () => {
      const lonely = await fixture.open(2, { url: `mysql://root@127.0.0.1:${fixture.member(2).port}/kept` });
      try {
        await put(lonely, create('before'));
        fixture.member(0).pause();
        fixture.member(1).pause();
        await until('it says why', () =>
          lonely.ping().then(
            () => false,
            (error) => /it only reads|no part of its cluster/.test(String(error)),
          ),
        );
        await assert.rejects(lonely.load(['before']), { code: 'not-done' });
        fixture.member(0).resume();
        fixture.member(1).resume();
        await until(
          'it serves',
          () =>
            lonely.commit([create('after')]).then(
              ([result]) => result === 'done',
              () => false,
            ),
          60_000,
        );
        assert.equal((await found(at(0), 'before')).version, 1);
      } finally {
        fixture.member(0).resume();
        fixture.member(1).resume();
        await lonely.close();
      }
    });

    it('a member that is killed under load: nothing acknowledged is lost', { timeout: 300_000 }, (t) =>
      testMemberKills(t, fixture, { rounds: 1, clients: 8 }),
    );
  },
  1,
);
