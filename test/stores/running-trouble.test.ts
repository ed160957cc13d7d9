/** What befalls a running database: it stands still, takes no connections, only reads. MySQL 8.0 is in the long form. */
import { it } from 'node:test';
import { type Connection, createConnection } from 'mysql2/promise';
import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { until } from '../lib/until.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';
import { type Trouble, testRunningTrouble } from './lib/running-trouble.ts';

const standsStill = (server: PrivateServer): Trouble => ({
  name: 'it stands still',
  begin: async () => server.pause(),
  end: async () => server.resume(),
});

const onPostgres = postgres();
const timeout = 240_000;

it('PostgreSQL has trouble under load', { skip: 'missing' in onPostgres && onPostgres.missing, timeout }, async (t) => {
  if ('missing' in onPostgres) return;
  const fixture = await PostgresFixture.start(onPostgres.found);
  const { client, server } = fixture;
  const told = async (...statements: string[]) => {
    for (const statement of statements) await client.query(statement);
  };
  const reload = 'select pg_reload_conf()';
  const cutAll = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast'";
  try {
    await told('create role app login; grant create on database postgres to app');
    const troubles: Trouble[] = [
      standsStill(server),
      {
        name: 'it takes no connections',
        begin: () => told('alter role app connection limit 0', cutAll),
        end: () => told('alter role app connection limit -1'),
      },
      {
        name: 'it only reads',
        begin: () => told('alter system set default_transaction_read_only = on', reload),
        end: () => told('alter system reset default_transaction_read_only', reload),
      },
    ];
    await testRunningTrouble(t, { url: fixture.url.replace('root@', 'app@'), server }, troubles);
  } finally {
    await fixture.stop();
  }
});

testOn('MariaDB', mariaDb(), (programs) => startMariaDb(programs, { settings: mySqlSettings }));
if (process.env['HOLDFAST_LONG'] === '1')
  testOn('MySQL 8.0', mySql(), (programs) => startMySql(programs, { settings: mySqlSettings }));

function testOn<Programs>(
  name: string,
  programs: Toolchain<Programs>,
  start: (programs: Programs) => Promise<PrivateServer>,
): void {
  it(`${name} has trouble under load`, { skip: 'missing' in programs && programs.missing, timeout }, async (t) => {
    if ('missing' in programs) return;
    const fixture = await MySqlFixture.on(await start(programs.found));
    const { client, server } = fixture;
    const told = async (statement: string) => {
      await client.query(statement);
    };
    const endAll = async (user: string) => {
      const rows = await server.sql(`select id from information_schema.processlist where user = '${user}'`);
      for (const [id = ''] of rows) await told(`kill ${id}`).catch(() => undefined);
    };
    const holders: Connection[] = [];
    const hold = async () => {
      try {
        for (;;) holders.push(await createConnection({ host: '127.0.0.1', port: server.port, user: 'other' }));
      } catch {
        // There are no more.
      }
    };
    try {
      for (const user of ['app', 'other'])
        await told(`create user ${user}@localhost; grant all on kept.* to ${user}@localhost`);
      const troubles: Trouble[] = [
        standsStill(server),
        {
          name: 'it takes no connections',
          begin: async () => {
            await told('set global max_connections = 10');
            await until('others have all connections', async () => {
              await hold();
              await endAll('app');
              return holders.length >= 9;
            });
          },
          end: async () => {
            for (const holder of holders) holder.destroy();
            await told('set global max_connections = 151');
          },
        },
        {
          name: 'it only reads',
          begin: () => told('set global read_only = 1'),
          end: () => told('set global read_only = 0'),
        },
      ];
      await testRunningTrouble(t, { url: fixture.urlAt(server.port, 'app'), server }, troubles);
    } finally {
      for (const holder of holders) holder.destroy();
      await fixture.stop();
    }
  });
}
