import { resolve } from 'node:path';
import type { Settings } from './config/schema.ts';
import { readVersion } from './config/version.ts';
import { databaseTls } from './database-tls.ts';
import type {
  BackupCapable,
  Cautious,
  Hosted,
  Migratable,
  Placed,
  Restorable,
  Watchful,
} from './store/capabilities.ts';
import type { Store } from './store/store.ts';

/** A store, with what only some can do. */
export type AnyStore = Store & Partial<BackupCapable & Watchful & Cautious & Restorable & Placed & Hosted & Migratable>;

/** The store of the settings, not opened yet. Only that one is loaded. */
export async function createStore({ store, dataDir }: Pick<Settings, 'store' | 'dataDir'>): Promise<AnyStore> {
  if (store.url !== '') {
    const { url, schema, connections } = store;
    const common = {
      ...{ url, connections },
      connectMs: store.connectTimeoutMs,
      commitMs: store.commitTimeoutMs,
      readMs: store.readTimeoutMs,
      tls: () => databaseTls(store.tls),
      version: readVersion(),
    };
    if (url.startsWith('postgres')) {
      const { PostgresStore } = await import('./store/postgres/postgres-store.ts');
      return new PostgresStore({ ...common, schema });
    }
    const { MySqlStore } = await import('./store/mysql/mysql-store.ts');
    return new MySqlStore({ ...common, prefix: `${schema}_` });
  }
  switch (store.driver) {
    case 'sqlite': {
      const { SqliteStore } = await import('./store/sqlite/sqlite-store.ts');
      return new SqliteStore({ dataDir: resolve(dataDir), version: readVersion() });
    }
    default:
      return store.driver satisfies never;
  }
}
