import { connect, type Socket } from 'node:net';
import { MessageReader } from './http-message.ts';

/** A kept-alive connection with at most one request out. What is asked before it is made is sent once it is. */
export class Connection {
  readonly #socket: Socket;
  #answered: (head: string, body: string) => void = () => undefined;

  /** @param lost it was closed, by whoever; default: what waits for an answer waits for ever */
  constructor(port: number, lost: () => void = () => undefined) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = new MessageReader((head, body) => this.#answered(head, body));
    this.#socket.on('data', (chunk) => reader.read(chunk));
    this.#socket.on('close', lost);
  }

  /** @param request whole, in ASCII */
  ask(request: string, answered: (head: string, body: string) => void): void {
    this.#answered = answered;
    this.#socket.write(request, 'latin1');
  }

  /** Resolves when the request was handed to the system; its answer is not waited for. */
  tell(request: string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(request, 'latin1', () => resolve()));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
