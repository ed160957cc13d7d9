/** What does not answer in time is ended on the server too, not only left. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import { NetworkProxy } from '../lib/proxy/network-proxy.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { until } from '../lib/until.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const onPostgres = postgres();
const onMariaDb = mariaDb();

it('PostgreSQL is asked to cancel it', { skip: 'missing' in onPostgres && onPostgres.missing }, async () => {
  if ('missing' in onPostgres) return;
  const fixture = await PostgresFixture.start(onPostgres.found);
  const proxy = await NetworkProxy.start({ protocol: fixture.protocol, port: fixture.server.port });
  const store = fixture.store({ url: fixture.urlAt(proxy.port), readMs: 500 });
  const patient = fixture.store({ url: fixture.urlAt(proxy.port) });
  try {
    await Promise.all([store.open(), patient.open()]);
    const waiting = async () => {
      const { rows } = await fixture.client.query(
        `select 1 from pg_stat_activity where application_name = 'holdfast' and wait_event_type = 'Lock'`,
      );
      return rows.length;
    };
    await fixture.client.query('begin; lock table holdfast.transactions in access exclusive mode');
    const asked = assert.rejects(store.load(['some']), { code: 'not-done', message: /has not answered for \d+ ms/ });
    await until('it waits for the lock', async () => (await waiting()) === 1);
    await asked;
    await until('it does not wait any more', async () => (await waiting()) === 0);
    const cut = assert.rejects(patient.load(['some']), { code: 'not-done' });
    await until('another one waits', async () => (await waiting()) === 1);
    proxy.breakAll({ kind: 'half-open', told: 'client' });
    await cut;
    await until('what was cut does not wait any more', async () => (await waiting()) === 0);
    await fixture.client.query('rollback');
    assert.deepEqual(await store.load(['some']), [undefined]);
  } finally {
    await Promise.all([store.close(), patient.close()]);
    await proxy.stop();
    await fixture.stop();
  }
});

it('MariaDB is asked to kill it', { skip: 'missing' in onMariaDb && onMariaDb.missing }, async () => {
  if ('missing' in onMariaDb) return;
  const fixture = await MySqlFixture.on(await startMariaDb(onMariaDb.found, { settings: mySqlSettings }));
  const proxy = await NetworkProxy.start({ protocol: fixture.protocol, port: fixture.server.port });
  const store = fixture.store({ url: fixture.urlAt(proxy.port), readMs: 500 });
  const patient = fixture.store({ url: fixture.urlAt(proxy.port) });
  try {
    await Promise.all([store.open(), patient.open()]);
    const waiting = async () => {
      const rows = await fixture.server.sql(
        "select id from information_schema.processlist where state like 'Waiting for table%'",
      );
      return rows.length;
    };
    await fixture.client.query('lock tables holdfast_transactions write');
    const asked = assert.rejects(store.load(['some']), { code: 'not-done', message: /has not answered for \d+ ms/ });
    await until('it waits for the lock', async () => (await waiting()) === 1);
    await asked;
    await until('it does not wait any more', async () => (await waiting()) === 0);
    const cut = assert.rejects(patient.load(['some']), { code: 'not-done' });
    await until('another one waits', async () => (await waiting()) === 1);
    proxy.breakAll({ kind: 'half-open', told: 'client' });
    await cut;
    await until('what was cut does not wait any more', async () => (await waiting()) === 0);
    await fixture.client.query('unlock tables');
    assert.deepEqual(await store.load(['some']), [undefined]);
  } finally {
    await Promise.all([store.close(), patient.close()]);
    await proxy.stop();
    await fixture.stop();
  }
});
