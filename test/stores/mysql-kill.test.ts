/** kill -9 of a coordinator whose transactions are in MariaDB: its next life finds them when its last one counts as dead. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { distribution } from '../lib/figures.ts';
import { KillTrial } from '../lib/kill-trial.ts';
import { randomMoment } from '../lib/moment.ts';
import { seedOfRun } from '../lib/random.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { settleAndAudit } from '../lib/settle.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

const rounds = Number(process.env['HOLDFAST_TEST_ROUNDS'] ?? 2);
const programs = mariaDb();
const skip = 'missing' in programs && programs.missing;

it(`on MariaDB: survives ${rounds} times kill -9 under load`, {
  skip,
  timeout: 120_000 + rounds * 40_000,
}, async (t) => {
  if ('missing' in programs) return;
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const fixture = await MySqlFixture.on(await startMariaDb(programs.found, { settings: mySqlSettings }));
  const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: fixture.url } });
  const trial = new KillTrial(coordinator, seed, 20_000);
  const { load, participant, random, resumption } = trial;
  await participant.start();
  try {
    load.start();
    await coordinator.kill();
    for (let round = 0; round < rounds; round += 1) await trial.live(randomMoment(random, round));
    await trial.lastLife();
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 60_000);
    t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
    t.diagnostic(`resumed after the kill, the start included: ${distribution(resumption.sinceKillMs)}`);
    assert.deepEqual([...wrong, ...trial.undecided].slice(0, 20), []);
    assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
    assert.ok(load.notes.length > rounds * 10, 'there was hardly any load');
    const { unfinished, owners } = await fixture.leftovers();
    assert.deepEqual({ unfinished, owners }, { unfinished: 0, owners: 0 });
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-8000));
    throw error;
  } finally {
    await coordinator.stop();
    await load.abandon();
    trial.http.close();
    await participant.stop();
    await fixture.stop();
  }
});
