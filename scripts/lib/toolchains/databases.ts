/** Databases: the bare programs, of which the tests start private servers. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { find, findOrInstall, type Toolchain } from './install.ts';

export interface MariaDbPrograms {
  readonly server: string;
  readonly install: string;
  readonly client: string;
}

export interface GaleraPrograms extends MariaDbPrograms {
  /** What a server loads to be one of a cluster. */
  readonly provider: string;
}

export interface PostgresPrograms {
  readonly server: string;
  readonly install: string;
  readonly client: string;
}

export interface PgBouncerPrograms {
  readonly server: string;
  readonly client: string;
}

export interface RedisPrograms {
  readonly server: string;
  readonly client: string;
}

export function mariaDb(): Toolchain<MariaDbPrograms> {
  const packages = ['mariadb-server-core', 'mariadb-client-core'];
  return findOrInstall('MariaDB', packages, 'macOS: brew install mariadb', () => {
    const [server, install, client] = ['mariadbd', 'mariadb-install-db', 'mariadb'].map((name) => find(name));
    return server && install && client ? { server, install, client } : undefined;
  });
}

/** MariaDB with what makes a cluster of several. A new one gets the data by rsync. */
export function galera(): Toolchain<GaleraPrograms> {
  const packages = ['mariadb-server', 'galera-4', 'rsync', 'socat'];
  return findOrInstall('Galera', packages, '', () => {
    const base = mariaDb();
    const provider = find('libgalera_smm.so', ['/usr/lib/galera']);
    const others = ['wsrep_sst_rsync', 'rsync', 'ss'].map((name) => find(name));
    return 'found' in base && provider && others.every(Boolean) ? { ...base.found, provider } : undefined;
  });
}

export function postgres(): Toolchain<PostgresPrograms> {
  return findOrInstall('PostgreSQL', ['postgresql'], 'macOS: brew install postgresql', () => {
    const folders = postgresFolders();
    const [server, install, client] = ['postgres', 'initdb', 'psql'].map((name) => find(name, folders));
    return server && install && client ? { server, install, client } : undefined;
  });
}

export function pgBouncer(): Toolchain<PgBouncerPrograms> {
  const packages = ['pgbouncer', 'postgresql-client'];
  return findOrInstall('PgBouncer', packages, 'macOS: brew install pgbouncer', () => {
    const [server, client] = [find('pgbouncer'), find('psql', postgresFolders())];
    return server && client ? { server, client } : undefined;
  });
}

/** The client of PostgreSQL. */
export function psql(): Toolchain<string> {
  return findOrInstall('psql', ['postgresql-client'], 'macOS: brew install postgresql', () =>
    find('psql', postgresFolders()),
  );
}

export function redis(): Toolchain<RedisPrograms> {
  return findOrInstall('Redis', ['redis-server'], 'macOS: brew install redis', () => {
    const [server, client] = ['redis-server', 'redis-cli'].map((name) => find(name));
    return server && client ? { server, client } : undefined;
  });
}

/** Debian keeps each version in a folder of its own; the newest comes first. */
function postgresFolders(): string[] {
  const folder = '/usr/lib/postgresql';
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).sort((one, other) => Number(other) - Number(one));
  return versions.map((version) => join(folder, version, 'bin'));
}
