import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distribution } from '../../lib/figures.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { until } from '../../lib/until.ts';
import type { StoreKind } from './kinds.ts';
import { Scene } from './scene.ts';

/** A takeover earlier than this would be one from an owner that lives: its last heartbeat is not older than a second or so. */
const leastMs = 3000;

/**
 * Kills coordinators by -9 in turn, each with calls out, at some moment between two of its heartbeats.
 * @returns by kill: how long after its end the others called again what it had called, in ms
 */
export async function killOwners(scene: Scene, random: Random, kills: number, each: number): Promise<number[][]> {
  const { cluster, service } = scene;
  const delays: number[][] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const [victim, other] = [cluster.node(kill), cluster.node(kill + 1)];
    const gids = Array.from({ length: each }, (_, index) => `kill-${kill}-${index}`);
    await Promise.all(gids.map((gid) => scene.running(victim, gid)));
    // Not a wait for something to happen: this is the fault, and its moment is a time.
    await new Promise((resolve) => setTimeout(resolve, random.whole(0, 1000)));
    await victim.coordinator.kill();
    const killedMs = performance.now();
    await Promise.all(gids.map((gid) => scene.untilCalled(`/${gid}/0`, 2)));
    delays.push(gids.map((gid) => (service.calls(`/${gid}/0`)[1]?.arrivedMs ?? 0) - killedMs));
    for (const gid of gids) service.release(`/${gid}/0`);
    for (const gid of gids) await scene.untilStatus(other, gid, 'succeed');
    await victim.coordinator.start();
    await cluster.untilAllKnown();
  }
  return delays;
}

/** What others do about an owner that dies, and about one that only seemed to. */
export function testTakeover(kind: StoreKind, kills: number): void {
  const options = { skip: kind.missing ?? false, timeout: 300_000 };
  describe(`three coordinators on one ${kind.name}: takeover`, options, () => {
    it(`after kill -9 others call again what was called, ${kills} times`, async (t) => {
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      const scene = await Scene.start(kind, 3);
      try {
        const delays = (await killOwners(scene, new Random(seed), kills, 20)).flat();
        t.diagnostic(`called again after ${distribution(delays)}`);
        // On a busy machine it takes longer. `npm run test:all -- takeover` measures it.
        for (const delayMs of delays) assert.ok(delayMs > leastMs && delayMs < 20_000, `${delayMs} ms`);
        assert.deepEqual(await scene.fixture.leftovers(), { unfinished: 0, owners: 0 });
      } finally {
        await scene.stop();
      }
    });

    it('who stands still past its lease and goes on sends nothing of what others have taken over', async () => {
      // Four calls of each go out, and all others wait for their turn.
      const scene = await Scene.start(kind, 3, () => ({
        HOLDFAST_DESTINATIONS_ORIGIN_IN_FLIGHT: '4',
        HOLDFAST_DESTINATIONS_LONG_CALL_PERCENT: '100',
      }));
      const { cluster, service, owner } = scene;
      try {
        const gids = Array.from({ length: 30 }, (_, index) => `frozen-${index}`);
        for (const gid of gids) service.hold(`/${gid}/0`);
        await Promise.all(gids.map((gid) => scene.does(owner, 'submit', scene.saga(gid, 3))));
        const callsBy = (name: string) => service.all.filter(({ by }) => by === name).length;
        await until('its places are taken', () => callsBy(owner.name) === 4);
        const [before] = (await owner.nodes()).filter(({ isThis }) => isThis);
        process.kill(owner.coordinator.pid, 'SIGSTOP');
        await until('the others call', () => callsBy('node-1') + callsBy('node-2') >= 4);
        for (const gid of gids) service.release(`/${gid}/0`);
        for (const gid of gids) await scene.untilStatus(cluster.node(1), gid, 'succeed');
        const calls = service.all.length;
        process.kill(owner.coordinator.pid, 'SIGCONT');
        // It has four answers to hear, places that are free, and 26 calls that wait for them.
        await until('it serves again', async () => {
          const { status } = await owner.ask('submit', scene.saga('thawed', 1, { wait_result: true }));
          return status === 200;
        });
        assert.equal(callsBy(owner.name), 5, 'it has called for the new one alone');
        assert.equal(service.all.length, calls + 1);
        const [after] = (await owner.nodes()).filter(({ isThis }) => isThis);
        assert.notEqual(after?.id, before?.id, 'it goes on as somebody else');
        for (const gid of gids) assert.equal(await scene.statusOf(owner, gid), 'succeed');
        await until('nothing is left', async () => {
          const { unfinished, owners } = await scene.fixture.leftovers();
          return unfinished === 0 && owners === 0;
        });
      } finally {
        await scene.stop();
      }
    });
  });
}
