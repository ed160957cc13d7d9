import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CommandError } from 'holdfast/cli/error';
import { loadSettings } from 'holdfast/config/load';
import type { AnyStore } from 'holdfast/create-store';
import { ManualDevelopment } from 'holdfast/dev/development';
import { type ServeOptions, serve } from 'holdfast/main';
import { createLog } from 'holdfast/observe/log';
import { systemRuntime } from 'holdfast/runtime';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { StoreError } from 'holdfast/store/store';

function settingsIn(t: TestContext, more: Record<string, string> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-main-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  return loadSettings({ flags: { 'http.port': '0', 'grpc.port': '0', dataDir, 'shutdown.drainMs': '0', ...more } });
}

/** Collects what is said and logged. */
function options() {
  const said: string[] = [];
  const logged: string[] = [];
  const fatal: unknown[] = [];
  const log = createLog({ level: 'info', isReadable: false }, { write: (line) => logged.push(line) });
  const all: ServeOptions = { log, say: (line) => said.push(line), fatal: (error) => fatal.push(error) };
  return { said, logged, fatal, all };
}

/** A store of which one method is replaced. */
function storeWith(dataDir: string, changes: Partial<AnyStore>): SqliteStore {
  return Object.assign(new SqliteStore({ dataDir }), changes);
}

test('serves in this process, says and logs where, counts in its metrics, and stops once', async (t) => {
  const { said, logged, all } = options();
  const { url, stop } = await serve(settingsIn(t), all);
  assert.ok(said.includes(`  http     ${url}`), said.join('\n'));
  assert.ok(logged.some((line) => JSON.parse(line).url === url));
  const submitted = await fetch(`${url}/api/dtmsvr/submit`, {
    method: 'POST',
    body: JSON.stringify({
      gid: 'a',
      trans_type: 'saga',
      steps: [{ action: '' }],
      payloads: ['{}'],
      wait_result: true,
    }),
  });
  assert.equal(submitted.status, 200);
  const metrics = await (await fetch(`${url}/api/metrics`)).text();
  assert.match(metrics, /^holdfast_transactions_created_total\{type="saga",status="submitted"\} 1$/m);
  assert.match(metrics, /^holdfast_unfinished_transactions\{status="prepared"\} 0$/m);
  assert.equal(stop(), stop());
  await stop();
  await assert.rejects(fetch(`${url}/healthz`));
});

test('a port that cannot be listened on closes the store again, and drives nothing', async (t) => {
  const first = options();
  const { url, stop } = await serve(settingsIn(t), first.all);
  t.after(stop);
  const settings = settingsIn(t, { 'http.port': new URL(url).port });
  const { dataDir } = settings;
  let claims = 0;
  const store = storeWith(dataDir, {
    claim: () => {
      claims += 1;
      return Promise.resolve({ claimed: [], nextDueMs: undefined });
    },
  });
  await assert.rejects(serve(settings, { ...options().all, store }), (error: unknown) => {
    assert.ok(error instanceof CommandError);
    return /cannot listen on .*another process listens there/.test(error.message);
  });
  assert.equal(claims, 0);
  const again = new SqliteStore({ dataDir });
  await again.open();
  await again.close();
});

test('a store that is lost is logged, and the process is told to end; nothing is acknowledged', async (t) => {
  const settings = settingsIn(t);
  const lost = new StoreError('fatal', 'the disk is gone');
  const { all, fatal, logged } = options();
  const store = storeWith(settings.dataDir, { commit: () => Promise.reject(lost) });
  const { url, stop } = await serve(settings, { ...all, store });
  t.after(stop);
  const answer = await fetch(`${url}/api/dtmsvr/prepare`, {
    method: 'POST',
    body: JSON.stringify({ gid: 'a', trans_type: 'tcc' }),
    signal: AbortSignal.timeout(1000),
  }).then(
    ({ status }) => status,
    () => 0,
  );
  assert.notEqual(answer, 200);
  assert.deepEqual(fatal, [lost]);
  assert.ok(logged.some((line) => line.includes('"level":"error"') && line.includes('the disk is gone')));
});

test('under a manual clock the store is tried again in real time, and whoever settles waits for that', async (t) => {
  const settings = { ...settingsIn(t), flushDelayMs: 0 };
  let refusals = 3;
  const refused = () => Promise.reject(new StoreError('not-done', 'busy'));
  const isRefused = () => refusals-- > 0;
  const { commit, claim } = SqliteStore.prototype;
  const store: SqliteStore = storeWith(settings.dataDir, {
    commit: (batch) => (isRefused() ? refused() : commit.call(store, batch)),
    claim: (request) => (isRefused() ? refused() : claim.call(store, request)),
  });
  const development = new ManualDevelopment({ machine: systemRuntime, callWaitMs: 100 });
  const { stop, url } = await serve(settings, { ...options().all, store, development });
  t.after(stop);
  const startMs = development.nowMs;
  await development.settle();
  assert.ok(refusals <= 2, 'a claim was refused, and tried again');
  refusals = 2;
  const body = JSON.stringify({ gid: 'a', trans_type: 'saga', steps: [{ action: '' }], payloads: ['{}'] });
  assert.equal((await fetch(`${url}/api/dtmsvr/submit`, { method: 'POST', body })).status, 200);
  refusals = 2;
  assert.deepEqual(await development.drive('a'), { status: 'succeed', idle: true });
  const prepared = JSON.stringify({ gid: 'b', trans_type: 'tcc' });
  assert.equal((await fetch(`${url}/api/dtmsvr/prepare`, { method: 'POST', body: prepared })).status, 200);
  await development.settle();
  refusals = 1;
  assert.equal((await development.drive('b')).status, 'prepared');
  assert.deepEqual(await development.settle(), { driven: ['b'], idle: true });
  assert.equal(development.nowMs, startMs);
});
