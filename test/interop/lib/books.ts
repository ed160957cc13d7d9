import type { PrivateServer } from '../../lib/servers/private-server.ts';
import type { SqlDatabase } from './sql-database.ts';

/** What every account begins with. */
export const opening = 100;

/** `[balance, outgoing, incoming]`; undefined where there is no such account. */
export type Standing = readonly number[] | undefined;

/** Nothing has happened to it. */
export const untouched: Standing = [opening, 0, 0];

/** The accounts of the bank, looked at from outside of the SDKs. */
export interface Books {
  readonly port: number;
  /** Opens an account that nobody else uses. */
  openAccount(): Promise<string>;
  standing(...accounts: string[]): Promise<Standing[]>;
  /** The rows of a transaction in the barrier, as `branch op reason`, sorted. */
  barriers(gid: string): Promise<string[]>;
  stop(): Promise<void>;
}

export class SqlBooks implements Books {
  readonly #database: SqlDatabase;
  #accounts = 0;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  get port(): number {
    return this.#database.port;
  }

  async openAccount(): Promise<string> {
    this.#accounts += 1;
    const name = `account-${this.#accounts}`;
    await this.#database.sql(`insert into bank.account(name, balance) values ('${name}', ${opening})`);
    return name;
  }

  async standing(...accounts: string[]): Promise<Standing[]> {
    const names = accounts.map((name) => `'${name}'`).join(', ');
    const rows = await this.#database.sql(
      `select name, balance, outgoing, incoming from bank.account where name in (${names})`,
    );
    const byName = new Map(rows.map(([name = '', ...amounts]) => [name, amounts.map(Number)]));
    return accounts.map((name) => byName.get(name));
  }

  async barriers(gid: string): Promise<string[]> {
    const rows = await this.#database.sql(
      `select branch_id, op, reason from dtm_barrier.barrier where gid = '${gid}' order by branch_id, op`,
    );
    return rows.map((row) => row.join(' '));
  }

  stop(): Promise<void> {
    return this.#database.stop();
  }
}

/** An integer key for each account; what is frozen is not shown. */
export class RedisBooks implements Books {
  readonly #redis: PrivateServer;
  #accounts = 0;

  constructor(redis: PrivateServer) {
    this.#redis = redis;
  }

  get port(): number {
    return this.#redis.port;
  }

  async openAccount(): Promise<string> {
    this.#accounts += 1;
    const name = `account-${this.#accounts}`;
    await this.#redis.ask('set', name, String(opening));
    return name;
  }

  async standing(...accounts: string[]): Promise<Standing[]> {
    const balances = await this.#redis.ask('mget', ...accounts);
    return balances.map((balance) => (balance === '' ? undefined : [Number(balance), 0, 0]));
  }

  async barriers(gid: string): Promise<string[]> {
    const keys = (await this.#redis.ask('keys', `${gid}-*`)).filter((key) => key !== '').sort();
    const rows = keys.map(async (key) => {
      const [, branchId, op] = /-([0-9]+)-([a-z]+)-[0-9]+$/.exec(key) ?? [];
      const [value = ''] = await this.#redis.ask('get', key);
      // The SDK writes the word `op` for the operation of the key.
      return [branchId, op, value === 'op' ? op : value].join(' ');
    });
    return Promise.all(rows);
  }

  stop(): Promise<void> {
    return this.#redis.stop();
  }
}
