import assert from 'node:assert/strict';
import { it } from 'node:test';
import { aBeat, aDefinition, aProgress, create } from '../../../packages/server/src/store/contract/fixtures.ts';
import { until } from '../../lib/until.ts';
import type { StoreKind } from './kinds.ts';
import { Scene } from './scene.ts';

const pageRows = 500;

export interface Shared {
  /** How many each node has called for. */
  readonly shares: readonly number[];
  /** From when they were due until the last had ended. */
  readonly tookMs: number;
}

/** Lets `count` transactions come due at one moment, `afterMs` from now, and waits until all have ended. */
export async function shareBacklog(scene: Scene, count: number, afterMs: number): Promise<Shared> {
  const { cluster, service, fixture } = scene;
  let dueAtMs = 0;
  const store = fixture.store({ connections: 4 });
  await store.open();
  try {
    const { clockMs } = await store.heartbeat(aBeat('loader', { isDraining: true }));
    await store.retire('loader');
    const dueMs = clockMs + afterMs;
    dueAtMs = performance.now() + afterMs;
    for (let from = 0; from < count; from += pageRows) {
      const page = Array.from({ length: Math.min(pageRows, count - from) }, (_, index) => {
        const gid = `backlog-${from + index}`;
        const step = { branchId: '01', action: 'svc://bank/backlog', compensate: '', payload: '{}' };
        const definition = aDefinition(gid, { steps: [step], createdMs: clockMs });
        const times = { dueMs, submittedMs: clockMs, updatedMs: clockMs };
        return create(gid, { definition, progress: aProgress('submitted', { operations: 'pp', ...times }) });
      });
      assert.deepEqual(new Set(await store.commit(page)), new Set(['done']));
    }
    assert.equal(service.calls('/backlog').length, 0, 'all is stored before it is due');
  } finally {
    await store.close();
  }
  // Not counted by what the nodes tell: the answer to the write that ended one may have been lost.
  const isOver = async () => {
    const left = (await cluster.node(0).read('/api/v1/transactions?status=submitted&limit=1')) as {
      transactions: object[];
    };
    return left.transactions.length === 0;
  };
  await until('all have ended', isOver, afterMs + 30_000 + count * 10);
  const calls = service.calls('/backlog');
  const shares = cluster.nodes.map(({ name }) => calls.filter(({ by }) => by === name).length);
  return { shares, tookMs: Math.round(performance.now() - dueAtMs) };
}

const count = 4500;
/** All of it is stored by then. */
const afterMs = 8000;
/** Five hundred a second for each coordinator: what each can do is bound by this, and not by a busy machine. */
const workMs = 100;
const active = { HOLDFAST_ACTIVE_MAX_ACTIVE: '50', HOLDFAST_ACTIVE_CLAIM_ROWS: '20' };

/** What comes due at one moment is shared. One has a start of about a second: the others look once they could have heard of its claim. */
export function testBacklog(kind: StoreKind): void {
  const options = { skip: kind.missing ?? false, timeout: 120_000 + count * 20 };
  it(
    `three coordinators on one ${kind.name}: of ${count} that come due at once none takes over 1.5 times its share`,
    options,
    async (t) => {
      const scene = await Scene.start(kind, 3, () => active);
      try {
        scene.service.takes('/backlog', workMs);
        const { shares, tookMs } = await shareBacklog(scene, count, afterMs);
        t.diagnostic(`shares: ${shares.join(', ')}, in ${tookMs} ms`);
        // On a busy machine one may take over from another that has lost its lease, and calls again.
        assert.ok(scene.service.calls('/backlog').length >= count);
        assert.ok(Math.max(...shares) <= (1.5 * count) / 3, shares.join(', '));
        assert.deepEqual(await scene.fixture.leftovers(), { unfinished: 0, owners: 0 });
      } finally {
        await scene.stop();
      }
    },
  );
}
