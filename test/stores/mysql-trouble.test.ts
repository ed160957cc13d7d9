/** What a store on MariaDB says of a server that it cannot or must not use. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { MySqlSettings } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { until } from '../lib/until.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

describeWith(
  'mysql on a server with something wrong',
  { programs: mariaDb() },
  ({ programs }) => {
    let fixture: MySqlFixture;
    before(async () => {
      fixture = await MySqlFixture.on(await startMariaDb(programs, { settings: mySqlSettings }));
    });
    after(() => fixture.stop());

    const refuses = async (code: string, message: RegExp, more: Partial<MySqlSettings> = {}) => {
      const store = new MySqlStore(fixture.settings(more));
      try {
        await assert.rejects(store.open(), { code, message });
      } finally {
        await store.close();
      }
    };
    const as = (user: string, database = 'kept') => ({
      url: `mysql://${user}@127.0.0.1:${fixture.server.port}/${database}`,
    });
    const withGlobal = async (name: string, value: string, run: () => Promise<void>) => {
      const [[before] = []] = (await fixture.server.sql(`select @@global.${name}`)) ?? [];
      await fixture.server.sql(`set global ${name} = ${value}`);
      try {
        await run();
      } finally {
        await fixture.server.sql(`set global ${name} = ${/^\d+$/.test(before ?? '') ? before : `'${before}'`}`);
      }
    };

    it('it would lose what it has acknowledged', () =>
      withGlobal('innodb_flush_log_at_trx_commit', '2', () =>
        refuses('unsafe', /innodb_flush_log_at_trx_commit = 2 .*: set it to 1$/),
      ));

    it('its packets are too small', () =>
      withGlobal('max_allowed_packet', '16777216', () => refuses('unsafe', /16777216 .*max_allowed_packet to 64M$/)));

    it('it only reads', () => withGlobal('read_only', '1', () => refuses('not-done', /: it only reads$/)));

    it('what could not be opened is opened once it can be', async () => {
      const store = new MySqlStore(fixture.settings({ ...as('later'), prefix: 'later_' }));
      await assert.rejects(store.open(), { code: 'not-done' });
      await store.close();
      await fixture.server.sql('create user later@localhost');
      await fixture.server.sql('grant all on *.* to later@localhost');
      const opens = () =>
        store.open().then(
          () => true,
          () => false,
        );
      try {
        await until('it opens', opens);
        await store.ping();
      } finally {
        await store.close();
      }
    });

    it('nobody answers there', () =>
      refuses('not-done', /^127\.0\.0\.1:1: no connection was made: connect ECONNREFUSED/, {
        url: 'mysql://root@127.0.0.1:1/kept',
      }));

    it('no such database, no such user, a wrong password; the password is not repeated', async () => {
      await refuses('not-done', /MySQL 1049: there is no such database .*store\.url$/, as('root', 'nowhere'));
      await fixture.server.sql("create user known@localhost identified by 'right'");
      await refuses('not-done', /^(?!.*secret)127.*MySQL 1045: the user or the password is wrong /, as('known:secret'));
      await refuses('not-done', /MySQL 1045/, as('unknown'));
    });

    it('a user without the right to create: told what to grant; enough where all is there', async () => {
      await fixture.server.sql(
        'create user reader@localhost; grant select, insert, update, delete on kept.* to reader@localhost',
      );
      await refuses('not-done', /MySQL 1142: this user has no right .*: grant the user all rights/, as('reader'));
      const owner = new MySqlStore(fixture.settings());
      await owner.open();
      await owner.close();
      await fixture.server.sql('grant execute on kept.* to reader@localhost');
      const reader = new MySqlStore(fixture.settings(as('reader')));
      await reader.open();
      await reader.ping();
      await reader.close();
    });
  },
  1,
);
