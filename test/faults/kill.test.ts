import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';
import { distribution, percentile } from '../lib/figures.ts';
import { KillTrial } from '../lib/kill-trial.ts';
import { type Moment, randomMoment } from '../lib/moment.ts';
import { seedOfRun } from '../lib/random.ts';
import { settleAndAudit } from '../lib/settle.ts';

/** How often the coordinator is killed; more for a soak. */
const rounds = Number(process.env['HOLDFAST_TEST_ROUNDS'] ?? 24);

it(`survives ${rounds} times kill -9 under load`, { timeout: 120_000 + rounds * 20_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const coordinator = await startCoordinator();
  const trial = new KillTrial(coordinator, seed, 10_000);
  const { load, participant, random, resumption } = trial;
  const moments: Moment[] = [];
  await participant.start();
  try {
    load.start();
    // The first life is over before it had anything to do; its folder and port are those of all that follow.
    await coordinator.kill();
    for (let round = 0; round < rounds; round += 1) {
      const moment = randomMoment(random, round);
      moments.push(moment);
      await trial.live(moment);
    }
    await trial.lastLife();
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 60_000);
    const counts = (['start-up', 'recovery', 'load', 'operation'] as const).map(
      (at) => `${at} ${moments.filter((moment) => moment.at === at).length}`,
    );
    t.diagnostic(`killed ${rounds} times (${counts.join(', ')})`);
    t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
    t.diagnostic(`${participant.callCount} branch calls, ${trial.probe.count} probed for decide-then-act`);
    t.diagnostic(`resumed after ready: ${distribution(resumption.delaysMs)}`);
    t.diagnostic(`resumed after the kill, the start included: ${distribution(resumption.sinceKillMs)}`);
    assert.deepEqual([...wrong, ...trial.probe.undecided].slice(0, 20), []);
    assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
    assert.ok(load.notes.length > rounds * 10, 'there was hardly any load');
    assert.ok(resumption.delaysMs.length > rounds, 'hardly anything was in flight when it was killed');
    // On a machine that does nothing else it is within a second; what waited for its interval would take ten.
    assert.ok(percentile(resumption.delaysMs, 1) < 5000, 'what was in flight resumes at once');
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-8000));
    throw error;
  } finally {
    await coordinator.stop();
    await load.abandon();
    trial.http.close();
    await participant.stop();
  }
});
