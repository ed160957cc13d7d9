import type { RedisPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { PrivateServer } from '../../lib/servers/private-server.ts';

/** A private Redis. Asked a command, it answers lines: an array has one for each element. */
export function startRedis({ server, client }: RedisPrograms): Promise<PrivateServer> {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  return PrivateServer.start({
    name: 'Redis',
    serve: ({ port, folder }) => ({
      program: server,
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...durable],
    }),
    ready: 'Ready to accept connections',
    client: ({ port }, words) => ({ program: client, args: ['-p', String(port), ...words] }),
  });
}
