/** What does not answer in time is ended on the server too, not only left. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import { NetworkProxy } from '../lib/proxy/network-proxy.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { until } from '../lib/until.ts';
import type { DatabaseFixture } from './lib/database-fixture.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const onPostgres = postgres();
const onMariaDb = mariaDb();

/** A session that waits for a lock on the table of transactions, as its server tells of it. */
interface Locking {
  readonly fixture: DatabaseFixture;
  /** How many wait. */
  waiting(): Promise<number>;
  lock(): Promise<unknown>;
  unlock(): Promise<unknown>;
}

/** A server that stands still keeps no connection open that was given up here. */
async function testLeft(fixture: DatabaseFixture): Promise<void> {
  const store = fixture.store({ connectMs: 1000, readMs: 2000, connections: 3 });
  const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  await fixture.leave();
  await until('nothing else is open', () => sockets() === 0);
  try {
    await store.open();
    await Promise.all([store.load(['some']), store.load(['other'])]);
    fixture.server.pause();
    const asked = ['some', 'other', 'third'].map((gid) => store.load([gid]));
    for (const { status } of await Promise.allSettled(asked)) assert.equal(status, 'rejected');
    await until('nothing is open but the connection of the heartbeat', () => sockets() <= 1, 10_000);
  } finally {
    fixture.server.resume();
    await store.close();
    await fixture.server.stop();
  }
}

/** What took too long, and what ran on a connection that was cut, does not run any more. */
async function testEnded({ fixture, waiting, lock, unlock }: Locking): Promise<void> {
  const proxy = await NetworkProxy.start({ protocol: fixture.protocol, port: fixture.server.port });
  const store = fixture.store({ url: fixture.urlAt(proxy.port), readMs: 500 });
  const patient = fixture.store({ url: fixture.urlAt(proxy.port) });
  try {
    await Promise.all([store.open(), patient.open()]);
    await lock();
    const asked = assert.rejects(store.load(['some']), { code: 'not-done', message: /has not answered for \d+ ms/ });
    await until('it waits for the lock', async () => (await waiting()) === 1);
    await asked;
    await until('it does not wait any more', async () => (await waiting()) === 0);
    const cut = assert.rejects(patient.load(['some']), { code: 'not-done' });
    await until('another one waits', async () => (await waiting()) === 1);
    proxy.breakAll({ kind: 'half-open', told: 'client' });
    await cut;
    await until('what was cut does not wait any more', async () => (await waiting()) === 0);
    await unlock();
    assert.deepEqual(await store.load(['some']), [undefined]);
  } finally {
    await Promise.all([store.close(), patient.close()]);
    await proxy.stop();
    await fixture.stop();
  }
}

it('PostgreSQL is asked to cancel it', { skip: 'missing' in onPostgres && onPostgres.missing }, async () => {
  if ('missing' in onPostgres) return;
  const fixture = await PostgresFixture.start(onPostgres.found);
  await testEnded({
    fixture,
    waiting: async () => {
      const { rows } = await fixture.client.query(
        `select 1 from pg_stat_activity where application_name = 'holdfast' and wait_event_type = 'Lock'`,
      );
      return rows.length;
    },
    lock: () => fixture.client.query('begin; lock table holdfast.transactions in access exclusive mode'),
    unlock: () => fixture.client.query('rollback'),
  });
});

it('MariaDB is asked to kill it', { skip: 'missing' in onMariaDb && onMariaDb.missing }, async () => {
  if ('missing' in onMariaDb) return;
  const fixture = await MySqlFixture.on(await startMariaDb(onMariaDb.found, { settings: mySqlSettings }));
  await testEnded({
    fixture,
    waiting: async () => {
      const rows = await fixture.server.sql(
        "select id from information_schema.processlist where state like 'Waiting for table%'",
      );
      return rows.length;
    },
    lock: () => fixture.client.query('lock tables holdfast_transactions write'),
    unlock: () => fixture.client.query('unlock tables'),
  });
});

it('PostgreSQL stands still: what was not answered leaves nothing open', {
  skip: 'missing' in onPostgres && onPostgres.missing,
}, async () => {
  if ('missing' in onPostgres) return;
  await testLeft(await PostgresFixture.start(onPostgres.found));
});

it('MariaDB stands still: what was not answered leaves nothing open', {
  skip: 'missing' in onMariaDb && onMariaDb.missing,
}, async () => {
  if ('missing' in onMariaDb) return;
  await testLeft(await MySqlFixture.on(await startMariaDb(onMariaDb.found, { settings: mySqlSettings })));
});
