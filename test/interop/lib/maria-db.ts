import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MariaDbPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { type PrivateServer, startPrivate } from './private-server.ts';
import type { SqlDatabase } from './sql-database.ts';

const schema = join(import.meta.dirname, 'maria-db.sql');

/** A private MariaDB; `root` needs no password. */
export class MariaDb implements SqlDatabase {
  readonly #client: string;
  readonly #server: PrivateServer;

  private constructor(client: string, server: PrivateServer) {
    this.#client = client;
    this.#server = server;
  }

  static start({ server, install, client }: MariaDbPrograms): Promise<MariaDb> {
    return startPrivate('MariaDB', async (own) => {
      const data = join(own.folder, 'data');
      const common = ['--no-defaults', `--datadir=${data}`];
      await own.prepare(install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db']);
      const place = [`--socket=${join(data, 'socket')}`, `--pid-file=${join(data, 'pid')}`];
      const args = [...common, ...place, `--port=${own.port}`, '--bind-address=127.0.0.1'];
      await own.start(server, args, 'ready for connections');
      const database = new MariaDb(client, own);
      await database.sql(readFileSync(schema, 'utf8'));
      return database;
    });
  }

  get port(): number {
    return this.#server.port;
  }

  async sql(statements: string): Promise<string[][]> {
    const connection = ['--no-defaults', '--host=127.0.0.1', `--port=${this.port}`, '--user=root'];
    const form = ['--batch', '--skip-column-names'];
    const lines = await this.#server.ask(this.#client, [...connection, ...form, `--execute=${statements}`]);
    return lines.map((line) => line.split('\t'));
  }

  async preparedXa(): Promise<string[]> {
    return (await this.sql('xa recover')).map(([, , , data = '']) => data);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
