import type { Socket } from 'node:net';
import { HoldfastError } from '@holdfast/core';

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

  /** Counts an answer until it is released, or its connection is gone: one behind others is told nothing of that. */
  hold(socket: Socket, bytes: number): void {
    if (socket.destroyed) return;
    this.#add(socket, bytes);
    if (this.#open.has(socket)) return;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#add(socket, -(this.#bytesOf.get(socket) ?? 0));
    });
  }

  /** It was sent. */
  release(socket: Socket, bytes: number): void {
    if (this.#open.has(socket)) this.#add(socket, -bytes);
  }

  tooMany(): HoldfastError {
    return new HoldfastError('UNAVAILABLE', 'too many answers wait for their clients to read them', {
      retryAfterMs: 1000,
    });
  }

  #add(socket: Socket, bytes: number): void {
    this.#bytes += bytes;
    this.#bytesOf.set(socket, (this.#bytesOf.get(socket) ?? 0) + bytes);
  }
}
