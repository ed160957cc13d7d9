import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers that were written and not yet taken by their clients, with a budget over all connections. */
export class UnsentAnswers {
  readonly #budgetBytes: number;
  readonly #open = new WeakSet<Socket>();
  readonly #bytesOf = new WeakMap<Socket, number>();
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#budgetBytes;
  }

  /** Counts an answer until it was sent or its connection is gone. */
  hold(socket: Socket, response: ServerResponse, bytes: number): void {
    if (socket.destroyed) return;
    this.#add(socket, bytes);
    // An answer behind others on its connection is told nothing when the connection ends.
    if (!this.#open.has(socket)) {
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        this.#add(socket, -(this.#bytesOf.get(socket) ?? 0));
      });
    }
    response.once('close', () => {
      if (this.#open.has(socket)) this.#add(socket, -bytes);
    });
  }

  #add(socket: Socket, bytes: number): void {
    this.#bytes += bytes;
    this.#bytesOf.set(socket, (this.#bytesOf.get(socket) ?? 0) + bytes);
  }
}
