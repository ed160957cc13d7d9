import assert from 'node:assert/strict';
import { it } from 'node:test';
import { until } from '../../lib/until.ts';
import type { Scene } from './scene.ts';

/** Who is there, and how one of three goes away in order. Node 1 is drained afterwards. */
export function testLeaving(sceneOf: () => Scene): void {
  it('nodes and metrics name each of them', async () => {
    const scene = sceneOf();
    for (const node of scene.cluster.nodes) {
      const nodes = await node.nodes();
      assert.deepEqual(nodes.map(({ name }) => name).sort(), ['node-0', 'node-1', 'node-2']);
      assert.deepEqual(
        nodes.filter(({ isThis }) => isThis).map(({ name }) => name),
        [node.name],
      );
      const { stdout } = await node.coordinator.command('nodes');
      for (const { id, name } of nodes) assert.match(stdout, new RegExp(`^${name} +${id} .*serves`, 'm'));
      const { text } = await node.http.get('/api/metrics');
      assert.match(text, new RegExp(`^holdfast_info\\{.*coordinator="${node.name}".*\\} 1$`, 'm'));
    }
  });

  it('a graceful stop hands over at once', async (t) => {
    const scene = sceneOf();
    const leaving = scene.cluster.node(2);
    const gids = Array.from({ length: 20 }, (_, index) => `left-${index}`);
    for (const gid of gids) scene.service.hold(`/${gid}/0`);
    await Promise.all(gids.map((gid) => scene.does(leaving, 'submit', scene.saga(gid, 2))));
    await Promise.all(gids.map((gid) => scene.untilCalled(`/${gid}/0`)));
    const ended = leaving.coordinator.kill('SIGTERM');
    await until('it says that it stops', async () => {
      return (await scene.owner.nodes()).some(({ name, isDraining }) => name === leaving.name && isDraining);
    });
    const releasedMs = performance.now();
    for (const gid of gids) scene.service.release(`/${gid}/0`);
    await Promise.all(gids.map((gid) => scene.untilCalled(`/${gid}/1`)));
    const tookMs = Math.max(...gids.map((gid) => scene.service.calls(`/${gid}/1`)[0]?.arrivedMs ?? 0)) - releasedMs;
    t.diagnostic(`all were called by others after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < 5000, `${tookMs} ms: as if it had died`);
    assert.deepEqual(await ended, { code: 0, signal: null });
    for (const gid of gids) {
      await scene.untilStatus(scene.owner, gid, 'succeed');
      assert.equal(scene.service.calls(`/${gid}/0`).length, 1, 'nothing was called twice');
    }
    await until('nobody knows it any more', async () => {
      return (await scene.owner.nodes()).every(({ name }) => name !== leaving.name);
    });
    await leaving.coordinator.start();
    await scene.cluster.untilAllKnown();
  });

  it('nodes --drain: the node hands over, takes nothing new, and goes on to say that it lives', async () => {
    const scene = sceneOf();
    const drained = scene.cluster.node(1);
    const gid = 'drained';
    scene.service.hold(`/${gid}/0`);
    await scene.does(drained, 'submit', scene.saga(gid, 2));
    await scene.untilCalled(`/${gid}/0`);
    const id = (await scene.owner.nodes()).find(({ name }) => name === drained.name)?.id ?? '';
    const { stdout } = await scene.owner.coordinator.command('nodes', '--drain', id);
    assert.match(stdout, /takes nothing new/);
    await until('it is not ready', async () => (await drained.http.get('/readyz')).status === 503);
    const refused = await drained.ask('submit', scene.saga('refused'));
    assert.deepEqual([refused.status, refused.retryAfter !== undefined], [503, true], refused.text);
    scene.service.release(`/${gid}/0`);
    await scene.untilStatus(scene.owner, gid, 'succeed');
    assert.equal(scene.service.calls(`/${gid}/0`).length, 1);
    await until('it is shown so', async () => {
      const shown = (await scene.owner.nodes()).find((one) => one.id === id);
      return shown?.isDraining === true && !shown.isDead;
    });
    await scene.does(scene.cluster.node(2), 'submit', scene.saga('elsewhere', 1, { wait_result: true }));
  });
}
