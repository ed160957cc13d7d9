import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { mariaDb, postgres, redis } from '../../../scripts/lib/toolchains/databases.ts';
import { goProgram } from '../../../scripts/lib/toolchains/go.ts';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';
import { DtmClient } from '../../e2e/dtm-client.ts';
import { ManualClock } from '../../e2e/manual-clock.ts';
import { Bank, type Started } from '../lib/bank.ts';
import { type Books, RedisBooks, SqlBooks } from '../lib/books.ts';
import { startBankOnMariaDb } from '../lib/maria-db.ts';
import { startBankOnPostgres } from '../lib/postgres.ts';
import { type Reached, reachManual } from '../lib/reached.ts';
import { startRedis } from '../lib/redis.ts';
import type { SqlDatabase } from '../lib/sql-database.ts';
import { describeWith } from '../lib/with-toolchains.ts';

export type Transport = 'http' | 'json-rpc' | 'grpc';

/** By the SDK's own names. */
export type DatabaseKind = 'mysql' | 'postgres' | 'redis';

/** What an initiator is asked for, as main.go reads it. */
export interface Transfer {
  readonly pattern: string;
  readonly payer: string;
  readonly payee: string;
  readonly amount: number;
  /** Default: the SDK asks the coordinator for one. */
  readonly gid?: string;
  /** The first call of each branch is done and not answered. */
  readonly loseAnswer?: boolean;
}

/** The initiator's process ends there. */
export type Death = 'before-commit' | 'after-commit' | 'after-first-step';

interface Database {
  readonly books: Books;
  /** None of Redis. */
  readonly sql?: SqlDatabase;
}

const starts = {
  mysql: () => started(mariaDb(), async (programs) => sqlDatabase(await startBankOnMariaDb(programs))),
  postgres: () => started(postgres(), async (programs) => sqlDatabase(await startBankOnPostgres(programs))),
  redis: () => started(redis(), async (programs) => ({ books: new RedisBooks(await startRedis(programs)) })),
} as const;

function sqlDatabase(sql: SqlDatabase): Database {
  return { books: new SqlBooks(sql), sql };
}

function started<T>(
  toolchain: Toolchain<T>,
  start: (programs: T) => Promise<Database>,
): Toolchain<() => Promise<Database>> {
  return 'found' in toolchain ? { found: () => start(toolchain.found) } : toolchain;
}

const titles = {
  mysql: 'MariaDB',
  postgres: 'PostgreSQL',
  redis: 'Redis',
  http: 'HTTP',
  'json-rpc': 'JSON-RPC',
  grpc: 'gRPC',
} as const;

/** Describes tests in one world, one after the other: they share its clock. */
export function describeWorld(transport: Transport, kind: DatabaseKind, define: (world: () => World) => void): void {
  const toolchains = { startDatabase: starts[kind](), program: goProgram(import.meta.dirname) };
  const defineIn = (found: { startDatabase: () => Promise<Database>; program: string }) => {
    let world: World | undefined;
    before(async () => {
      world = await World.start({ ...found, transport, kind });
    });
    after(() => world?.stop());
    define(() => {
      assert.ok(world !== undefined, 'it was started');
      return world;
    });
  };
  describeWith(`the Go SDK over ${titles[transport]} on ${titles[kind]}`, toolchains, defineIn, 1);
}

export interface WorldOptions {
  readonly program: string;
  readonly startDatabase: () => Promise<Database>;
  readonly transport: Transport;
  readonly kind: DatabaseKind;
}

/** A coordinator whose clock the tests move, a database, and a bank on the Go SDK. */
export class World {
  readonly #coordinator: Reached;
  readonly client: DtmClient;
  readonly clock: ManualClock;
  readonly books: Books;
  readonly sql: SqlDatabase | undefined;
  readonly bank: Bank;
  readonly #transport: Transport;

  private constructor(coordinator: Reached, { books, sql }: Database, options: WorldOptions) {
    this.#coordinator = coordinator;
    this.client = new DtmClient(coordinator.url);
    this.clock = new ManualClock(this.client.http);
    this.books = books;
    this.sql = sql;
    this.#transport = options.transport;
    this.bank = new Bank({
      command: options.program,
      serveArgs: ['bank'],
      startArgs: ['start'],
      environment: {
        COORDINATOR: coordinator.url,
        COORDINATOR_GRPC: coordinator.grpcAddress,
        TRANSPORT: options.transport,
        DATABASE: options.kind,
        DATABASE_PORT: String(books.port),
      },
    });
  }

  static async start(options: WorldOptions): Promise<World> {
    const database = await options.startDatabase();
    const world = new World(await reachManual(), database, options);
    await world.bank.serve();
    return world;
  }

  async stop(): Promise<void> {
    this.client.close();
    await Promise.all([this.bank.stop(), this.#coordinator.stop(), this.books.stop()]);
  }

  /** Runs an initiator, until all that follows from it has happened. */
  async transfer(transfer: Transfer, diesAt: Death | '' = ''): Promise<Started> {
    const environment = { DIES_AT: diesAt, WORKFLOW_CALLBACK: `${this.bank.url}/workflow` };
    const ended = await this.bank.start([JSON.stringify(transfer)], environment);
    if (ended.exitCode === 2) throw new Error(`the SDK broke:\n${ended.errors}`);
    await this.clock.settle();
    return ended;
  }

  /** Makes two branches of the bank subscribers of the topic that the payee's deposits are sent to. */
  async subscribe(payee: string): Promise<void> {
    if (this.#transport === 'grpc') {
      const { said } = await this.transfer({ pattern: 'subscribe', payer: '', payee, amount: 0, gid: 'none' });
      assert.deepEqual(said, { returned: '' });
      return;
    }
    // The SDK has no call for it over HTTP.
    for (const branch of ['Deposit', 'DepositTry']) {
      const query = new URLSearchParams({ topic: `deposits-of-${payee}`, url: `${this.bank.url}/${branch}` });
      const { status, text } = await this.client.get(`subscribe?${query}`);
      assert.deepEqual([status, text], [200, '{"dtm_result":"SUCCESS"}']);
    }
  }

  /** Opens an account for each side. */
  async accounts(): Promise<{ payer: string; payee: string }> {
    return { payer: await this.books.openAccount(), payee: await this.books.openAccount() };
  }
}
