import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bank, type Posting } from './bank.ts';
import { Child, freePort, pause } from './child.ts';
import { statusOf } from './coordinator-client.ts';

const here = import.meta.dirname;
const waitLimitMs = 60_000;

/** What each owner should have (balance and what is frozen), by name. */
export type Holdings = Readonly<Record<string, number>>;

/** A bank as the story sees it: a process to be killed, a URL to be called, a file to be audited. */
export interface BankHandle {
  readonly child: Child;
  readonly url: string;
  readonly databasePath: string;
}

/** Three processes and a temporary folder: a coordinator and two banks. */
export class World {
  readonly coordinator: Child;
  readonly coordinatorUrl: string;
  readonly north: BankHandle;
  readonly south: BankHandle;
  readonly #folder: string;

  private constructor(folder: string, ports: readonly [number, number, number]) {
    const [coordinatorPort, northPort, southPort] = ports;
    this.#folder = folder;
    this.coordinatorUrl = `http://127.0.0.1:${coordinatorPort}`;
    this.coordinator = new Child({
      name: 'the coordinator',
      args: [join(here, '..', '..', 'packages', 'server', 'src', 'cli.ts'), 'serve'],
      env: {
        HOLDFAST_HTTP_HOST: '127.0.0.1',
        HOLDFAST_HTTP_PORT: String(coordinatorPort),
        HOLDFAST_GRPC_SERVE: 'off',
        HOLDFAST_DATA_DIR: join(folder, 'coordinator'),
      },
      readyUrl: `${this.coordinatorUrl}/readyz`,
    });
    this.north = this.#bank('North', northPort, ['alice=100', 'carol=0']);
    this.south = this.#bank('South', southPort, ['bob=100']);
  }

  static async create(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-bank-transfer-'));
    return new World(folder, [await freePort(), await freePort(), await freePort()]);
  }

  get #children(): readonly Child[] {
    return [this.coordinator, this.north.child, this.south.child];
  }

  async start(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.start()));
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What the processes printed last, for when something went wrong. */
  outputs(): string {
    return this.#children.map(({ name, output }) => `---- ${name} printed last\n${output}`).join('\n');
  }

  /** What every owner has, read from the database files: a bank need not be alive for that. */
  holdings(): Holdings {
    const found: Record<string, number> = {};
    for (const { owner, balance, frozen } of this.#read((bank) => bank.accounts())) found[owner] = balance + frozen;
    return found;
  }

  frozen(): number {
    return this.#read((bank) => bank.accounts()).reduce((sum, { frozen }) => sum + frozen, 0);
  }

  postings(gid: string): Posting[] {
    return this.#read((bank) => bank.postings(gid));
  }

  /** The next call of that path at that bank waits for ever, before or after the bank has done its work. */
  async hold(bank: BankHandle, path: string, point: 'before' | 'after'): Promise<void> {
    await fetch(`${bank.url}/hold`, { method: 'POST', body: JSON.stringify({ path, point }) });
  }

  async untilHeld(bank: BankHandle): Promise<void> {
    await this.until('a call is held', async () => (await seen(bank, '')).held > 0);
  }

  /** How often this life of the bank was called for that transaction. */
  async calls(bank: BankHandle, gid: string): Promise<number> {
    return (await seen(bank, gid)).calls;
  }

  async untilStatus(gid: string, wanted: string): Promise<void> {
    await this.until(`${gid} is ${wanted}`, async () => {
      const status = await statusOf(this.coordinatorUrl, gid);
      if (status !== wanted && (status === 'succeed' || status === 'failed')) {
        throw new Error(`${gid} should have become ${wanted}, but is ${status}`);
      }
      return status === wanted;
    });
  }

  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + waitLimitMs;
    while (!(await isSo())) {
      if (performance.now() > deadlineMs) throw new Error(`waited ${waitLimitMs / 1000} s in vain until ${what}`);
      await pause(10);
    }
  }

  #bank(name: string, port: number, openings: readonly string[]): BankHandle {
    const url = `http://127.0.0.1:${port}`;
    const databasePath = join(this.#folder, `${name.toLowerCase()}.db`);
    const args = [join(here, 'service.ts'), name, databasePath, String(port), this.coordinatorUrl, ...openings];
    return { child: new Child({ name, args, readyUrl: `${url}/seen` }), url, databasePath };
  }

  #read<Row>(read: (bank: Bank) => readonly Row[]): Row[] {
    return [this.north, this.south].flatMap(({ databasePath }) => {
      const bank = new Bank(databasePath);
      try {
        return read(bank);
      } finally {
        bank.close();
      }
    });
  }
}

async function seen(bank: BankHandle, gid: string): Promise<{ calls: number; held: number }> {
  const response = await fetch(`${bank.url}/seen?gid=${encodeURIComponent(gid)}`);
  return (await response.json()) as { calls: number; held: number };
}
