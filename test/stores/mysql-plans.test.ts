/** What a store on MariaDB or MySQL reads for each of its operations, counted by the server: never the finished rows. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  aBeat,
  aBranch,
  aProgress,
  append,
  claim,
  create,
  numbers,
  put,
  startMs,
  update,
} from '../../packages/server/src/store/contract/fixtures.ts';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import type { Store } from '../../packages/server/src/store/store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import type { PrivateServer, ServerOptions } from '../lib/servers/private-server.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

/** Rows of a dead owner, rows that are due, and rows that sleep: each many more than one claim takes. */
const crowd = 3000;
const finished = 50_000;
/** What an operation may read: it is asked for ten. */
const mostRead = 200;
/** What is counted is read, once. A list and a purge that have to look at each transaction look at so many at once. */
const mostReadBy: Readonly<Record<string, number>> = {
  counts: 3 * crowd + 100,
  'list of succeeded ones': 500,
  'purge of ten': 2200,
};

const operations: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'claim of a dead owner': (store) => claimTen(store, 'me'),
  'claim of what is due': (store) => claimTen(store, 'dead'),
  heartbeat: (store) => store.heartbeat(aBeat('me')),
  changed: (store) => store.changed(numbers(10).map((index) => ({ gid: `finished-${index}`, version: 7 }))),
  create: (store) => put(store, ...numbers(10).map((index) => create(`new ${index}`, { owner: 'me' }))),
  load: (store) => store.load(numbers(10).map((index) => `new ${index}`)),
  append: (store) => put(store, append('new 1', [aBranch('01')])),
  update: (store) => put(store, update('new 2', { expectOwner: 'me', progress: aProgress('succeed') })),
  'an update that makes an incident': (store) =>
    put(store, update('new 3', { expectOwner: 'me', progress: aProgress('submitted', { incident: 'failing: x' }) })),
  alerts: (store) => store.takeAlerts({ nowMs: startMs, firstRetryMs: 1, longestRetryMs: 2, limit: 10 }),
  'make due': (store) => store.makeDue('sleeps-1', startMs),
  'make many due': (store) => store.makeManyDue(startMs, 10, startMs + 1),
  'list of a gid': (store) => store.list({ gid: 'finished-7', limit: 10 }),
  'list of incidents': (store) => store.list({ hasIncident: true, limit: 10 }),
  'list of failed ones': (store) => store.list({ status: 'failed', limit: 10 }),
  'list of succeeded ones': (store) => store.list({ status: 'succeed', limit: 10 }),
  'purge of nothing': (store) => store.purge(5, 10),
  'purge of ten': async (store) => assert.equal(await store.purge(startMs + 1000, 10), 10),
  owned: (store) => store.owned('left', '', 10),
  counts: (store) => store.counts(startMs),
  'a value is put': (store) => store.putValue('topics', 'a', '[]', 0, startMs),
  values: (store) => store.listValues('topics', '', 10),
  retire: (store) => store.retire('me'),
};

async function claimTen(store: Store, incarnation: string): Promise<void> {
  const { claimed, unreadable = [] } = await claim(store, incarnation, { maxCount: 10 });
  // Copies have another gid than their checksum is of.
  assert.equal(claimed.length + unreadable.length, 10);
}

function testPlans<T>(
  name: string,
  programs: Toolchain<T>,
  start: (programs: T, options: ServerOptions) => Promise<PrivateServer>,
): void {
  describeWith(
    `what mysql on ${name} reads`,
    { programs },
    (found) => {
      let fixture: MySqlFixture;
      let store: MySqlStore;

      /** Rows that the server has read by a scan, or from one row of an index to the next. */
      const readSoFar = async () => {
        const rows = await fixture.server.sql(
          "show global status where variable_name in ('Handler_read_rnd_next', 'Handler_read_next', 'Handler_read_prev')",
        );
        return rows.reduce((sum, [, count]) => sum + Number(count), 0);
      };
      const fill = async (gid: string, name: string, count: number) => {
        const columns = `type, status, owner, handed_back, has_incident, version, due_ms, updated_ms, finished_ms, branch_count,
          definition_bytes, branches_bytes, checksum, definition_checksum, create_token, write_token, incident, reason,
          progress, definition`;
        await fixture.client.query(
          `insert into holdfast_transactions (gid, created_ms, ${columns}) select concat('${name}-', n), created_ms + n, ${columns}
          from json_table(?, '$[*]' columns (n int path '$')) numbers straight_join holdfast_transactions where gid = '${gid}'`,
          [JSON.stringify(numbers(count))],
        );
        await fixture.client.query(`
          insert ignore into holdfast_active (owner, id, due_ms, created_ms, status) select ifnull(owner, ''), id, if(owner is null, due_ms, 0), created_ms, status
          from holdfast_transactions where gid like '${name}-%' and status = 'submitted'`);
      };

      before(async () => {
        fixture = await MySqlFixture.on(await start(found.programs as T, { settings: mySqlSettings }));
        store = new MySqlStore(fixture.settings());
        await store.open();
        const sleeping = aProgress('submitted', { dueMs: startMs + 1000 });
        await put(
          store,
          create('finished', { progress: aProgress('succeed') }),
          create('due', { progress: aProgress('submitted', { dueMs: startMs - 5 }) }),
          create('sleeps', { progress: sleeping }),
          create('left', { owner: 'dead', progress: sleeping }),
        );
        await fill('finished', 'finished', finished);
        for (const name of ['due', 'sleeps', 'left']) await fill(name, name, crowd);
      });
      after(async () => {
        await store.close();
        await fixture.stop();
      });

      for (const [title, run] of Object.entries(operations)) {
        it(title, async () => {
          // What was read to ask, the first time, is read again the second time.
          const [first, second] = [await readSoFar(), await readSoFar()];
          await run(store);
          const read = (await readSoFar()) - second - (second - first);
          assert.ok(read <= (mostReadBy[title] ?? mostRead), `${read} rows were read`);
        });
      }
    },
    1,
  );
}

testPlans('MariaDB', mariaDb(), startMariaDb);
testPlans('MySQL 8.0', mySql(), startMySql);
