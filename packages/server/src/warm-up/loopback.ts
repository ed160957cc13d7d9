import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenOn } from '../transport/listen.ts';

const loopback = { host: '127.0.0.1', port: 0 } as const;

const success =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"dtm_result":"SUCCESS"}\n';

/** A service that answers every call with success. */
export class Service {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer({ noDelay: true }, (socket) => {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
    // A call is sent in one piece, and answered as soon as something of it has come.
    socket.on('data', () => socket.write(success));
  });

  async listen(): Promise<number> {
    return (await listenOn(this.#server, loopback)).port;
  }

  close(): void {
    this.#server.close();
    destroyAll(this.#sockets);
  }
}

/** Both ends of connections over the loopback interface. */
export interface Pairs {
  readonly clients: readonly Socket[];
  /** Nothing is read of them yet. */
  readonly accepted: readonly Socket[];
}

/** Whoever else connects meanwhile is turned away, and nobody can any more once this has resolved. */
export async function connectPairs(count: number, signal: AbortSignal): Promise<Pairs> {
  const clients: Socket[] = [];
  const offered: Socket[] = [];
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => offered.push(socket));
  try {
    const { port } = await listenOn(server, loopback);
    while (clients.length < count) {
      const client = connect({ host: loopback.host, port, noDelay: true });
      // It is closed then, which is heard.
      client.on('error', () => undefined);
      clients.push(client);
      await once(client, 'connect', { signal });
    }
    const ports = new Set(clients.map(({ localPort }) => localPort));
    const ours = () => offered.filter(({ remotePort }) => ports.has(remotePort));
    while (ours().length < count) await once(server, 'connection', { signal });
    const accepted = ours();
    destroyAll(offered.filter((socket) => !accepted.includes(socket)));
    return { clients, accepted };
  } catch (error) {
    destroyAll([...clients, ...offered]);
    throw error;
  } finally {
    server.close();
  }
}

export function destroyAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
