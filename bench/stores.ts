import { mariaDb, postgres } from '../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../test/lib/servers/mariadb.ts';
import { startPostgres } from '../test/lib/servers/postgres.ts';
import type { PrivateServer } from '../test/lib/servers/private-server.ts';

/** `mysql` is measured on MariaDB. */
export const storeKinds = ['sqlite', 'postgres', 'mysql'] as const;
export type StoreKind = (typeof storeKinds)[number];
export type RemoteKind = Exclude<StoreKind, 'sqlite'>;

/** A database server of this run alone, with its own defaults and durable commits. */
export interface Database {
  readonly server: PrivateServer;
  /** As in the settings. */
  readonly url: string;
  /** What it is, for the report. */
  readonly name: string;
}

const database = 'bench';

/** @throws Error where the programs are missing */
export async function startDatabase(kind: RemoteKind): Promise<Database> {
  switch (kind) {
    case 'postgres': {
      const programs = postgres();
      if ('missing' in programs) throw new Error(programs.missing);
      const server = await startPostgres(programs.found, { syncs: true });
      await server.sql(`create database ${database}`);
      const [[version = ''] = []] = await server.sql('show server_version');
      return { server, url: `postgres://root@127.0.0.1:${server.port}/${database}`, name: `PostgreSQL ${version}` };
    }
    case 'mysql': {
      const programs = mariaDb();
      if ('missing' in programs) throw new Error(programs.missing);
      // What the largest transaction needs.
      const server = await startMariaDb(programs.found, { syncs: true, settings: { 'max-allowed-packet': '64M' } });
      await server.sql(`create database ${database}`);
      const [[version = ''] = []] = await server.sql('select version()');
      return { server, url: `mysql://root@127.0.0.1:${server.port}/${database}`, name: version };
    }
    default:
      return kind satisfies never;
  }
}

/** A database of its own beside that of the run. */
export async function createDatabase({ server, url }: Database, name: string): Promise<string> {
  await server.sql(`create database ${name}`);
  return url.replace(/[^/]*$/, name);
}

/** What it takes on the disk, all of it. */
export async function databaseBytes(kind: RemoteKind, { server }: Database, name: string): Promise<number> {
  const text =
    kind === 'postgres'
      ? `select pg_database_size('${name}')`
      : `select sum(data_length + index_length) from information_schema.tables where table_schema = '${name}'`;
  const [[bytes = ''] = []] = await server.sql(text);
  return Number(bytes);
}

/** Settings of a coordinator whose transactions are kept there. */
export function storeSettings(kind: StoreKind, place: string): Readonly<Record<string, string>> {
  return kind === 'sqlite' ? { dataDir: place } : { 'store.url': place };
}
