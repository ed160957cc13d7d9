import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';
import { testServerKills } from './lib/server-kills.ts';

testServerKills('MySQL 8.0', mySql(), async (programs) =>
  MySqlFixture.on(await startMySql(programs, { settings: mySqlSettings })),
);
