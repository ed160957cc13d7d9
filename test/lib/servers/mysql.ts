import type { MySqlPrograms } from '../../../scripts/lib/toolchains/mysql.ts';
import { clientArgs, dataArgs, serveArgs, syncArgs } from './mariadb.ts';
import { PrivateServer, type ServerOptions } from './private-server.ts';

/** A private MySQL; its `root` needs no password. Its package brings no client: it is asked by MariaDB's. */
export function startMySql(
  { server, home, client }: MySqlPrograms,
  options: ServerOptions = {},
): Promise<PrivateServer> {
  const own = [`--basedir=${home}`];
  return PrivateServer.start({
    name: 'MySQL',
    install: (place) => ({
      program: server,
      args: [...dataArgs(place), ...own, '--initialize-insecure', ...syncArgs(options)],
    }),
    serve: (place) => ({ program: server, args: [...serveArgs(place, options), ...own, '--mysqlx=OFF'] }),
    ready: 'ready for connections',
    client: ({ port }, words) => ({ program: client, args: clientArgs(port, words) }),
  });
}
