import { connect, type Socket } from 'node:net';
import { until } from '../../lib/until.ts';

/** How many requests may be out at once; what is due beyond them waits here. */
const mostSockets = 2000;

/**
 * Clients that come at their times, whatever became of those before. Each is one request over a bare socket that is kept:
 * thousands a second cost this process little.
 */
export class Flood {
  /** By status; 0: the connection ended without an answer. */
  readonly counts = new Map<number, number>();
  withoutRetryAfter = 0;
  readonly #port: number;
  readonly #bodyOf: (number: number) => string;
  readonly #idle: Client[] = [];
  readonly #all = new Set<Client>();
  #waiting = 0;
  #asked = 0;
  #underWay = 0;

  constructor(port: number, bodyOf: (number: number) => string) {
    this.#port = port;
    this.#bodyOf = bodyOf;
  }

  get underWay(): number {
    return this.#underWay + this.#waiting;
  }

  get answered(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get said(): string {
    return [...this.counts].map(([status, count]) => `${count} were answered ${status}`).join(', ');
  }

  /** Resolves when the last has been sent. */
  async run(seconds: number, perSecond: number, eachSecond: () => void = () => undefined): Promise<void> {
    const begin = performance.now();
    let due = 0;
    let told = 0;
    await until(
      'all have been sent',
      () => {
        const elapsed = Math.min(seconds, (performance.now() - begin) / 1000);
        for (; due < elapsed * perSecond; due += 1) this.#waiting += 1;
        this.#send();
        for (; told < Math.floor(elapsed); told += 1) eachSecond();
        return elapsed >= seconds && this.#waiting === 0;
      },
      seconds * 1000 + 120_000,
    );
  }

  stop(): void {
    for (const client of this.#all) client.socket.destroy();
  }

  #send(): void {
    while (this.#waiting > 0) {
      const client = this.#idle.pop() ?? (this.#all.size < mostSockets ? this.#open() : undefined);
      if (client === undefined) return;
      this.#waiting -= 1;
      this.#underWay += 1;
      this.#asked += 1;
      const body = this.#bodyOf(this.#asked);
      client.isBusy = true;
      client.socket.write(
        `POST /api/dtmsvr/submit HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    }
  }

  #open(): Client {
    const client: Client = { socket: connect(this.#port, '127.0.0.1'), text: '', isBusy: false };
    this.#all.add(client);
    client.socket.on('data', (chunk: Buffer) => {
      client.text += chunk.toString('latin1');
      const answer = answerIn(client.text);
      if (answer === undefined) return;
      client.text = '';
      if (answer.status === 503 && !answer.hasRetryAfter) this.withoutRetryAfter += 1;
      this.#ended(client, answer.status);
      this.#idle.push(client);
      this.#send();
    });
    client.socket.on('error', () => client.socket.destroy());
    client.socket.on('close', () => {
      this.#all.delete(client);
      const index = this.#idle.indexOf(client);
      if (index >= 0) this.#idle.splice(index, 1);
      this.#ended(client, 0);
    });
    return client;
  }

  #ended(client: Client, status: number): void {
    if (!client.isBusy) return;
    client.isBusy = false;
    this.#underWay -= 1;
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
  }
}

interface Client {
  readonly socket: Socket;
  text: string;
  isBusy: boolean;
}

/** Undefined: it is not whole yet. */
function answerIn(text: string): { status: number; hasRetryAfter: boolean } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end).toLowerCase();
  const length = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0);
  if (text.length < end + 4 + length) return undefined;
  return { status: Number(head.slice(9, 12)), hasRetryAfter: head.includes('\r\nretry-after:') };
}
