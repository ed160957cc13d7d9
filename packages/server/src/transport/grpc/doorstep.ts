import type { Socket } from 'node:net';
import { sentence, spokenIn } from './preface.ts';

export interface DoorstepParts {
  readonly isTls: boolean;
  /** Where HTTP is served, for whoever looks for it here. */
  readonly httpUrl: string;
  /** How long a client may take for the first bytes. */
  readonly timeoutMs: number;
  /** What was read of it was put back. */
  serve(socket: Socket): void;
}

/** How long a client may take to read why it is not served. */
const farewellMs = 1000;

/** Looks at the first bytes of connections: who speaks something else is told what this port is. */
export class Doorstep {
  readonly #parts: DoorstepParts;
  readonly #waiting = new Set<Socket>();

  constructor(parts: DoorstepParts) {
    this.#parts = parts;
  }

  take(socket: Socket): void {
    let first = Buffer.alloc(0);
    const tooSlow = setTimeout(() => socket.destroy(), this.#parts.timeoutMs).unref();
    const gone = () => {
      clearTimeout(tooSlow);
      this.#waiting.delete(socket);
    };
    const look = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      first = Buffer.concat([first, chunk]);
      const spoken = spokenIn(first);
      if (spoken === 'more') return;
      socket.off('readable', look).off('close', gone);
      gone();
      if (spoken !== (this.#parts.isTls ? 'tls' : 'http2')) this.explain(socket);
      else {
        socket.unshift(first);
        this.#parts.serve(socket);
      }
    };
    this.#waiting.add(socket);
    socket.on('readable', look).once('close', gone);
  }

  /** Says in words what is served here, and closes it. */
  explain(socket: Socket): void {
    const { isTls, httpUrl } = this.#parts;
    const how = isTls ? 'over TLS only' : 'in plain text, without TLS';
    socket.end(sentence(`This port serves gRPC (HTTP/2) ${how}. Holdfast serves HTTP at ${httpUrl}`));
    // Closed with something unread, the connection would be reset, and the answer lost.
    socket.resume();
    const cut = setTimeout(() => socket.destroy(), farewellMs).unref();
    socket.once('close', () => clearTimeout(cut));
  }

  /** Whoever has said nothing yet is not waited for. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }
}
