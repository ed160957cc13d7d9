import { connect, type Socket } from 'node:net';
import { MessageReader } from '../load/http-message.ts';

export interface Answer {
  readonly status: number;
  readonly head: string;
}

/** `lost`: the connection ended before an answer came; `given-up`: no connection was free in time. */
export type Answered = (answer: Answer | 'lost' | 'given-up') => void;

interface Connection {
  readonly socket: Socket;
  answered: Answered | undefined;
}

interface Request {
  readonly text: string;
  readonly answered: Answered;
  readonly patientUntilMs: number;
}

/** How long a request waits for a connection: as pools of clients have it, some seconds. */
const patienceMs = 5000;

const openedAtOnce = 100;

/**
 * Kept-alive connections, as the pools of many clients have them, all open before there is load: one request at a time
 * on each. What finds none free waits here, and goes out with the next that is, or is given up.
 */
export class Connections {
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #waiting: Request[] = [];
  #nextWaiting = 0;
  #isClosing = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** Requests that wait for a connection. */
  get waiting(): number {
    return this.#waiting.length - this.#nextWaiting;
  }

  async open(count: number): Promise<void> {
    while (this.#all.size < count) {
      const more = Math.min(openedAtOnce, count - this.#all.size);
      await Promise.all(Array.from({ length: more }, () => this.#open()));
    }
  }

  send(path: string, body: string, answered: Answered): void {
    const text =
      `POST /api/dtmsvr/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const request = { text, answered, patientUntilMs: performance.now() + patienceMs };
    const connection = this.#idle.pop();
    if (connection !== undefined) {
      this.#write(connection, request);
      return;
    }
    this.#waiting.push(request);
    this.#giveUp();
  }

  close(): void {
    this.#isClosing = true;
    for (const { socket } of this.#all) socket.destroy();
  }

  #write(connection: Connection, { text, answered }: Request): void {
    connection.answered = answered;
    connection.socket.write(text);
  }

  #open(): Promise<void> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const connection: Connection = { socket, answered: undefined };
    const reader = new MessageReader((head) => {
      const { answered } = connection;
      connection.answered = undefined;
      this.#free(connection);
      answered?.({ status: Number(head.slice(9, 12)), head });
    });
    socket.on('data', (chunk) => reader.read(chunk));
    // Told by `close`, which follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(connection));
    this.#all.add(connection);
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.once('connect', () => {
        // Connected is not accepted: the kernel says so before the coordinator, and drops what it accepts too late.
        connection.answered = () => resolve();
        socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      });
    });
  }

  #free(connection: Connection): void {
    this.#giveUp();
    const request = this.#takeWaiting();
    if (request === undefined) this.#idle.push(connection);
    else this.#write(connection, request);
  }

  #giveUp(): void {
    const nowMs = performance.now();
    while ((this.#waiting[this.#nextWaiting]?.patientUntilMs ?? nowMs) < nowMs)
      this.#takeWaiting()?.answered('given-up');
  }

  #takeWaiting(): Request | undefined {
    const request = this.#waiting[this.#nextWaiting];
    if (request === undefined) return undefined;
    this.#nextWaiting += 1;
    if (this.#nextWaiting === this.#waiting.length) {
      this.#waiting = [];
      this.#nextWaiting = 0;
    }
    return request;
  }

  /** Another one takes its place. */
  #closed(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#isClosing) return;
    connection.answered?.('lost');
    void this.#open();
  }
}
