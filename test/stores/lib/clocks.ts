import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { StoreKind } from './kinds.ts';
import { Scene } from './scene.ts';

const hourMs = 3_600_000;
const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** Coordinators whose machines disagree about the time. */
export function testClocks(kind: StoreKind): void {
  const missing = existsSync(library) ? kind.missing : 'faketime is not installed (Debian: apt-get install faketime)';
  describe(`two coordinators on one ${kind.name}, one of them an hour ahead`, { skip: missing ?? false }, () => {
    it('nothing fires early, and what is due fires, whichever was asked', async () => {
      const ahead = { LD_PRELOAD: library, FAKETIME: '+1h', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
      const scene = await Scene.start(kind, 2, (name) => (name === 'node-1' ? ahead : {}));
      const { cluster, service } = scene;
      try {
        const url = (gid: string, what: string) => `${service.url}/${gid}/${what}`;
        const message = (gid: string, delay: number) => ({
          gid,
          trans_type: 'msg',
          custom_data: JSON.stringify({ delay }),
          steps: [{ action: url(gid, 'out') }],
          payloads: ['1'],
        });
        for (const [index, node] of cluster.nodes.entries()) {
          const clock = (await node.read('/api/v1/clock')) as { machineAheadMs: number };
          const isAhead = Math.abs(clock.machineAheadMs - index * hourMs) < 60_000;
          assert.ok(isAhead, `${node.name} is ${clock.machineAheadMs} ms ahead`);
          // What would be due long ago by the clock that is ahead, and what is due soon.
          for (const [name, timeout] of [
            ['late', 600],
            ['soon', 2],
          ] as const) {
            const gid = `${name}-${index}`;
            await scene.does(node, 'prepare', { gid: `tcc-${gid}`, trans_type: 'tcc', timeout_to_fail: timeout });
            await scene.does(node, 'submit', message(`msg-${gid}`, timeout));
            service.release(`/saga-${gid}/0`, 425);
            await scene.does(
              node,
              'submit',
              scene.saga(`saga-${gid}`, 1, { retry_interval: 600, timeout_to_fail: timeout }),
            );
            service.release(`/retry-${gid}/0`, 425);
            await scene.does(node, 'submit', scene.saga(`retry-${gid}`, 1, { retry_interval: timeout }));
          }
        }
        for (const [index, node] of cluster.nodes.entries()) {
          await scene.untilStatus(node, `tcc-soon-${index}`, 'failed');
          await scene.untilStatus(node, `msg-soon-${index}`, 'succeed');
          await scene.untilStatus(node, `saga-soon-${index}`, 'failed');
          await scene.untilCalled(`/retry-soon-${index}/0`, 2);
        }
        // Both have claimed what was due by then.
        for (const [index, node] of cluster.nodes.entries()) {
          assert.equal(await scene.statusOf(node, `tcc-late-${index}`), 'prepared');
          assert.equal(service.calls(`/msg-late-${index}/out`).length, 0);
          assert.equal(await scene.statusOf(node, `saga-late-${index}`), 'submitted');
          assert.equal(service.calls(`/retry-late-${index}/0`).length, 1);
          const shown = (await node.read(`/api/v1/transactions/tcc-late-${index}`)) as {
            createdAt: string;
            dueAt: string;
          };
          const ageMs = Date.now() - Date.parse(shown.createdAt);
          assert.ok(ageMs >= -1000 && ageMs < 60_000, `created at ${shown.createdAt} by ${node.name}`);
          assert.equal(Date.parse(shown.dueAt) - Date.parse(shown.createdAt), 600_000);
          const nodes = await node.nodes();
          assert.deepEqual([nodes.length, nodes.filter(({ isDead }) => isDead).length], [2, 0], 'both live');
        }
      } finally {
        await scene.stop();
      }
    });
  });
}
