import { createServer, type Server } from 'node:net';
import { answer, MessageReader } from './http-message.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');
const gidPattern = /[?&]gid=([^& ]+)/;

export interface ServicesOptions {
  /** How long each answer takes. Default 0: it is written at once. */
  readonly answerDelayMs?: number;
  /** Told of the last call of each saga, before it is answered. */
  readonly ended?: (gid: string) => void;
}

/**
 * The branch services of two-branch sagas: every call succeeds. They keep nothing, so that what is measured is the
 * coordinator.
 */
export class BranchServices {
  readonly #server: Server;
  readonly #options: ServicesOptions;
  #actions = 0;
  #others = 0;
  #ended = 0;
  #firstCallMs = 0;

  constructor(options: ServicesOptions = {}) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const reader = new MessageReader((head) => {
        this.#count(head);
        const { answerDelayMs = 0 } = this.#options;
        if (answerDelayMs === 0) socket.write(success);
        else setTimeout(() => socket.write(success), answerDelayMs);
      });
      socket.on('data', (chunk) => reader.read(chunk));
      // The coordinator closed a connection or ended: nothing is lost here.
      socket.on('error', () => socket.destroy());
    });
  }

  get actions(): number {
    return this.#actions;
  }

  /** Calls other than actions, such as compensations. */
  get others(): number {
    return this.#others;
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

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the branch services listen on no port'));
      });
    });
  }

  #count(head: string): void {
    const isAction = head.includes('op=action');
    if (isAction) this.#actions += 1;
    else this.#others += 1;
    if (this.#firstCallMs === 0) this.#firstCallMs = performance.timeOrigin + performance.now();
    const isLast = isAction ? head.includes('branch_id=02') : /branch_id=01&.*op=compensate/.test(head);
    if (!isLast) return;
    this.#ended += 1;
    this.#options.ended?.(gidPattern.exec(head)?.[1] ?? '');
  }
}
