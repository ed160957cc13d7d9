import { createServer, type Server, type Socket } from 'node:net';
import { wallMs } from '../compiled.ts';
import { answer, MessageReader } from '../load/http-message.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');
const gidPattern = /[?&]gid=([^& ]+)/;
const backlog = 4096;

/** Branches that take every call and answer none, until they are told to; they note when each saga was called. */
export class LateServices {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** By gid: when it was called first, and first since the answers began. */
  readonly #called = new Map<string, { readonly firstMs: number; againMs: number | undefined }>();
  #answersSinceMs: number | undefined;

  /** On one more port, which it answers with: a coordinator has so many calls at once to each at most. */
  listen(): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the services listen on no port'));
      });
    });
  }

  get calledCount(): number {
    return this.#called.size;
  }

  /** From now on each call is answered. */
  answer(): void {
    this.#answersSinceMs = wallMs();
  }

  /** Of those that were called again since the answers began: after how long, in milliseconds. */
  get again(): readonly number[] {
    const sinceMs = this.#answersSinceMs ?? Number.NaN;
    return [...this.#called.values()].flatMap(({ againMs }) => (againMs === undefined ? [] : [againMs - sinceMs]));
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // The coordinator was killed.
    socket.on('error', () => socket.destroy());
    const reader = new MessageReader((head) => {
      const gid = gidPattern.exec(head)?.[1] ?? '';
      const known = this.#called.get(gid);
      if (known === undefined) this.#called.set(gid, { firstMs: wallMs(), againMs: undefined });
      if (this.#answersSinceMs === undefined) return;
      if (known !== undefined) known.againMs ??= wallMs();
      socket.write(success);
    });
    socket.on('data', (chunk) => reader.read(chunk));
  }
}
