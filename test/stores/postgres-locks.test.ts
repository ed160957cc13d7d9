/** Locks on PostgreSQL: what somebody else holds keeps one row waiting. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import {
  aBeat,
  aBranch,
  append,
  claim,
  create,
  gidsOf,
  numbers,
  put,
  update,
} from '../../packages/server/src/store/contract/fixtures.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

describe('locks on PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  let store: PostgresStore;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found);
    store = new PostgresStore(fixture.settings());
    await store.open();
  });
  after(async () => {
    await store.close();
    await fixture.stop();
  });

  /** A transaction of somebody else, with this statement done. */
  async function holding(statement: string): Promise<() => Promise<void>> {
    const client = new pg.Client(fixture.url);
    await client.connect();
    await client.query(`begin; ${statement}`);
    return () => client.end();
  }

  it('a row that somebody has locked is stuck; the others of its batch are done', async () => {
    const gids = numbers(64).map((index) => `locked-${index}`);
    await put(store, ...gids.map((gid) => create(gid)));
    const release = await holding("select 1 from holdfast.transactions where gid = 'locked-7' for update");
    const batch = gids.map((gid) => update(gid));
    const results = await store.commit(batch);
    for (const [index, result] of results.entries()) {
      if (index !== 7) assert.equal(result, 'done');
      else assert.match(JSON.stringify(result), /"stuck":"PostgreSQL 55P03: somebody else holds a lock/);
    }
    const [stuck] = await store.commit([append('locked-7', [aBranch('01')])]);
    assert.ok(typeof stuck === 'object', 'a registration waits too');
    await release();
    assert.deepEqual(
      await store.commit(batch),
      gids.map(() => 'done'),
      'also those that were done before',
    );
  });

  it('a gid that somebody else is just creating is stuck, and exists afterwards', async () => {
    const release = await holding(`
      insert into holdfast.transactions (gid, type, status, handed_back, has_incident, version, due_ms, created_ms, updated_ms,
        finished_ms, branch_count, definition_bytes, branches_bytes, checksum, create_token, write_token, incident, reason, progress)
      values ('taken', 'saga', 'submitted', true, false, 1, 0, 0, 0, 0, 0, 0, 0, 0, 't', 't', '', '', '')`);
    const batch = ['one', 'taken', 'two'].map((gid) => create(gid));
    const [one, taken, two] = await store.commit(batch);
    assert.deepEqual([one, typeof taken, two], ['done', 'object', 'done']);
    await release();
    assert.deepEqual(await store.commit(batch), ['done', 'done', 'done']);
  });

  it('many locks, each of them short, do not add up: the batch is divided before its time is over', async () => {
    const gids = numbers(14).map((index) => `short-${String(index).padStart(2, '0')}`);
    await put(store, ...gids.map((gid) => create(gid)));
    const holds = (gid: string) => holding(`select 1 from holdfast.transactions where gid = '${gid}' for update`);
    const releases: (() => Promise<void>)[] = [];
    for (const gid of gids) releases.push(await holds(gid));
    const hasty = new PostgresStore(fixture.settings({ commitMs: 2500 }));
    await hasty.open();
    const committed = hasty.commit(gids.map((gid) => update(gid)));
    // Not a wait for something to happen: this is the fault. Each row is free within the time that one lock is waited for.
    for (const release of releases) {
      await new Promise((resolve) => setTimeout(resolve, 180));
      await release();
    }
    for (const result of await committed) assert.ok(result === 'done' || typeof result === 'object', String(result));
    await hasty.close();
  });

  it('a row of a dead owner that somebody has locked is claimed as soon as the lock is gone', async () => {
    await store.heartbeat(aBeat('living'));
    await put(store, create('left-behind', { owner: 'dead' }));
    const release = await holding("select 1 from holdfast.transactions where gid = 'left-behind' for update");
    assert.deepEqual(gidsOf((await claim(store, 'living')).claimed), []);
    await release();
    await until('it is claimed', async () => gidsOf((await claim(store, 'living')).claimed).includes('left-behind'));
  });

  it('what the server cannot store fails alone, with what the server says', async () => {
    const batch = [create('before'), create('bad', { owner: 'nul \0 in it' }), create('behind')];
    const [one, bad, two] = await store.commit(batch);
    assert.deepEqual([one, two], ['done', 'done']);
    assert.match(JSON.stringify(bad), /"stuck":"PostgreSQL 22021: invalid byte sequence/);
  });
});
