import { join } from 'node:path';
import { PrivateServer } from './private-server.ts';

/**
 * A private nginx. Its configuration must choose ports of its own; temporary files go into its folder.
 * @param configuration the text of an `nginx.conf`; `HTTP_PORT` in it is the server's port
 */
export function startNginx(program: string, configuration: string): Promise<PrivateServer> {
  return PrivateServer.start({
    name: 'nginx',
    files: ({ port, folder }) => ({
      [file]: configuration.replaceAll('HTTP_PORT', String(port)).replace('http {', `http {\n${ofFolder(folder)}`),
    }),
    serve: ({ folder }) => ({
      program,
      args: [
        '-e',
        'stderr',
        '-p',
        folder,
        '-c',
        join(folder, file),
        '-g',
        `daemon off; pid ${join(folder, 'pid')}; error_log stderr notice;`,
      ],
    }),
    ready: 'start worker processes',
    client: ({ folder }) => ({ program, args: ['-e', 'stderr', '-p', folder, '-c', join(folder, file), '-t'] }),
  });
}

const file = 'nginx.conf';

const ofFolder = (folder: string) =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(folder, kind)};\n`)
    .join('');
