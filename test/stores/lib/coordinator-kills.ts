import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import { startCoordinator } from '../../lib/coordinator.ts';
import { distribution } from '../../lib/figures.ts';
import { KillTrial } from '../../lib/kill-trial.ts';
import { randomMoment } from '../../lib/moment.ts';
import { seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import type { DatabaseFixture } from './database-fixture.ts';

/** kill -9 of a coordinator whose transactions are in a database: its next life finds them when its last one counts as dead. */
export function testCoordinatorKills<T>(
  name: string,
  programs: Toolchain<T>,
  start: (programs: T) => Promise<DatabaseFixture>,
  usualRounds: number,
): void {
  const rounds = Number(process.env['HOLDFAST_TEST_ROUNDS'] ?? usualRounds);
  const skip = 'missing' in programs && programs.missing;
  const options = { skip, timeout: 120_000 + rounds * 40_000 };
  it(`on ${name}: survives ${rounds} times kill -9 under load`, options, async (t) => {
    if ('missing' in programs) return;
    const seed = seedOfRun();
    t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
    const fixture = await start(programs.found);
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
      assert.deepEqual([...wrong, ...trial.probe.undecided].slice(0, 20), []);
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
}
