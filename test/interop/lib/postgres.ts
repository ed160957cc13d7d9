import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { type PrivateServer, startPrivate } from './private-server.ts';
import type { SqlDatabase } from './sql-database.ts';

const schema = join(import.meta.dirname, 'postgres.sql');

/** A private PostgreSQL with a database `bank`; its superuser is `root`, with any password. */
export class Postgres implements SqlDatabase {
  readonly #client: string;
  readonly #server: PrivateServer;

  private constructor(client: string, server: PrivateServer) {
    this.#client = client;
    this.#server = server;
  }

  static start({ server, install, client }: PostgresPrograms): Promise<Postgres> {
    return startPrivate('PostgreSQL', async (own) => {
      const data = join(own.folder, 'data');
      await own.prepare(install, ['-D', data, '-U', 'root', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']);
      // Without room for prepared transactions there is no XA.
      const settings = ['max_prepared_transactions=64', 'fsync=off', 'listen_addresses=127.0.0.1'];
      const args = ['-D', data, '-p', String(own.port), '-k', own.folder, ...settings.flatMap((one) => ['-c', one])];
      await own.start(server, args, 'ready to accept connections');
      const database = new Postgres(client, own);
      await database.#ask('postgres', 'create database bank');
      await database.sql(readFileSync(schema, 'utf8'));
      return database;
    });
  }

  get port(): number {
    return this.#server.port;
  }

  sql(statements: string): Promise<string[][]> {
    return this.#ask('bank', statements);
  }

  async preparedXa(): Promise<string[]> {
    return (await this.sql('select gid from pg_prepared_xacts')).map(([gid = '']) => gid);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #ask(database: string, statements: string): Promise<string[][]> {
    const connection = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'root', '-d', database];
    const form = ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1'];
    const lines = await this.#server.ask(this.#client, [...connection, ...form, '-c', statements]);
    return lines.map((line) => line.split('\t'));
  }
}
