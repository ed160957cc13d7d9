import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { Connection } from './connection.ts';
import { sagaBody } from './kinds.ts';

/** Connections that are being made at once: fewer than any queue of a listening port holds. */
const batch = 100;

/** Clients that wait for the result of a saga whose service never answers. */
export class Waiters {
  readonly #idPrefix = randomUUID().slice(0, 8);
  readonly #connections: Connection[] = [];
  #silent: Promise<number> | undefined;

  /** Resolves when all requests have been written; they may not have arrived. */
  async open(coordinatorPort: number, count: number): Promise<void> {
    this.#silent ??= listenSilently();
    const servicesPort = await this.#silent;
    for (let opened = 0; opened < count; opened += batch) {
      await Promise.all(
        Array.from({ length: Math.min(batch, count - opened) }, () => this.#one(coordinatorPort, servicesPort)),
      );
    }
  }

  #one(coordinatorPort: number, servicesPort: number): Promise<void> {
    const connection = new Connection(coordinatorPort);
    this.#connections.push(connection);
    const gid = `${this.#idPrefix}-waits-${this.#connections.length}`;
    const body = sagaBody(gid, servicesPort, true, 3600);
    const head = `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json`;
    return connection.tell(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }
}

/** A port that takes calls and answers none. */
function listenSilently(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => {
      socket.resume();
      // The coordinator ended: nothing is lost here.
      socket.on('error', () => socket.destroy());
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error('the silent service listens on no port'));
    });
  });
}
