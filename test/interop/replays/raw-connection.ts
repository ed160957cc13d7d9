import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';

const answerLimitMs = 20_000;
const endOfHead = '\r\n\r\n';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One TCP connection, on which bytes are sent as they are given. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isEnded = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = () => {
      this.#isEnded = true;
      this.#wake();
    };
    socket.on('close', end);
    // A broken connection is a closed one: the answer is missing, and that is what the test reports.
    socket.on('error', end);
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** @throws Error with what came instead, where no whole answer comes */
  async send(request: string): Promise<RawAnswer> {
    assert.equal(this.#received.length, 0, 'nothing is left of the answer before');
    this.#socket.write(request);
    const head = await this.#take((received) => {
      const end = received.indexOf(endOfHead);
      return end < 0 ? undefined : end + endOfHead.length;
    });
    const [statusLine = '', ...lines] = head.slice(0, -endOfHead.length).split('\r\n');
    const headers = new Map(lines.map((line) => parseHeader(line)));
    const length = Number(headers.get('content-length'));
    assert.ok(Number.isInteger(length), `an answer tells its length:\n${head}`);
    const body = await this.#take((received) => (received.length < length ? undefined : length));
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]), headers, body };
  }

  /** Resolves when the other side has closed it. */
  async closed(): Promise<void> {
    while (!this.#isEnded) await this.#something();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #take(lengthOf: (received: Buffer) => number | undefined): Promise<string> {
    for (;;) {
      const length = lengthOf(this.#received);
      if (length !== undefined) {
        const taken = this.#received.subarray(0, length).toString();
        this.#received = this.#received.subarray(length);
        return taken;
      }
      if (this.#isEnded) throw new Error(`the connection ended after: ${this.#received}`);
      await this.#something();
    }
  }

  #something(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`nothing came for ${answerLimitMs} ms after: ${this.#received}`));
      const timer = setTimeout(late, answerLimitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
