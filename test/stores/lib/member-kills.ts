import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Load } from '../../lib/load.ts';
import { Participant } from '../../lib/participant.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { settleAndAudit } from '../../lib/settle.ts';
import { until } from '../../lib/until.ts';
import type { GaleraFixture } from './galera-fixture.ts';

/** A coordinator with clients of its own, and the services that they call. */
interface Side {
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly participant: Participant;
  readonly load: Load;
}

/**
 * Three coordinators, each on a member of the cluster of its own, under load of all patterns. Again and again the member
 * that one of them uses is killed by -9; before the next one is, it is back.
 */
export async function testMemberKills(
  t: TestContext,
  fixture: GaleraFixture,
  { rounds, clients }: { readonly rounds: number; readonly clients: number },
): Promise<void> {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const sides: Side[] = [];
  try {
    for (let index = 0; index < fixture.size; index += 1) sides.push(await startSide(fixture, index, seed, clients));
    for (const { load } of sides) {
      load.gate.open();
      load.start();
    }
    const haveDone = (more: readonly number[], from: readonly number[]) =>
      sides.every(({ load }, index) => load.client.acknowledged >= (from[index] ?? 0) + (more[index] ?? 0));
    const acknowledged = () => sides.map(({ load }) => load.client.acknowledged);
    const some = sides.map(() => 100);
    for (let round = 0; round < rounds; round += 1) {
      const before = acknowledged();
      await until('there is load on all', () => haveDone(some, before), 120_000);
      const killed = fixture.member(round);
      await killed.kill();
      const atKill = acknowledged();
      const killedMs = performance.now();
      await until('all are served by the others', () => haveDone(some, atKill), 120_000);
      t.diagnostic(`served again ${Math.round(performance.now() - killedMs)} ms after the kill, and 100 requests each`);
      if (round + 1 < rounds) await killed.restart();
    }
    for (const { load } of sides) await load.stop();
    for (const { coordinator, load, participant } of sides) {
      assert.deepEqual((await settleAndAudit(load, participant, 120_000)).slice(0, 20), []);
      assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
      const lines = coordinator.logs.split('\n').length;
      assert.ok(lines < 100 + 50 * rounds, `${lines} lines of log: one for each request would be thousands`);
      t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
    }
  } catch (error) {
    for (const { coordinator } of sides) t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    for (const { coordinator } of sides) await coordinator.stop();
    for (const { load, http, participant } of sides) {
      await load.abandon();
      http.close();
      await participant.stop();
    }
  }
}

async function startSide(fixture: GaleraFixture, index: number, seed: number, clients: number): Promise<Side> {
  const coordinator = await startCoordinator({
    settings: { HOLDFAST_STORE_URL: fixture.url(index), HOLDFAST_NODE_NAME: `node-${index}` },
  });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const random = new Random(seed + index);
  const load = new Load({ http, participant, random, clients, gidPrefix: `galera-${seed}-${index}-` });
  return { coordinator, http, participant, load };
}
