/** The proxy that breaks the network between a coordinator and its database: shown with real servers and their clients. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { type Message, type Protocol, splittersOf } from '../lib/proxy/messages.ts';
import { NetworkProxy } from '../lib/proxy/network-proxy.ts';
import { asking, saying, to } from '../lib/proxy/rules.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { clientArgs, startMariaDb } from '../lib/servers/mariadb.ts';
import { psqlArgs, startPostgres } from '../lib/servers/postgres.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';

const execute = promisify(execFile);

describe('messages', () => {
  const int32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  const postgresSaid = [
    ['ssl', [...int32(8), ...int32(80877103)]],
    ['startup', [...int32(12), ...int32(196608), 1, 0, 0, 0]],
    ['Q', [81, ...int32(6), 65, 0]],
    ['X', [88, ...int32(4)]],
  ] as const;
  const mySqlSaid = [
    ['packet', [3, 0, 0, 1, 3, 7, 7]],
    ['query', [2, 0, 0, 0, 3, 65]],
    ['execute', [3, 0, 0, 0, 23, 0, 0]],
    ['packet', [0, 0, 0, 1]],
    ['quit', [1, 0, 0, 0, 1]],
  ] as const;

  for (const [protocol, said] of [
    ['postgres', postgresSaid],
    ['mysql', mySqlSaid],
  ] as const) {
    it(`of ${protocol} are told apart, however the bytes arrive`, () => {
      const seed = seedOfRun();
      const random = new Random(seed);
      const stream = Buffer.from(said.flatMap(([, bytes]) => [...bytes]));
      for (let round = 0; round < 50; round += 1) {
        const splitters = splittersOf(protocol satisfies Protocol);
        const messages: Message[] = [];
        for (let at = 0; at < stream.length; ) {
          const next = at + random.whole(1, 9);
          messages.push(...splitters['to-server'].push(stream.subarray(at, next)));
          if (protocol === 'postgres' && messages.length === 1) splitters['to-client'].push(Buffer.from('N'));
          at = next;
        }
        const seen = messages.map(({ kind, bytes }) => [kind, [...bytes]]);
        assert.deepEqual(seen, said, `seed ${seed}`);
      }
    });
  }
});

/** A client that runs one statement through a proxy. */
type Through = (proxy: NetworkProxy, statement: string, signal?: AbortSignal) => Promise<string>;

