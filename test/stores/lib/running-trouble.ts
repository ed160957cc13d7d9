import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';

/** Something that befalls a running database, and passes. */
export interface Trouble {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** How long each of them lasts at least, seen from the coordinator. */
const refusalsOfEach = 5;

/**
 * One trouble after the other under load of all patterns: requests get 503 with `Retry-After` meanwhile, nothing acknowledged
 * is lost, and it is served again by itself. The log has some lines for each, not one for each request.
 */
export async function testRunningTrouble(
  t: TestContext,
  database: { readonly url: string; readonly server: PrivateServer },
  troubles: readonly Trouble[],
): Promise<void> {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: database.url } });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const load = new Load({ http, participant, random: new Random(seed), clients: 16, gidPrefix: `trouble-${seed}-` });
  let probes = 0;
  const probe = () => {
    probes += 1;
    const gid = `probe-${seed}-${probes}`;
    return http.post('/api/dtmsvr/submit', {
      gid,
      trans_type: 'saga',
      steps: [{ action: `${participant.url}/action` }],
      payloads: [''],
    });
  };
  try {
    load.gate.open();
    load.start();
    for (const { name, begin, end } of troubles) {
      const before = load.client.acknowledged;
      await until('there is load', () => load.client.acknowledged > before + 50, 60_000);
      const linesBefore = linesOf(coordinator.logs);
      await begin();
      await until(
        `${name}: it says that it is not ready`,
        async () => (await http.get('/readyz')).status === 503,
        60_000,
      );
      for (let refused = 0; refused < refusalsOfEach; ) {
        const { status, retryAfter } = await probe();
        if (status !== 503) continue;
        assert.ok(retryAfter !== undefined, `${name}: it says when to come again`);
        refused += 1;
      }
      await end();
      const endedMs = performance.now();
      await until(`${name}: it is served again`, async () => (await probe()).status === 200, 60_000);
      t.diagnostic(`${name}: served ${Math.round(performance.now() - endedMs)} ms after its end`);
      await until(`${name}: it is ready again`, async () => (await http.get('/readyz')).status === 200, 60_000);
      const lines = linesOf(coordinator.logs) - linesBefore;
      assert.ok(lines < 40, `${name}: ${lines} lines of log`);
    }
    await load.stop();
    assert.deepEqual((await settleAndAudit(load, participant, 60_000)).slice(0, 20), []);
    assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
    t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-6000));
    throw error;
  } finally {
    database.server.resume();
    await coordinator.stop();
    await load.abandon();
    http.close();
    await participant.stop();
  }
}

const linesOf = (text: string) => text.split('\n').length;
