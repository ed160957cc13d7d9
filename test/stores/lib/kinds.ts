import { MySqlStore } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import { PostgresStore } from '../../../packages/server/src/store/postgres/postgres-store.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';
import { mariaDb, postgres } from '../../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../../lib/servers/mariadb.ts';
import type { ServerOptions } from '../../lib/servers/private-server.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { MySqlFixture, mySqlSettings } from './mysql-fixture.ts';
import { PostgresFixture } from './postgres-fixture.ts';

/** A kind of shared store, with private servers of it. */
export interface StoreKind {
  readonly name: string;
  /** Why there is none on this machine; undefined: there is one. */
  readonly missing: string | undefined;
  start(settings?: NonNullable<ServerOptions['settings']>): Promise<KindFixture>;
  /** The server's own setting for the most connections that it takes. */
  readonly connectionsSetting: string;
}

export interface KindFixture extends DatabaseFixture {
  /** A store of its own on that database, not opened yet. @param connections beside that of the heartbeat */
  store(connections: number): Store;
  /** How often the server was asked for something by anybody since it started. */
  asked(): Promise<number>;
  /** Clients that are connected to it now. */
  connected(): Promise<number>;
}

export function postgresKind(): StoreKind {
  const programs = postgres();
  return {
    name: 'PostgreSQL',
    missing: 'missing' in programs ? programs.missing : undefined,
    connectionsSetting: 'max_connections',
    start: async (settings = {}) => {
      if ('missing' in programs) throw new Error(programs.missing);
      const counting = { shared_preload_libraries: 'pg_stat_statements' };
      const fixture = await PostgresFixture.start(programs.found, { ...counting, ...settings });
      await fixture.client.query('create extension pg_stat_statements');
      const number = async (query: string) => Number((await fixture.server.sql(query))[0]?.[0]);
      return Object.assign(fixture, {
        store: (connections: number) => new PostgresStore(fixture.settings({ connections })),
        asked: () => number('select sum(calls) from pg_stat_statements'),
        connected: () => number("select count(*) from pg_stat_activity where backend_type = 'client backend'"),
      });
    },
  };
}

export function mariaDbKind(): StoreKind {
  const programs = mariaDb();
  return {
    name: 'MariaDB',
    missing: 'missing' in programs ? programs.missing : undefined,
    connectionsSetting: 'max-connections',
    start: async (settings = {}) => {
      if ('missing' in programs) throw new Error(programs.missing);
      const server = await startMariaDb(programs.found, { settings: { ...mySqlSettings, ...settings } });
      const fixture = await MySqlFixture.on(server);
      const status = async (name: string) => Number((await server.sql(`show global status like '${name}'`))[0]?.[1]);
      return Object.assign(fixture, {
        store: (connections: number) => new MySqlStore(fixture.settings({ connections })),
        asked: () => status('Questions'),
        connected: () => status('Threads_connected'),
      });
    },
  };
}

/** The kind that `HOLDFAST_TEST_STORE` names, which must be on this machine. @throws Error where it is not */
export function kindOfRun(): StoreKind {
  const name = process.env['HOLDFAST_TEST_STORE'] ?? '';
  const kinds: Readonly<Record<string, () => StoreKind>> = { postgresql: postgresKind, mariadb: mariaDbKind };
  const kind = kinds[name]?.();
  if (kind === undefined) throw new Error('HOLDFAST_TEST_STORE must be postgresql or mariadb');
  if (kind.missing !== undefined) throw new Error(kind.missing);
  return kind;
}
