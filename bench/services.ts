import { createServer, type Server } from 'node:net';
import { answer, MessageReader } from './http-message.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');

/** The branch services: every action succeeds at once. They keep nothing, so that what is measured is the coordinator. */
export class BranchServices {
  readonly #server: Server;
  #actions = 0;
  #others = 0;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const reader = new MessageReader((head) => {
        if (head.includes('op=action')) this.#actions += 1;
        else this.#others += 1;
        socket.write(success);
      });
      socket.on('data', (chunk) => reader.read(chunk));
      // The coordinator closed a connection or ended: nothing is lost here.
      socket.on('error', () => socket.destroy());
    });
  }

  get actions(): number {
    return this.#actions;
  }

  /** Calls that no saga of the bench should lead to, as compensations. */
  get others(): number {
    return this.#others;
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
}
