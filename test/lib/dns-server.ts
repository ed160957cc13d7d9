import { createSocket, type Socket } from 'node:dgram';

export type DnsRecord =
  | { readonly type: 'A'; readonly address: string; readonly ttl?: number }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    };

const types: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const codes = { A: 1, SRV: 33 } as const;

/** A real DNS server over UDP on loopback: what the test puts into `records`, by name; other names do not exist. */
export class DnsServer {
  readonly records = new Map<string, readonly DnsRecord[]>();
  /** What was asked, as `A orders.shop`. */
  readonly asked: string[] = [];
  isSilent = false;
  /** Questions, as in `asked`, that get no answer. */
  swallows: (question: string) => boolean = () => false;
  /** Names whose questions are answered with this code, such as 2 (SERVFAIL) or 5 (REFUSED). */
  readonly codes = new Map<string, number>();
  #held: (() => void)[] | undefined;
  readonly #socket: Socket = createSocket('udp4');
  address = '';

  async start(): Promise<void> {
    this.#socket.on('message', (query, { port, address }) => {
      const { name, type, end } = questionOf(query);
      this.asked.push(`${type} ${name}`);
      const answer = () => this.#socket.send(this.#answer(query, name, type, end), port, address);
      if (this.#held !== undefined) this.#held.push(answer);
      else if (!this.isSilent && !this.swallows(`${type} ${name}`)) answer();
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    this.address = `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Answers nothing until it is released. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const answer of this.#held ?? []) answer();
    this.#held = undefined;
  }

  /** What is held so far stays held until the function is called; what comes now is answered. */
  keepHeld(): () => void {
    const held = this.#held ?? [];
    this.#held = undefined;
    return () => {
      for (const answer of held) answer();
    };
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #answer(query: Buffer, name: string, type: string, end: number): Buffer {
    const known = this.records.get(name);
    const answers = (known ?? []).filter((record) => record.type === type);
    const head = Buffer.from(query.subarray(0, 12));
    // A response without error, or that the name does not exist; one question, no record but the answers.
    head.writeUInt16BE(0x8180 | (this.codes.get(name) ?? (known === undefined ? 3 : 0)), 2);
    head.writeUInt16BE(answers.length, 6);
    head.writeUInt32BE(0, 8);
    return Buffer.concat([head, query.subarray(12, end), ...answers.map(encoded)]);
  }
}

function questionOf(query: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: types[query.readUInt16BE(at + 1)] ?? '?', end: at + 5 };
}

function encoded(record: DnsRecord): Buffer {
  const data = record.type === 'A' ? Buffer.from(record.address.split('.').map(Number)) : serviceData(record);
  const head = Buffer.alloc(12);
  // The name of the question.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(codes[record.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(record.type === 'A' ? (record.ttl ?? 60) : 60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function serviceData({ priority, weight, port, target }: Extract<DnsRecord, { type: 'SRV' }>): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(priority, 0);
  numbers.writeUInt16BE(weight, 2);
  numbers.writeUInt16BE(port, 4);
  const labels = target.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([numbers, ...labels, Buffer.from([0])]);
}
