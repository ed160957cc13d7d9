/** Locks on MariaDB that the server itself waits for, a second for each. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { aProgress, create, numbers, put } from '../../packages/server/src/store/contract/fixtures.ts';
import type { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

const programs = mariaDb();

describe('locks on MariaDB', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: MySqlFixture;
  /** Its own time-out is shorter than the server's for a lock. */
  let hasty: MySqlStore;
  const holders: Connection[] = [];
  before(async () => {
    if ('missing' in programs) return;
    fixture = await MySqlFixture.on(await startMariaDb(programs.found, { settings: mySqlSettings }));
    hasty = fixture.store({ commitMs: 500, connections: 16 });
    await hasty.open();
  });
  after(async () => {
    for (const holder of holders) holder.destroy();
    await hasty.close();
    await fixture.stop();
  });

  /** A transaction of somebody else, with this statement done. */
  async function holding(statement: string): Promise<() => Promise<unknown>> {
    const holder = await createConnection({
      host: '127.0.0.1',
      port: fixture.server.port,
      user: 'root',
      database: 'kept',
    });
    holders.push(holder);
    await holder.query('start transaction');
    await holder.query(statement);
    return () => holder.query('rollback');
  }

  it('gids that others are just inserting do not add up: the batch is divided before its time is over', async () => {
    const gids = numbers(6).map((index) => `taken-${index}`);
    const releases: (() => Promise<unknown>)[] = [];
    for (const gid of gids) {
      releases.push(
        await holding(`insert into holdfast_transactions (gid, type, status, handed_back, has_incident, version, due_ms,
          created_ms, updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum,
          definition_checksum, create_token, write_token, incident, reason, progress, definition, needs)
          values ('${gid}', 'saga', 'submitted', 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 't', 't', '', '', '', '', 0)`),
      );
    }
    // An incident: these are written one by one.
    const batch = gids.map((gid) =>
      create(gid, { progress: aProgress('prepared', { incident: 'somebody is needed' }) }),
    );
    const committed = hasty.commit(batch);
    // Not a wait for something to happen: this is the fault. Each gid is free within the time that one lock is waited for.
    for (const release of releases) {
      await new Promise((resolve) => setTimeout(resolve, 600));
      await release();
    }
    for (const result of await committed) assert.ok(result === 'done' || typeof result === 'object', String(result));
    assert.deepEqual(
      await hasty.commit(batch),
      gids.map(() => 'done'),
    );
  });

  it('what waits for a lock is told so by the server: it is surely not done', async () => {
    await put(hasty, create('held'));
    await hasty.putValue('one', 'key', 'value', 0, 0);
    const refused = { code: 'not-done', message: /^MySQL 1205: another session is just writing the same key/ };
    for (const [statement, write] of [
      ["select 1 from holdfast_transactions where gid = 'held' for update", () => hasty.makeDue('held', 1)],
      ["select 1 from holdfast_key_values where name = 'key' for update", () => hasty.deleteValue('one', 'key')],
    ] as const) {
      const release = await holding(statement);
      await assert.rejects(write(), refused);
      await release();
      assert.equal(await write(), true);
    }
  });
});
