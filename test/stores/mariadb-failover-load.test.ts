import { it } from 'node:test';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { seedOfRun } from '../lib/random.ts';
import { MariaDbPair } from '../lib/servers/mariadb-pair.ts';
import { failOver } from './lib/failover.ts';
import { mySqlSettings } from './lib/mysql-fixture.ts';

const programs = mariaDb();
const options = { skip: 'missing' in programs && programs.missing, timeout: 300_000 };

it(
  'a MariaDB with a semi-synchronous replica fails over under load, and the old primary comes back: nothing acknowledged is lost',
  options,
  async (t) => {
    if ('missing' in programs) return;
    const seed = seedOfRun();
    t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
    const { found } = programs;
    const start = () => MariaDbPair.startSemiSync(found, mySqlSettings);
    await failOver(start, 'kept.holdfast_', seed, (text) => t.diagnostic(text));
  },
);
