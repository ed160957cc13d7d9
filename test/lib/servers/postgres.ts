import { dirname, join } from 'node:path';
import type { PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { type Command, type Place, PrivateServer, type ServerKind, type ServerOptions } from './private-server.ts';

/** A private PostgreSQL: its superuser is `root`, with any password. `sql` speaks to the database `postgres`. */
export function startPostgres(programs: PostgresPrograms, options: ServerOptions = {}): Promise<PrivateServer> {
  return PrivateServer.start(kindOf(programs, options));
}

/** @param copied a server whose data it begins with, and whose replica it is from then on */
export function kindOf(
  { server, install, client }: PostgresPrograms,
  { syncs, settings, clock }: ServerOptions,
  copied?: Place,
): ServerKind {
  const data = ({ folder }: Place) => join(folder, 'data');
  const all = { listen_addresses: '127.0.0.1', ...(syncs !== true && { fsync: 'off' }), ...settings };
  const given = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'PostgreSQL',
    install: (place) => (copied === undefined ? creation(install, data(place)) : copy(install, data(place), copied)),
    serve: (place) => {
      const args = ['-D', data(place), '-p', String(place.port), '-k', place.folder, ...given];
      return clock?.around(server, args) ?? { program: server, args };
    },
    // A replica takes read-only connections.
    ready: 'system is ready to accept',
    // It would wait for its clients to go.
    endSignal: 'SIGINT',
    client: (place, words) => ({ program: client, args: psqlArgs(place.port, 'postgres', words) }),
  };
}

const creation = (install: string, data: string): Command => ({
  program: install,
  args: ['-D', data, '-U', 'root', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
});

/** Its program lies beside that which makes an empty one. */
const copy = (install: string, data: string, { port }: Place): Command => ({
  program: join(dirname(install), 'pg_basebackup'),
  args: ['-h', '127.0.0.1', '-p', String(port), '-U', 'root', '-D', data, '-R', '-c', 'fast', '--no-sync'],
});

/** Arguments by which `psql` runs statements, one word each, and prints a line a row, with tabs between the columns. */
export function psqlArgs(port: number, database: string, statements: readonly string[]): string[] {
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'root', '-d', database];
  const form = ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1'];
  return [...connection, ...form, ...statements.flatMap((one) => ['-c', one])];
}
