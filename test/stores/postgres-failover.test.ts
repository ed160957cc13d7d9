/** A PostgreSQL and its synchronous replica: stores follow to the promoted one, and never go back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '../../packages/server/src/store/contract/fixtures.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { PostgresPair } from '../lib/servers/postgres-pair.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';
import { FailoverWriter, writerLimits } from './lib/failover-writer.ts';
import { leaveOldPrimaryAlone } from './lib/old-primary.ts';

const programs = postgres();

const gidsOn = async (server: PrivateServer) =>
  (await server.sql('select gid from holdfast.transactions')).map(([gid]) => gid);

describe('a PostgreSQL and its synchronous replica', { skip: 'missing' in programs && programs.missing }, () => {
  let pair: PostgresPair;
  const writers: FailoverWriter[] = [];
  beforeEach(async () => {
    if ('missing' in programs) return;
    pair = await PostgresPair.start(programs.found);
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    await pair.stop();
  });
  const start = async (name: string) => {
    const settings = { url: pair.url, schema: 'holdfast', version: '0.0.1', ...writerLimits, tls: () => undefined };
    const writer = new FailoverWriter(name, new PostgresStore(settings));
    writers.push(writer);
    return writer.open();
  };

  it('the old primary comes back and takes writes: nobody writes there', () =>
    leaveOldPrimaryAlone(pair, start, gidsOn));

  it('the promoted one would lose what it acknowledges: it is not used, and said why, until that is mended', async () => {
    const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: pair.url } });
    const http = new HttpCaller(coordinator.url);
    const setting = async (change: string) => {
      await pair.replica.sql(`alter system ${change}`);
      await pair.replica.sql('select pg_reload_conf()');
    };
    try {
      await setting('set synchronous_commit = off');
      await pair.primary.kill();
      await pair.promote();
      const why = /synchronous_commit = off, which loses acknowledged commits in a crash: set it to on/;
      await until('it says why it is not ready', async () => {
        const { status, text } = await http.get('/readyz');
        return status === 503 && why.test(text);
      });
      assert.match(coordinator.logs, why);
      await setting('reset synchronous_commit');
      await until('it is ready again', async () => (await http.get('/readyz')).status === 200, 15_000);
    } finally {
      http.close();
      await coordinator.stop();
    }
  });

  it('a commit that the server stops waiting for is not acknowledged before the replica has it', async () => {
    const patient = { ...writerLimits, commitMs: 60_000 };
    const store = new PostgresStore({
      ...{ url: pair.url, schema: 'holdfast', version: '0.0.1', tls: () => undefined },
      ...patient,
    });
    await store.open();
    try {
      pair.replica.pause();
      const one = create('cancelled');
      const written = assert.rejects(store.commit([one]), {
        code: 'unknown-outcome',
        message: /the server has stopped waiting for its replica/,
      });
      // As an operator may do, or a time-out of the server.
      await until('it waits, and is cancelled', async () => {
        const rows = await pair.primary.sql(
          "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and query like '%write%'",
        );
        return rows.length > 0;
      });
      await written;
      const again = store.commit([one]);
      const first = await Promise.race([again, pair.primary.sql("select pg_sleep(1), 'nothing'")]);
      assert.match(String(first), /nothing/, 'it was acknowledged while the replica stood still');
      pair.replica.resume();
      assert.deepEqual(await again, ['done']);
    } finally {
      pair.replica.resume();
      await store.close();
    }
  });

  it('a replica is promoted beside a primary that is in use: it is refused; it is used once the primary acknowledges nothing', async () => {
    const one = await start('one');
    one.beat();
    const before = await one.write();
    // It would wait for the replica.
    await pair.primary.sql("alter system set synchronous_standby_names = ''");
    await pair.primary.sql('select pg_reload_conf()');
    await pair.promote();
    await until('the second one is noticed', () => /is split/.test(one.incident), 15_000);
    const other = await start('other');
    other.beat();
    assert.match(
      other.incident,
      new RegExp(`127.0.0.1:${pair.primary.port} is used, and another one takes writes too`),
    );
    const gids = [await one.write(), await other.write()];
    assert.deepEqual((await gidsOn(pair.primary)).sort(), [before, ...gids].sort());
    assert.deepEqual(await gidsOn(pair.replica), [before]);
    // Now the primary waits for a replica that it does not have.
    await pair.waitForReplicas();
    const last = await one.write();
    assert.deepEqual((await gidsOn(pair.replica)).sort(), [before, last].sort());
    assert.match(one.told.join(), /lacks the last \d+ heartbeats that were acknowledged to this coordinator/);
  });
});
