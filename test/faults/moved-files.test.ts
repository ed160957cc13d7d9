import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

/** What people and tools do to the files of a coordinator that runs. */
const kinds: Readonly<Record<string, { change: (data: string) => void; told: RegExp }>> = {
  'the folder is deleted': {
    change: (data) => rmSync(data, { recursive: true }),
    told: /holdfast\.db is gone/,
  },
  'the folder is moved': {
    change: (data) => renameSync(data, `${data}-moved`),
    told: /holdfast\.db is gone/,
  },
  'the database is replaced by a copy': {
    change: (data) => {
      copyFileSync(join(data, 'holdfast.db'), join(data, 'copy'));
      renameSync(join(data, 'copy'), join(data, 'holdfast.db'));
    },
    told: /holdfast\.db is not the file that is open/,
  },
  'the WAL is deleted': {
    change: (data) => rmSync(join(data, 'holdfast.db-wal')),
    told: /holdfast\.db-wal is gone/,
  },
  'the lock is deleted': {
    change: (data) => rmSync(join(data, 'holdfast.lock')),
    told: /holdfast\.lock is gone/,
  },
};

async function submit({ url }: Coordinator): Promise<number> {
  try {
    const response = await fetch(`${url}/api/dtmsvr/prepare`, {
      method: 'POST',
      body: JSON.stringify({ gid: crypto.randomUUID(), trans_type: 'tcc' }),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    // It has ended.
    return 0;
  }
}

for (const [kind, { change, told }] of Object.entries(kinds)) {
  test(`${kind} under a coordinator that runs: not ready, nothing more is acknowledged, exit code 1`, async () => {
    const coordinator = await startCoordinator();
    try {
      const data = join(coordinator.folder, 'data');
      assert.equal(await submit(coordinator), 200);
      change(data);
      const statuses: number[] = [];
      await until('it ends', async () => {
        statuses.push(await submit(coordinator));
        return statuses.at(-1) === 0;
      });
      const refused = statuses.findIndex((status) => status !== 200);
      assert.ok(!statuses.slice(refused).includes(200), `acknowledged after a refusal: ${statuses.join(' ')}`);
      assert.deepEqual(await coordinator.ended(), { code: 1, signal: null });
      assert.match(coordinator.logs, told);
      assert.equal(existsSync(data), !kind.startsWith('the folder'), 'nothing was made in its place');
    } finally {
      await coordinator.stop();
    }
  });
}

test('a second coordinator that starts beside an idle one, whose lock was deleted, ends the first', async () => {
  const first = await startCoordinator();
  const data = join(first.folder, 'data');
  rmSync(join(data, 'holdfast.lock'));
  const second = await startCoordinator({ settings: { HOLDFAST_DATA_DIR: data } });
  try {
    assert.deepEqual(await first.ended(), { code: 1, signal: null });
    assert.match(first.logs, /holdfast\.lock is (gone|not the file that is open)/);
    assert.equal(await submit(second), 200);
  } finally {
    await second.stop();
    await first.stop();
  }
});
