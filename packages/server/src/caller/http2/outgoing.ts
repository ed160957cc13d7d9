import type { Socket } from 'node:net';

/** Less than this is copied into one piece: that costs less than to write several. */
const joinedBytes = 64 * 1024;

/** What is written on a connection in one turn of the event loop goes out at its end, in one piece where it is little. */
export class Outgoing {
  readonly #socket: Socket;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#pieces.length === 1) process.nextTick(() => this.flush());
  }

  flush(): void {
    const pieces = this.#pieces;
    const [first] = pieces;
    if (first === undefined) return;
    const socket = this.#socket;
    if (!socket.destroyed) {
      if (pieces.length === 1) socket.write(first);
      else if (this.#bytes <= joinedBytes) socket.write(Buffer.concat(pieces, this.#bytes));
      else {
        socket.cork();
        for (const piece of pieces) socket.write(piece);
        socket.uncork();
      }
    }
    this.#pieces = [];
    this.#bytes = 0;
  }
}
