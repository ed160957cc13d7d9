/** How versions of Holdfast follow each other on the tables of MariaDB, and of MySQL 8.0. */
import { after, before } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { migrations } from '../../packages/server/src/store/mysql/migrations.ts';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { describeWith } from '../interop/lib/with-toolchains.ts';
import { nextOfMySql } from '../lib/next-migration.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { type MigrationBed, migrationCases } from './lib/migration-cases.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

function testOn(start: () => Promise<PrivateServer>, client: string): void {
  let fixture: MySqlFixture;
  before(async () => {
    fixture = await MySqlFixture.on(await start());
  });
  after(() => fixture.stop());

  const bed = (): MigrationBed => ({
    kind: 'mysql',
    url: fixture.url,
    migrations,
    storeOf: (name, { user = 'root', ...program } = {}) => {
      const url = fixture.urlAt(fixture.server.port, user);
      return new MySqlStore({ ...fixture.settings({ url, prefix: `${name}_` }), ...program });
    },
    table: (name, table) => `kept.${name}_${table}`,
    sql: (statements) => fixture.server.sql(statements),
    clientCommand: () => {
      const place = ['--host=127.0.0.1', `--port=${fixture.server.port}`, '--user=root', 'kept'];
      return { program: client, args: ['--no-defaults', '--batch', ...place] };
    },
    letIn: async (user) => {
      await fixture.server.sql(`create user if not exists ${user}@localhost`);
      await fixture.server.sql(`grant select, insert, update, delete, execute on kept.* to ${user}@localhost`);
    },
    holdOpen: async (statement) => {
      const holder = await createConnection({ host: '127.0.0.1', port: fixture.server.port, user: 'root' });
      await holder.query('start transaction');
      await holder.query(statement);
      return async () => {
        await holder.query('commit');
        await holder.end();
      };
    },
    next: nextOfMySql,
    hasIndex: async (name) => {
      const [rows] = await fixture.client.query(`show index from ${name}_transactions where key_name = 'updated'`);
      return (rows as unknown[]).length > 0;
    },
    sleep: (seconds) => `do sleep(${seconds})`,
  });
  migrationCases(bed);
}

describeWith(
  'migrations on MariaDB',
  { programs: mariaDb() },
  ({ programs }) => testOn(() => startMariaDb(programs, { settings: mySqlSettings }), programs.client),
  1,
);
describeWith(
  'migrations on MySQL 8.0',
  { programs: mySql() },
  ({ programs }) => testOn(() => startMySql(programs, { settings: mySqlSettings }), programs.client),
  1,
);
