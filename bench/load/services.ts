import { createServer, type Server, type Socket } from 'node:net';
import { answer, MessageReader } from './http-message.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');
/** All clients may connect at once; the kernel makes those that find no place in this queue wait a second. */
const backlog = 4096;
const gidPattern = /[?&]gid=([^& ]+)/;

export interface ServicesOptions {
  /** How long each answer takes. Default 0: it is written at once. */
  readonly answerDelayMs?: number;
  /** Told of the last call of each saga, before it is answered. */
  readonly ended?: (gid: string) => void;
}

/**
 * The services of transactions with two branches: every call succeeds. They keep nothing, so that what is measured is
 * the coordinator.
 */
export class BranchServices {
  readonly #options: ServicesOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #forward = 0;
  #backward = 0;
  #ended = 0;
  #firstCallMs = 0;

  constructor(options: ServicesOptions = {}) {
    this.#options = options;
  }

  /** Calls of actions, tries and confirms. */
  get forward(): number {
    return this.#forward;
  }

  /** Other calls, such as compensations. */
  get backward(): number {
    return this.#backward;
  }

  /** Sagas whose last call came: the action of their second branch, or the compensation of their first. */
  get ended(): number {
    return this.#ended;
  }

  /** Wall clock of the first call since the last `forgetFirstCall`, or 0. */
  get firstCallMs(): number {
    return this.#firstCallMs;
  }

  forgetFirstCall(): void {
    this.#firstCallMs = 0;
  }

  /** On one more port, which it answers with. */
  listen(): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the branch services listen on no port'));
      });
    });
  }

  /** On all its ports; nothing is answered any more. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const reader = new MessageReader((head) => {
      this.#count(head);
      const { answerDelayMs = 0 } = this.#options;
      if (answerDelayMs === 0) socket.write(success);
      else setTimeout(() => socket.write(success), answerDelayMs);
    });
    socket.on('data', (chunk) => reader.read(chunk));
    // The coordinator closed a connection or ended: nothing is lost here.
    socket.on('error', () => socket.destroy());
  }

  #count(head: string): void {
    const isAction = head.includes('op=action');
    if (isAction || head.includes('op=confirm') || head.includes('op=try')) this.#forward += 1;
    else this.#backward += 1;
    if (this.#firstCallMs === 0) this.#firstCallMs = performance.timeOrigin + performance.now();
    const isLast = isAction ? head.includes('branch_id=02') : /branch_id=01&.*op=compensate/.test(head);
    if (!isLast) return;
    this.#ended += 1;
    this.#options.ended?.(gidPattern.exec(head)?.[1] ?? '');
  }
}
