import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../../test/lib/until.ts';
import { loadSettings } from '../config/load.ts';
import { serve } from '../main.ts';
import type { Log } from '../observe/log.ts';
import { ForgetfulStore } from './forgetful-store.ts';
import { warmUp } from './warm-up.ts';

const flags = { 'http.port': '0', 'grpc.serve': 'off', 'shutdown.drainMs': '0' };
const settings = loadSettings({ flags });
const limits = { transactions: 9, inFlight: 3, limitMs: 60_000 };
const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;

test('it runs transactions of all kinds, and leaves nothing open', async () => {
  assert.equal(await warmUp(settings, () => true, limits), limits.transactions);
  await until('all is closed', () => sockets() === 0);
});

test('it ends where there is work', async () => {
  let asked = 0;
  assert.equal(await warmUp(settings, () => ++asked <= 4, limits), 4);
});

test('it ends where it takes too long, and leaves nothing open', async () => {
  await assert.rejects(
    warmUp(settings, () => true, { ...limits, limitMs: 0 }),
    { name: 'AbortError' },
  );
  await until('all is closed', () => sockets() === 0);
});

for (const [name, special, line] of [
  ['a warm-up is neither stored nor counted nor logged', {}, 'warmed up'],
  [
    'a warm-up that fails keeps nobody from being served',
    { 'active.maxActive': '1' },
    'not warmed up: the first requests take longer',
  ],
] as const) {
  test(name, async () => {
    const store = new WatchedStore();
    const { promise: warmed, resolve } = Promise.withResolvers<string>();
    const lines: string[] = [];
    const note = (message: string) => void lines.push(message);
    const log: Log = { isDebug: false, debug: resolve, info: note, warn: note, error: note, lostLines: 0 };
    const fatal = (error: unknown) => assert.fail(String(error));
    const options = { log, fatal, say: () => undefined, store, warmsUp: true };
    const running = await serve(loadSettings({ flags: { ...flags, ...special } }), options);
    try {
      assert.equal(await warmed, line);
      const metrics = await (await fetch(`${running.url}/metrics`)).text();
      const counted = metrics.split('\n').filter((row) => /^(dtm_|holdfast_transactions_).* [1-9]/.test(row));
      assert.deepEqual(counted, []);
      assert.equal(store.commits, 0);
      assert.deepEqual(lines, ['serving']);
      assert.equal((await fetch(`${running.url}/readyz`)).status, 200);
    } finally {
      await running.stop();
    }
  });
}

/** Of the coordinator that serves. */
class WatchedStore extends ForgetfulStore {
  commits = 0;

  override async commit(batch: Parameters<ForgetfulStore['commit']>[0]): Promise<readonly 'done'[]> {
    this.commits += batch.length;
    return batch.map(() => 'done');
  }
}
