import { join } from 'node:path';
import type { MariaDbPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { type Place, PrivateServer, type ServerOptions } from './private-server.ts';

/** A private MariaDB; its `root` needs no password. */
export function startMariaDb(
  { server, install, client }: MariaDbPrograms,
  options: ServerOptions = {},
): Promise<PrivateServer> {
  return PrivateServer.start({
    name: 'MariaDB',
    install: (place) => ({
      program: install,
      args: installArgs(place, options),
    }),
    serve: (place) => {
      const args = serveArgs(place, options);
      return options.clock?.around(server, args) ?? { program: server, args };
    },
    ready: 'ready for connections',
    client: ({ port }, words) => ({ program: client, args: clientArgs(port, words) }),
  });
}

/** Arguments by which MariaDB makes its data. */
export function installArgs(place: Place, options: ServerOptions): string[] {
  return [...dataArgs(place), '--auth-root-authentication-method=normal', '--skip-test-db', ...syncArgs(options)];
}

export function dataArgs({ folder }: Place): string[] {
  return ['--no-defaults', `--datadir=${join(folder, 'data')}`];
}

/** What MariaDB and MySQL are told alike. */
export function serveArgs(place: Place, options: ServerOptions): string[] {
  return [
    ...dataArgs(place),
    `--port=${place.port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(place.folder, 'socket')}`,
    `--pid-file=${join(place.folder, 'pid')}`,
    ...syncArgs(options),
    ...Object.entries(options.settings ?? {}).map(([name, value]) => `--${name}=${value}`),
  ];
}

/** By all that its settings say of durability it still commits to the disk. */
export function syncArgs({ syncs }: ServerOptions): string[] {
  return syncs === true ? [] : ['--innodb-flush-method=nosync'];
}

/** Arguments by which MariaDB's client runs statements, and prints a line a row, with tabs between the columns. */
export function clientArgs(port: number, statements: readonly string[]): string[] {
  const connection = ['--no-defaults', '--host=127.0.0.1', `--port=${port}`, '--user=root'];
  return [...connection, '--batch', '--skip-column-names', `--execute=${statements.join(';\n')}`];
}
