import { mariaDb, postgres } from '../../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../../lib/servers/mariadb.ts';
import type { ServerOptions } from '../../lib/servers/private-server.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { MySqlFixture, mySqlSettings } from './mysql-fixture.ts';
import { PostgresFixture } from './postgres-fixture.ts';

/** A kind of shared store, with a private server of it. */
export interface StoreKind {
  readonly name: string;
  /** Why there is none on this machine; undefined: there is one. */
  readonly missing: string | undefined;
  start(settings?: NonNullable<ServerOptions['settings']>): Promise<DatabaseFixture>;
}

export function postgresKind(): StoreKind {
  const programs = postgres();
  return {
    name: 'PostgreSQL',
    missing: 'missing' in programs ? programs.missing : undefined,
    start: (settings = {}) => {
      if ('missing' in programs) throw new Error(programs.missing);
      return PostgresFixture.start(programs.found, settings);
    },
  };
}

export function mariaDbKind(): StoreKind {
  const programs = mariaDb();
  return {
    name: 'MariaDB',
    missing: 'missing' in programs ? programs.missing : undefined,
    start: async (settings = {}) => {
      if ('missing' in programs) throw new Error(programs.missing);
      return MySqlFixture.on(await startMariaDb(programs.found, { settings: { ...mySqlSettings, ...settings } }));
    },
  };
}
