import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingsError } from '../config/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { ManualDevelopment } from '../dev/development.ts';
import { systemRuntime } from '../runtime.ts';
import { isLoopback } from './greeting.ts';
import { serveUntilStopped } from './serve.ts';

/**
 * Serves on a clock that is moved by hand, until a signal asks it to stop; on a temporary folder where none is given.
 * @throws SettingsError where it would be reachable from other machines, or where a database is named: its transactions
 *   have times of the real clock, and other coordinators may drive them
 */
export async function developUntilStopped({ loaded, origins }: LoadedSettings): Promise<void> {
  const hosts = { 'http.host': loaded.http.host, 'grpc.host': loaded.grpc.host || loaded.http.host };
  for (const [name, host] of Object.entries(hosts)) {
    if (isLoopback(host)) continue;
    const text = 'holdfast dev is served on loopback only: 127.0.0.1, ::1 or localhost';
    throw new SettingsError([{ origin: origins.get(name) ?? 'default', name, text }]);
  }
  if (loaded.store.url !== '') {
    const text =
      'holdfast dev keeps its transactions in an embedded store and uses no database: leave store.url empty, or start holdfast serve';
    throw new SettingsError([{ origin: origins.get('store.url') ?? 'default', name: 'store.url', text }]);
  }
  const dataDir = origins.has('dataDir') ? loaded.dataDir : temporaryFolder();
  const development = new ManualDevelopment({ machine: systemRuntime, callWaitMs: loaded.dev.callWaitMs });
  const say = await serveUntilStopped(settingsOf(loaded, dataDir), { development, startedMs: 0 });
  say(`  clock    manual, at ${new Date(development.nowMs).toISOString()}; POST /api/dev/clock moves it`);
}

/** Nothing waits for time to pass before it is written: time does not pass by itself. */
function settingsOf(loaded: Settings, dataDir: string): Settings {
  return { ...loaded, dataDir, flushDelayMs: 0 };
}

/** Removed when the process ends, unless it is killed. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-dev-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
