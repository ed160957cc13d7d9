/**
 * The network between a coordinator and PostgreSQL breaks at each message of a write, in both directions. What was
 * acknowledged is there once; what was refused is not there; whatever is not known is found out by the same write.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  aBranch,
  aProgress,
  append,
  claim,
  create,
  gidsOf,
  numbers,
  put,
  startMs,
  update,
} from '../../packages/server/src/store/contract/fixtures.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { StoreError, type Write } from '../../packages/server/src/store/store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { NetworkProxy } from '../lib/proxy/network-proxy.ts';
import type { Fault, RuleHandle } from '../lib/proxy/rules.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

const faults: readonly (readonly [name: string, does: Fault])[] = [
  ['the connection is reset', { kind: 'cut', how: 'rst' }],
  ['what goes that way is lost', { kind: 'drop', what: 'direction' }],
  ['the connection stands still for longer than a write may take', { kind: 'hold', what: 'connection', forMs: 700 }],
];

const settled = [() => true, () => false] as const;

describe('the network to PostgreSQL breaks', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  /** Not through the proxy: what is stored. */
  let witness: PostgresStore;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found);
    witness = new PostgresStore(fixture.settings());
    await witness.open();
  });
  after(async () => {
    await witness.close();
    await fixture.stop();
  });

  /**
   * Breaks the network at the first message of what is done, at the second, and so on until it ends before it is met.
   * @returns at how many messages it was broken
   */
  async function atEachMessage(
    does: Fault,
    prepare: (round: number) => Promise<void>,
    run: (store: PostgresStore, round: number, rule: RuleHandle) => Promise<void>,
  ): Promise<number> {
    for (let nth = 1; ; nth += 1) {
      const proxy = await NetworkProxy.start({ protocol: 'postgres', port: fixture.server.port });
      const settings = { url: fixture.urlAt(proxy.port), connections: 2, commitMs: 500, readMs: 500, connectMs: 2000 };
      const store = new PostgresStore(fixture.settings(settings));
      try {
        // On a busy machine the first one may take longer than a write may here.
        await until('the store is open', () => store.open().then(...settled));
        await until('it is connected', () => store.ping().then(...settled));
        await prepare(nth);
        // Connections that are made anew go through.
        const opened = proxy.count;
        const rule = proxy.rule({ at: (_, connection) => connection <= opened, nth, does });
        await run(store, nth, rule);
        const { hits } = rule;
        rule.release();
        if (hits === 0) return nth - 1;
      } finally {
        await store.close();
        await proxy.stop();
      }
    }
  }

  /** As the journal does it: the same again until it is known. @returns whether an attempt was surely refused, and the results */
  async function commitKnown(store: PostgresStore, batch: readonly Write[]) {
    const codes: string[] = [];
    for (;;) {
      try {
        return { codes, results: await store.commit(batch) };
      } catch (error) {
        assert.ok(error instanceof StoreError, String(error));
        assert.ok(error.code === 'unknown-outcome' || error.code === 'not-done', error.code);
        codes.push(error.code);
      }
    }
  }

  for (const [name, does] of faults) {
    it(`creations and updates are done once: ${name}`, async () => {
      const gid = (kind: string, round: number) => `${does.kind}-${kind}-${round}`;
      const count = await atEachMessage(
        does,
        (round) => put(witness, create(gid('update', round))),
        async (store, round) => {
          const batch = [create(gid('create', round)), update(gid('update', round))];
          const { results } = await commitKnown(store, batch);
          assert.deepEqual(results, ['done', 'done']);
          const versions = (await witness.load(batch.map((one) => one.gid))).map((row) => row?.version);
          assert.deepEqual(versions, [1, 2]);
        },
      );
      assert.ok(count >= 8, `only ${count} messages`);
    });

    it(`what was surely not done is not there afterwards: ${name}`, async () => {
      const gid = (round: number) => `${does.kind}-once-${round}`;
      await atEachMessage(
        does,
        async () => undefined,
        async (store, round) => {
          const outcome = await store.commit([create(gid(round))]).then(
            (results) => String(results[0]),
            (error) => String(error.code),
          );
          await until('the server has ended what it was asked', async () => {
            const { rows } = await fixture.client.query(
              `select 1 from pg_stat_activity where application_name = 'holdfast' and state = 'active'
               and wait_event_type is distinct from 'Client'`,
            );
            return rows.length === 0;
          });
          const [row] = await witness.load([gid(round)]);
          if (outcome === 'done') assert.ok(row !== undefined, `round ${round}: it was acknowledged`);
          else if (outcome === 'not-done') assert.equal(row, undefined, `round ${round}: it was refused`);
          else assert.equal(outcome, 'unknown-outcome');
        },
      );
    });
  }

  it('a node that stands still at any message of a write keeps no row locked', async () => {
    const gids = (round: number) => numbers(4).map((index) => `still-${round}-${index}`);
    const batch = (round: number, owner: string) => gids(round).map((gid) => update(gid, { owner }));
    const count = await atEachMessage(
      { kind: 'hold', what: 'connection' },
      (round) => put(witness, ...gids(round).map((gid) => create(gid))),
      async (store, round, rule) => {
        const first = commitKnown(store, batch(round, 'still'));
        await Promise.race([rule.met, first]);
        const second = await witness.commit(batch(round, 'other'));
        assert.ok(
          second.every((result) => result === 'done' || result === 'conflict'),
          JSON.stringify(second),
        );
        const { results } = await first;
        for (const [index, result] of results.entries()) {
          assert.deepEqual([result, second[index]].sort(), ['conflict', 'done'], `round ${round}`);
        }
      },
    );
    assert.ok(count >= 8, `only ${count} messages`);
  });

  const reset: Fault = { kind: 'cut', how: 'rst' };

  it('registrations are there once: the connection is reset', async () => {
    const gid = (round: number) => `append-${round}`;
    await atEachMessage(
      reset,
      (round) => put(witness, create(gid(round))),
      async (store, round) => {
        const { codes, results } = await commitKnown(store, [append(gid(round), [aBranch('01'), aBranch('02')])]);
        const isKnown = results[0] === 'done' || (results[0] === 'exists' && codes.includes('unknown-outcome'));
        assert.ok(isKnown, `${codes.join()} ${String(results[0])}`);
        const [row] = await witness.load([gid(round)]);
        assert.deepEqual([row?.branches.length, row?.version], [2, 1]);
      },
    );
  });

  it(`a claim takes each row once: the connection is reset`, async () => {
    const gids = (round: number) => numbers(5).map((index) => `claim-${round}-${index}`);
    await atEachMessage(
      reset,
      async (round) => {
        const due = { progress: aProgress('submitted', { dueMs: startMs - 1 }) };
        await put(witness, ...gids(round).map((gid) => create(gid, due)));
      },
      async (store, round) => {
        const me = `${round}`;
        const claimed: string[] = [];
        for (let isDone = false; !isDone; ) {
          try {
            claimed.push(...gidsOf((await claim(store, me)).claimed));
            isDone = true;
          } catch (error) {
            assert.ok(error instanceof StoreError, String(error));
          }
        }
        const owned = (await witness.owned(me, '', 100)).filter(({ gid }) => gids(round).includes(gid));
        assert.deepEqual(
          owned.map(({ gid, version }) => `${gid} ${version}`).sort(),
          gids(round)
            .map((gid) => `${gid} 2`)
            .sort(),
        );
        const ours = claimed.filter((gid) => gids(round).includes(gid));
        assert.equal(new Set(ours).size, ours.length, 'and tells of it once');
      },
    );
  });

  it(`a value is put once: the connection is reset`, async () => {
    await atEachMessage(
      reset,
      async () => undefined,
      async (store, round) => {
        const key = `${round}`;
        let isUnknown = false;
        for (;;) {
          try {
            const isPut = await store.putValue('topics', key, 'new', 0, startMs);
            assert.ok(isPut || isUnknown, 'only an attempt before can have put it');
            break;
          } catch (error) {
            assert.ok(error instanceof StoreError, String(error));
            if (error.code === 'unknown-outcome') isUnknown = true;
          }
        }
        const stored = await witness.getValue('topics', key);
        assert.deepEqual([stored?.value, stored?.version], ['new', 1]);
      },
    );
  });
});
