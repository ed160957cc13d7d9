import { test } from 'node:test';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { seedOfRun } from '../lib/random.ts';
import { MariaDbPair } from '../lib/servers/mariadb-pair.ts';
import { failOver } from '../stores/lib/failover.ts';
import { mySqlSettings } from '../stores/lib/mysql-fixture.ts';

const rounds = 4;
const programs = mariaDb();

test(`${rounds} times a MariaDB under load fails over, and the old primary comes back: nothing acknowledged is lost`, {
  skip: 'missing' in programs && programs.missing,
}, async (t) => {
  if ('missing' in programs) return;
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const { found } = programs;
  const start = () => MariaDbPair.startSemiSync(found, mySqlSettings);
  for (let round = 0; round < rounds; round += 1) {
    await failOver(start, 'kept.holdfast_', seed + round * 10, (text) => t.diagnostic(`round ${round}: ${text}`));
  }
});
