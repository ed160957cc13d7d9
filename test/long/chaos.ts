import { test } from 'node:test';
import { keepFigures } from '../lib/cluster-figures.ts';
import { seedOfRun } from '../lib/random.ts';
import { rage } from '../stores/lib/chaos.ts';
import { kindOfRun } from '../stores/lib/kinds.ts';

const seconds = 120;
const clients = 24;

const kind = kindOfRun();

test(`${kind.name}: ${seconds} s of kills, stops and restarts under load: every promise is kept`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const say = (text: string) => t.diagnostic(text);
  const figures = await rage(kind, { seed, seconds, clients, machine: 'quiet', say });
  keepFigures(kind.name, 'chaos', figures);
});
