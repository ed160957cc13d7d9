/** A store on MariaDB or MySQL whose network or server fails: what was acknowledged is there once, and nothing keeps a lock. */
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import {
  aBranch,
  aProgress,
  append,
  claim,
  create,
  found,
  numbers,
  put,
  startMs,
  update,
} from '../../../packages/server/src/store/contract/fixtures.ts';
import type { MySqlSettings } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import { MySqlStore } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import {
  type Store,
  StoreError,
  type Stuck,
  type Write,
  type WriteResult,
} from '../../../packages/server/src/store/store.ts';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import { describeWith } from '../../interop/lib/with-toolchains.ts';
import type { Message } from '../../lib/proxy/messages.ts';
import { NetworkProxy } from '../../lib/proxy/network-proxy.ts';
import { saying } from '../../lib/proxy/rules.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import type { PrivateServer, ServerOptions } from '../../lib/servers/private-server.ts';
import { until } from '../../lib/until.ts';
import { MySqlFixture, mySqlSettings } from './mysql-fixture.ts';

/** As the settings have it. */
const usualCommitMs = 2000;

const isPassing = (error: unknown) =>
  error instanceof StoreError && (error.code === 'unknown-outcome' || error.code === 'not-done');

/** As the engine does it: the same again, until it is known what became of it. */
async function surely<T>(work: () => Promise<T>): Promise<T> {
  let answer: { readonly of: T } | undefined;
  await until('the store knows', async () => {
    try {
      answer = { of: await work() };
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    return answer !== undefined;
  });
  assert.ok(answer !== undefined);
  return answer.of;
}

export function testMySqlNetwork<T>(
  name: string,
  programs: Toolchain<T>,
  start: (programs: T, options: ServerOptions) => Promise<PrivateServer>,
): void {
  describeWith(
    `mysql on ${name}, with faults of the network and the server`,
    { programs },
    (toolchains) => {
      let fixture: MySqlFixture;
      let proxy: NetworkProxy;
      /** Beside the proxy. */
      let direct: MySqlStore;
      const opened: MySqlStore[] = [];

      const open = async (more: Partial<MySqlSettings> = {}) => {
        const store = new MySqlStore(fixture.settings(more));
        await store.open();
        opened.push(store);
        return store;
      };
      const through = (more: Partial<MySqlSettings> = {}) =>
        open({ url: `mysql://root@127.0.0.1:${proxy.port}/kept`, connections: 2, ...more });

      before(async () => {
        fixture = await MySqlFixture.on(await start(toolchains.programs, { settings: mySqlSettings }));
        proxy = await NetworkProxy.start({ protocol: 'mysql', port: fixture.server.port });
      });
      afterEach(async () => {
        proxy.accept('all');
        for (const store of opened.splice(0)) await store.close();
        await fixture.empty();
      });
      after(async () => {
        await proxy.stop();
        await fixture.stop();
      });

      interface Operation {
        readonly name: string;
        readonly run: (store: Store, gid: string) => Promise<unknown>;
        /** How it is to be found afterwards: done once. */
        readonly check: (store: Store, gid: string) => Promise<void>;
      }

      const again = ([result]: readonly (WriteResult | Stuck)[], ...fine: WriteResult[]) =>
        assert.ok(typeof result === 'string' && fine.includes(result), JSON.stringify(result));
      const writing =
        (writeOf: (gid: string) => Write, ...fine: WriteResult[]) =>
        async (store: Store, gid: string) => {
          const write = writeOf(gid);
          again(await surely(() => store.commit([write])), 'done', ...fine);
        };
      const operations: readonly Operation[] = [
        {
          name: 'create',
          run: (store, gid) => writing((of) => create(of))(store, `new ${gid}`),
          check: async (store, gid) => assert.equal((await found(store, `new ${gid}`)).version, 1),
        },
        {
          name: 'update',
          run: writing((gid) => update(gid, { progress: aProgress('aborting') })),
          check: async (store, gid) => {
            const { version, progress } = await found(store, gid);
            assert.deepEqual([version, progress.status], [2, 'aborting']);
          },
        },
        {
          name: 'append',
          // Issued again it finds its branches.
          run: writing((gid) => append(gid, [aBranch('01'), aBranch('02')]), 'exists'),
          check: async (store, gid) => assert.equal((await found(store, gid)).branches.length, 2),
        },
        {
          name: 'claim',
          run: (store, gid) => surely(() => claim(store, gid, { nowMs: startMs + 10_000 })),
          check: async (store, gid) => {
            const { owner, version } = await found(store, gid);
            assert.deepEqual([owner, version], [gid, 2]);
          },
        },
        {
          name: 'a topic',
          run: async (store, gid) => {
            // Whoever is not answered looks what is there.
            const write = () => store.putValue('topics', gid, 'value', 0, startMs);
            await surely(async () => (await write()) || (await store.getValue('topics', gid))?.value === 'value');
          },
          check: async (store, gid) => assert.equal((await store.getValue('topics', gid))?.version, 1),
        },
      ];

      for (const { name, run, check } of operations) {
        it(`${name}: cut at every one of the first messages and some of the others, and at bytes by chance: it is done once`, async () => {
          const seed = seedOfRun();
          const random = new Random(seed);
          direct = await open();
          for (let nth = 1, isWhole = false; !isWhole; nth += nth < 20 ? 1 : random.whole(1, 9)) {
            assert.ok(nth < 200, 'one call has fewer messages');
            for (const afterBytes of [0, 'all', random.whole(1, 40)] as const) {
              const gid = `${nth} ${afterBytes} ${name}`;
              await put(direct, create(gid));
              const store = await through();
              const rule = proxy.rule({
                nth,
                afterBytes,
                does: { kind: 'cut', how: random.chance(0.5) ? 'rst' : 'fin' },
              });
              await run(store, gid);
              isWhole = rule.hits === 0;
              rule.release();
              await check(direct, gid).catch((error: Error) => {
                throw new Error(`message ${nth}, ${afterBytes} bytes, seed ${seed}: ${error.message}`);
              });
              await store.close();
              await fixture.empty();
            }
          }
        });
      }

      const isWrite = (message: Message) => message.kind === 'execute' && saying('token-')(message);

      it('a batch that arrives late, after it was issued again, changes nothing', async () => {
        direct = await open();
        const store = await through({ commitMs: 300 });
        await put(direct, create('updated'), create('appended'));
        const batch = [create('created'), update('updated'), append('appended', [aBranch('01')])];
        const rule = proxy.rule({ at: isWrite, nth: 1, does: { kind: 'hold', what: 'direction' } });
        await assert.rejects(store.commit(batch), { code: 'unknown-outcome' });
        assert.equal(rule.hits, 1);
        assert.deepEqual(await surely(() => store.commit(batch)), ['done', 'done', 'done']);
        await put(direct, update('updated', { expectVersion: 2 }));
        const before = await direct.load(['created', 'updated', 'appended']);
        rule.release();
        await until('the late session has ended', () => proxy.open <= 3);
        await direct.ping();
        assert.deepEqual(await direct.load(['created', 'updated', 'appended']), before);
      });

      it('a node that stalls in the middle of a batch keeps no row from another', async () => {
        direct = await open();
        for (let nth = 1, isWhole = false; !isWhole; nth += 1) {
          assert.ok(nth < 60, 'one call has fewer messages');
          const gids = numbers(3).map((index) => `${nth}-${index}`);
          await put(direct, ...gids.map((gid) => create(gid, { owner: 'stalled' })));
          const store = await through({ commitMs: 60_000 });
          const batch = gids.map((gid) => update(gid, { expectOwner: 'stalled', owner: 'stalled' }));
          const rule = proxy.rule({ nth, afterBytes: nth % 7, does: { kind: 'hold', what: 'connection' } });
          const stalled = store.commit(batch);
          await Promise.race([rule.met, stalled]);
          isWhole = rule.hits === 0;
          // A lock would be reported after a second.
          const results = await direct.commit(
            gids.map((gid) => update(gid, { expectOwner: 'stalled', owner: 'other' })),
          );
          const [first] = results;
          assert.ok(first === 'done' || first === 'conflict', `message ${nth}: ${first}`);
          assert.deepEqual(results, [first, first, first]);
          rule.release();
          assert.deepEqual([...new Set(await stalled)], [first === 'done' ? 'conflict' : 'done']);
          await store.close();
        }
      });

      it('a row that a person holds waits alone', async () => {
        direct = await open({ commitMs: usualCommitMs });
        const gids = numbers(100).map((index) => `g${index}`);
        await put(direct, ...gids.map((gid) => create(gid)));
        await fixture.client.query("begin; select * from holdfast_transactions where gid = 'g50' for update");
        const batch = gids.map((gid) => update(gid));
        const results = await direct.commit(batch);
        const versions = (await direct.load(gids)).map((one) => one?.version);
        await fixture.client.query('rollback');
        const [held] = results.slice(50);
        assert.match(typeof held === 'object' ? held.stuck : '', /^somebody else holds its row/);
        assert.ok(results.every((result, index) => result === 'done' || index === 50));
        assert.deepEqual(
          versions,
          gids.map((gid) => (gid === 'g50' ? 1 : 2)),
        );
        assert.deepEqual([...new Set(await direct.commit(batch))], ['done']);
      });

      it('a gid that somebody else is just creating is stuck, and exists afterwards', async () => {
        direct = await open({ commitMs: usualCommitMs });
        await put(direct, create('template'));
        const [columns] = await fixture.client.query(
          "select group_concat(column_name) as names from information_schema.columns where table_schema = 'kept' and table_name = 'holdfast_transactions' and column_name not in ('id', 'gid')",
        );
        const [{ names = '' } = {}] = columns as { names?: string }[];
        await fixture.client.query(
          `set transaction isolation level read committed; begin; insert into holdfast_transactions (gid, ${names}) select 'taken', ${names} from holdfast_transactions`,
        );
        const batch = [create('one'), create('taken'), create('two')];
        const [one, taken, two] = await direct.commit(batch);
        assert.deepEqual([one, two], ['done', 'done']);
        assert.match(typeof taken === 'object' ? taken.stuck : '', /^MySQL 1205: /);
        await fixture.client.query('commit');
        assert.deepEqual(await direct.commit(batch), ['done', 'exists', 'done']);
      });

      it('data that the server refuses fail alone, and say why', async () => {
        direct = await open();
        const long = 'x'.repeat(300);
        const batch = [...numbers(5).map((index) => create(`g${index}`)), { ...create('long'), token: long }];
        const [last] = (await direct.commit(batch)).slice(-1);
        assert.match(
          typeof last === 'object' ? last.stuck : '',
          /^MySQL \d+: (Data too long|Column 'create_token' cannot be null)/,
        );
        assert.equal((await direct.load(numbers(5).map((index) => `g${index}`))).filter(Boolean).length, 5);
      });

      it('a server that only reads is left by all connections, and served when it writes again', async () => {
        await fixture.server.sql('create user app@localhost; grant all on kept.* to app@localhost');
        const store = await open({ url: `mysql://app@127.0.0.1:${fixture.server.port}/kept` });
        await put(store, create('before'));
        await fixture.server.sql('set global read_only = 1');
        await assert.rejects(store.commit([create('refused')]), { code: 'not-done' });
        await assert.rejects(store.commit([create('refused')]), { code: 'not-done', message: /it only reads/ });
        await fixture.server.sql('set global read_only = 0');
        assert.deepEqual(await surely(() => store.commit([create('after')])), ['done']);
        const stored = await store.load(['before', 'refused', 'after']);
        assert.deepEqual(
          stored.map((one) => one !== undefined),
          [true, false, true],
        );
      });

      it('the server is killed, and comes back: all that was acknowledged is there once', async () => {
        direct = await open({ commitMs: 2000 });
        const acknowledged: string[] = [];
        let isOver = false;
        const writer = async (name: number) => {
          for (let index = 0; !isOver; index += 1) {
            const writes = [create(`${name}-${index}`), create(`${name}-${index}-more`)];
            assert.deepEqual(await surely(() => direct.commit(writes)), ['done', 'done']);
            acknowledged.push(...writes.map(({ gid }) => gid));
          }
        };
        const writers = numbers(4).map(writer);
        await until('some are written', () => acknowledged.length >= 40);
        await fixture.server.kill();
        await assert.rejects(direct.ping());
        await fixture.server.restart();
        const before = acknowledged.length;
        await until('it is served again', () => acknowledged.length > before + 20);
        isOver = true;
        await Promise.all(writers);
        const stored = await direct.load(acknowledged);
        assert.ok(stored.every((one) => one?.version === 1));
        fixture = await MySqlFixture.again(fixture);
      });
    },
    1,
  );
}
