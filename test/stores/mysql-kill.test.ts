import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { testCoordinatorKills } from './lib/coordinator-kills.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

testCoordinatorKills(
  'MariaDB',
  mariaDb(),
  async (programs) => MySqlFixture.on(await startMariaDb(programs, { settings: mySqlSettings })),
  2,
);
