import { it } from 'node:test';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { seedOfRun } from '../lib/random.ts';
import { PostgresPair } from '../lib/servers/postgres-pair.ts';
import { failOver } from './lib/failover.ts';

const programs = postgres();
const options = { skip: 'missing' in programs && programs.missing, timeout: 300_000 };

it(
  'a PostgreSQL under load fails over, and the old primary comes back: nothing acknowledged is lost',
  options,
  async (t) => {
    if ('missing' in programs) return;
    const seed = seedOfRun();
    t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
    const { found } = programs;
    await failOver(
      () => PostgresPair.start(found),
      'holdfast.',
      seed,
      (text) => t.diagnostic(text),
    );
  },
);
