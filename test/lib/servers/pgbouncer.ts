import { join } from 'node:path';
import type { PgBouncerPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { psqlArgs } from './postgres.ts';
import { PrivateServer, type ServerOptions } from './private-server.ts';

/** What a pooler stands in front of, and how. */
export interface PoolerOptions extends Pick<ServerOptions, 'settings'> {
  /** The PostgreSQL behind it. */
  readonly port: number;
  /** When a connection to the server goes back. Default: after each transaction. */
  readonly mode?: 'session' | 'transaction' | 'statement';
}

/** A private PgBouncer before every database of a PostgreSQL; anybody may come in. `sql` speaks to its own console. */
export function startPgBouncer(
  { server, client }: PgBouncerPrograms,
  { port: behind, mode = 'transaction', settings = {} }: PoolerOptions,
): Promise<PrivateServer> {
  return PrivateServer.start({
    name: 'PgBouncer',
    files: ({ port, folder }) => ({
      users: '"root" ""\n',
      [file]: toIni({
        databases: { '*': `host=127.0.0.1 port=${behind}` },
        pgbouncer: {
          listen_addr: '127.0.0.1',
          listen_port: port,
          unix_socket_dir: '',
          auth_type: 'trust',
          auth_file: join(folder, 'users'),
          admin_users: 'root',
          pool_mode: mode,
          ...settings,
        },
      }),
    }),
    serve: ({ folder }) => ({ program: server, args: [join(folder, file)] }),
    ready: 'process up',
    client: ({ port }, words) => ({ program: client, args: psqlArgs(port, 'pgbouncer', words) }),
  });
}

const file = 'pgbouncer.ini';

function toIni(sections: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string {
  const lines = Object.entries(sections).flatMap(([section, settings]) => [
    `[${section}]`,
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}
