import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepFigures } from '../lib/cluster-figures.ts';
import { distribution, percentile } from '../lib/figures.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { kindOfRun } from '../stores/lib/kinds.ts';
import { Scene } from '../stores/lib/scene.ts';
import { killOwners } from '../stores/lib/takeover.ts';

const kills = 20;
/** Of each node that is killed so many transactions have a call out. */
const calledEach = 20;

const kind = kindOfRun();

test(`${kind.name}: after ${kills} times kill -9 others call again within 7 s, in the median under 6 s`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const scene = await Scene.start(kind, 3);
  try {
    const delays = (await killOwners(scene, new Random(seed), kills, calledEach)).flat();
    t.diagnostic(distribution(delays));
    const [medianMs, mostMs] = [0.5, 1].map((of) => Math.round(percentile(delays, of)));
    keepFigures(kind.name, 'takeover', { kills, transactions: delays.length, medianMs, mostMs });
    assert.ok(Math.max(...delays) < 7000);
    assert.ok(percentile(delays, 0.5) < 6000);
    assert.deepEqual(await scene.fixture.leftovers(), { unfinished: 0, owners: 0 });
  } finally {
    await scene.stop();
  }
});
