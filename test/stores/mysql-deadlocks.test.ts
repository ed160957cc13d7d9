/** Deadlocks on MariaDB, as the server reports them. */
import { after, before, describe } from 'node:test';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { type Meeting, testMetTransactions } from './lib/met-transactions.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

const programs = mariaDb();

describe('what meets another transaction on MariaDB', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: MySqlFixture;
  let store: MySqlStore;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await MySqlFixture.on(await startMariaDb(programs.found, { settings: mySqlSettings }));
    store = new MySqlStore(fixture.settings());
    await store.open();
    const tables = await fixture.server.sql(
      "select table_name from information_schema.tables where table_schema = 'kept'",
    );
    // MyISAM counts up also what is rolled back.
    await fixture.client.query('create table meets (code int, times int, met int) engine = MyISAM');
    await fixture.client.query('insert into meets values (0, 0, 0)');
    for (const [table = ''] of tables) {
      for (const event of ['insert', 'update', 'delete']) {
        await fixture.client.query(`create trigger ${table}_${event} before ${event} on ${table} for each row
          begin
            declare wanted_code, wanted_times, was_met int;
            update meets set met = met + 1;
            select code, times, met into wanted_code, wanted_times, was_met from meets;
            if was_met <= wanted_times then
              signal sqlstate '40001' set mysql_errno = wanted_code, message_text = 'met by the test';
            end if;
          end`);
      }
    }
  });
  after(async () => {
    await store.close();
    await fixture.stop();
  });

  const meeting: Meeting = {
    // 1020: MariaDB's for a row that has changed since the snapshot.
    codes: ['1213', '1020'],
    meet: async (code, times) => {
      await fixture.client.query('update meets set code = ?, times = ?, met = 0', [Number(code), times]);
    },
    met: async () => Number((await fixture.server.sql('select met from kept.meets'))[0]?.[0]),
  };
  testMetTransactions(() => ({ store, meeting }));
});