function testWith(protocol: Protocol, start: () => Promise<PrivateServer>, through: Through): void {
  let server: PrivateServer;
  before(async () => {
    server = await start();
    await server.sql('create schema kept');
    await server.sql('create table kept.numbers (n integer)');
  });
  after(() => server.stop());

  const stored = async (n: number) =>
    (await server.sql(`select count(*) from kept.numbers where n = ${n}`))[0]?.[0] === '1';
  const insert = (proxy: NetworkProxy, n: number) => through(proxy, `insert into kept.numbers values (${n})`);
  const isQuery = asking('Q', 'query');
  const isInsert = (message: Message) => isQuery(message) && saying('insert into')(message);

  const withProxy = async (run: (proxy: NetworkProxy) => Promise<void>) => {
    const proxy = await NetworkProxy.start({ protocol, port: server.port });
    try {
      await run(proxy);
    } finally {
      await proxy.stop();
    }
  };

  it('everything goes through', async () => {
    await withProxy(async (proxy) => {
      await insert(proxy, 1);
      assert.equal(await stored(1), true);
      assert.equal(proxy.count, 1);
      await until('both ends have closed', () => proxy.open === 0);
    });
  });

  it('a statement is held until it is released', async () => {
    await withProxy(async (proxy) => {
      const rule = proxy.rule({ at: isInsert, does: { kind: 'hold', what: 'direction' } });
      const inserted = insert(proxy, 2);
      await rule.met;
      assert.equal(await stored(2), false);
      rule.release();
      await inserted;
      assert.deepEqual([await stored(2), rule.hits], [true, 1]);
    });
  });

  it('a statement that was held arrives though its client is gone', async () => {
    await withProxy(async (proxy) => {
      const rule = proxy.rule({ at: isInsert, does: { kind: 'hold', what: 'direction' } });
      const controller = new AbortController();
      const client = through(proxy, 'insert into kept.numbers values (3)', controller.signal);
      await rule.met;
      controller.abort();
      await assert.rejects(client);
      rule.release();
      await until('it is stored', () => stored(3));
    });
  });

  it('cut before, in the middle of and after a statement', async () => {
    const arrives = [
      [4, 0, false],
      [5, 9, false],
      [6, 'all', true],
    ] as const;
    for (const how of ['fin', 'rst'] as const) {
      for (const [n, afterBytes, isStored] of arrives) {
        const number = how === 'fin' ? n : n + 10;
        await withProxy(async (proxy) => {
          const rule = proxy.rule({ at: isInsert, afterBytes, does: { kind: 'cut', how } });
          await assert.rejects(insert(proxy, number));
          assert.equal(rule.hits, 1);
          // The server carries out what has reached it whole, also where its client is gone.
          if (isStored) await until(`${number} is stored`, () => stored(number));
          else assert.equal(await stored(number), false);
        });
      }
    }
  });

  it('an answer that is lost: it is done, and nobody is told', async () => {
    await withProxy(async (proxy) => {
      let isSaid = false;
      proxy.rule({
        at: (message) => {
          isSaid ||= isInsert(message);
          return isSaid && to('to-client')(message);
        },
        does: { kind: 'drop', what: 'direction' },
      });
      let isAnswered = false;
      const client = insert(proxy, 7).finally(() => {
        isAnswered = true;
      });
      await until('it is stored', () => stored(7));
      assert.equal(isAnswered, false);
      proxy.breakAll({ kind: 'cut', how: 'rst' });
      await assert.rejects(client);
    });
  });

  it('half open: the client is told, the server keeps its session', async () => {
    await withProxy(async (proxy) => {
      const rule = proxy.rule({ at: isInsert, does: { kind: 'half-open', told: 'client' } });
      await assert.rejects(insert(proxy, 8));
      assert.deepEqual([rule.hits, proxy.open], [1, 1]);
      assert.equal(await stored(8), false);
    });
  });

  it('a stalled network goes on, and one that is refused again too', async () => {
    await withProxy(async (proxy) => {
      const goOn = proxy.stall();
      let isAnswered = false;
      const client = insert(proxy, 9).finally(() => {
        isAnswered = true;
      });
      client.catch(() => undefined);
      await until('it has come', () => proxy.count === 1);
      goOn();
      assert.equal(isAnswered, false);
      proxy.breakAll({ kind: 'cut', how: 'rst' });
      await assert.rejects(client, 'what came meanwhile has no answer');
      proxy.accept('none');
      await assert.rejects(insert(proxy, 9));
      proxy.accept('all');
      await insert(proxy, 9);
      assert.equal(await stored(9), true);
    });
  });

  it('cut at every message, and at bytes by chance: what the client was told is stored is stored', async () => {
    const seed = seedOfRun();
    const random = new Random(seed);
    let isWhole = false;
    for (let nth = 1; !isWhole; nth += 1) {
      assert.ok(nth < 60, 'a session has fewer messages');
      await withProxy(async (proxy) => {
        const rule = proxy.rule({ nth, afterBytes: random.whole(0, 12), does: { kind: 'cut', how: 'rst' } });
        const isTold = await insert(proxy, 100 + nth).then(
          () => true,
          () => false,
        );
        if (isTold) assert.equal(await stored(100 + nth), true, `message ${nth}, seed ${seed}`);
        isWhole = isTold && rule.hits === 0;
      });
    }
  });
}

/** As long as no test cuts them, both clients answer within this. */
const clientLimitMs = 20_000;

describeWith(
  'the proxy before PostgreSQL',
  { programs: postgres() },
  ({ programs }) => {
    const through: Through = async ({ port }, statement, signal) => {
      const options = { timeout: clientLimitMs, ...(signal && { signal }) };
      return (await execute(programs.client, psqlArgs(port, 'postgres', [statement]), options)).stdout;
    };
    testWith('postgres', () => startPostgres(programs), through);
  },
  1,
);

describeWith(
  'the proxy before MariaDB',
  { programs: mariaDb() },
  ({ programs }) => {
    const through: Through = async ({ port }, statement, signal) => {
      const options = { timeout: clientLimitMs, ...(signal && { signal }) };
      return (await execute(programs.client, clientArgs(port, [statement]), options)).stdout;
    };
    testWith('mysql', () => startMariaDb(programs), through);
  },
  1,
);
