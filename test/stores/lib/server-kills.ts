import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import { startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import type { DatabaseFixture } from './database-fixture.ts';

const rounds = 3;

/** The database server dies under load and comes back. */
export function testServerKills<T>(
  name: string,
  programs: Toolchain<T>,
  start: (programs: T) => Promise<DatabaseFixture>,
): void {
  const options = { skip: 'missing' in programs && programs.missing, timeout: 300_000 };
  it(
    `on ${name}: kill -9 of the server under load, again and again: nothing acknowledged is lost`,
    options,
    async (t) => {
      if ('missing' in programs) return;
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      const fixture = await start(programs.found);
      // It would end the test with the server.
      await fixture.leave();
      const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: fixture.url } });
      const participant = new Participant();
      await participant.start();
      const http = new HttpCaller(coordinator.url);
      const load = new Load({
        http,
        participant,
        random: new Random(seed),
        clients: 32,
        gidPrefix: `restart-${seed}-`,
      });
      try {
        load.gate.open();
        load.start();
        for (let round = 1; round <= rounds; round += 1) {
          await until('there is load', () => load.notes.length > round * 150, 60_000);
          await fixture.server.kill();
          await until('it says that it is not ready', async () => (await http.get('/readyz')).status === 503);
          await fixture.server.restart();
          await until('it is ready again', async () => (await http.get('/readyz')).status === 200, 60_000);
        }
        await load.stop();
        const wrong = await settleAndAudit(load, participant, 60_000);
        t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
        assert.deepEqual(wrong.slice(0, 20), []);
        assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
        const told = coordinator.logs.match(/"msg":"(the store|a periodic task failed)/g)?.length ?? 0;
        assert.ok(told <= 4 * rounds, `${told} lines of log for ${rounds} times that the store went and came back`);
        const lines = coordinator.logs.split('\n').length;
        assert.ok(lines < 200, `${lines} lines of log: one for each request would be thousands`);
      } catch (error) {
        t.diagnostic(coordinator.logs.slice(-8000));
        throw error;
      } finally {
        await coordinator.stop();
        await load.abandon();
        http.close();
        await participant.stop();
        await fixture.server.stop();
      }
    },
  );
}
