import type { RedisPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { type PrivateServer, startPrivate } from './private-server.ts';

/** A private Redis. */
export class Redis {
  readonly #client: string;
  readonly #server: PrivateServer;

  private constructor(client: string, server: PrivateServer) {
    this.#client = client;
    this.#server = server;
  }

  static start({ server, client }: RedisPrograms): Promise<Redis> {
    return startPrivate('Redis', async (own) => {
      const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
      const args = ['--port', String(own.port), '--bind', '127.0.0.1', '--dir', own.folder, ...durable];
      await own.start(server, args, 'Ready to accept connections');
      return new Redis(client, own);
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** The lines of its answer: an array has one for each element. */
  ask(...command: string[]): Promise<string[]> {
    return this.#server.ask(this.#client, ['-p', String(this.port), ...command]);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
