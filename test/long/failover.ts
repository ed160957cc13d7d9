import { test } from 'node:test';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { seedOfRun } from '../lib/random.ts';
import { PostgresPair } from '../lib/servers/postgres-pair.ts';
import { failOver } from '../stores/lib/failover.ts';

const rounds = 4;
const programs = postgres();

test(`${rounds} times a PostgreSQL under load fails over, and the old primary comes back: nothing acknowledged is lost`, {
  skip: 'missing' in programs && programs.missing,
}, async (t) => {
  if ('missing' in programs) return;
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const { found } = programs;
  const start = () => PostgresPair.start(found);
  for (let round = 0; round < rounds; round += 1) {
    await failOver(start, 'holdfast.', seed + round * 10, (text) => t.diagnostic(`round ${round}: ${text}`));
  }
});
