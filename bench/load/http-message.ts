/**
 * Takes HTTP/1.1 messages out of what arrives on one connection. Only what the bench needs: bodies with a
 * Content-Length. That makes it several times cheaper than node:http, and the two processors are for the coordinator.
 */
export class MessageReader {
  readonly #onMessage: (head: string, body: string) => void;
  /** Bytes as characters (latin1), so that lengths in characters are lengths in bytes. */
  #rest = '';

  constructor(onMessage: (head: string, body: string) => void) {
    this.#onMessage = onMessage;
  }

  /** @throws Error where a message has a body of unknown length */
  read(chunk: Buffer): void {
    const text = this.#rest + chunk.toString('latin1');
    let at = 0;
    for (;;) {
      const headEnd = text.indexOf('\r\n\r\n', at);
      if (headEnd < 0) break;
      const head = text.slice(at, headEnd);
      const bodyEnd = headEnd + 4 + contentLength(head);
      if (bodyEnd > text.length) break;
      at = bodyEnd;
      this.#onMessage(head, text.slice(headEnd + 4, bodyEnd));
    }
    this.#rest = text.slice(at);
  }
}

const lengthPattern = /\r\ncontent-length: *(\d+)/i;
const chunkedPattern = /\r\ntransfer-encoding:/i;

function contentLength(head: string): number {
  const length = lengthPattern.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (chunkedPattern.test(head)) throw new Error('the bench reads no chunked bodies');
  return 0;
}

/** A whole answer, ready to be written again and again. */
export function answer(status: number, reason: string, body: string): Buffer {
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}
