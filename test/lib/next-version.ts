/**
 * The next version of Holdfast, as far as it can be told today: it has one more migration, and of some transactions it
 * writes what this version cannot read. Settings come by variable. Called by `Coordinator` in the place of the command.
 */
import { loadSettings } from '../../packages/server/src/config/load.ts';
import { databaseTls } from '../../packages/server/src/database-tls.ts';
import { logSettings, serve } from '../../packages/server/src/main.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { migrations as ofMySql } from '../../packages/server/src/store/mysql/migrations.ts';
import { MySqlStore } from '../../packages/server/src/store/mysql/mysql-store.ts';
import { migrations as ofPostgres } from '../../packages/server/src/store/postgres/migrations.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import type { RemoteSettings } from '../../packages/server/src/store/remote/remote-store.ts';
import type { Write } from '../../packages/server/src/store/store.ts';
import { nextOfMySql, nextOfPostgres, nextVersion } from './next-migration.ts';

const loaded = loadSettings({ environment: process.env });
const log = createLog(logSettings(loaded));
const store = nextStore();
const commit = store.commit.bind(store);
store.commit = (batch) => commit(batch.map(withNeeds));

/** Every third transaction has, from its creation, what is new. */
function withNeeds(write: Write): Write {
  return write.kind === 'create' && write.gid.length > 0 && hash(write.gid) % 3 === 0
    ? { ...write, needs: store.format }
    : write;
}

function hash(gid: string): number {
  return [...gid].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7);
}

function nextStore(): PostgresStore | MySqlStore {
  const { url, schema, connections, connectTimeoutMs, commitTimeoutMs, readTimeoutMs, tls } = loaded.store;
  const limits = { connections, connectMs: connectTimeoutMs, commitMs: commitTimeoutMs, readMs: readTimeoutMs };
  const settings: RemoteSettings = { url, ...limits, tls: () => databaseTls(tls), version: nextVersion };
  return url.startsWith('postgres')
    ? new PostgresStore({ ...settings, schema, migrations: [...ofPostgres, nextOfPostgres] })
    : new MySqlStore({ ...settings, prefix: `${schema}_`, migrations: [...ofMySql, nextOfMySql] });
}

const running = await serve(loaded, {
  store,
  log,
  fatal: () => process.exit(1),
  say: (line) => console.log(line),
});
process.once('SIGTERM', () => {
  running.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
