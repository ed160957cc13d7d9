import { type Connection, createConnection } from 'mysql2/promise';
import type { Damage } from '../../../packages/server/src/store/contract/fixtures.ts';
import type { MySqlSettings } from '../../../packages/server/src/store/mysql/mysql-store.ts';
import { claiming } from '../../../packages/server/src/store/mysql/procedures/claim.ts';
import { withPrefix } from '../../../packages/server/src/store/mysql/schema.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { mySqlDamage } from './mysql-damage.ts';

const prefix = 'holdfast_';
const database = 'kept';

/** What the largest transaction needs. */
export const mySqlSettings = { 'max-allowed-packet': '64M' } as const;

/** A private MariaDB or MySQL, and a way into it beside the store. */
export class MySqlFixture implements DatabaseFixture {
  readonly server: PrivateServer;
  readonly client: Connection;
  #isLockless = false;

  private constructor(server: PrivateServer, client: Connection) {
    this.server = server;
    this.client = client;
  }

  /** @param server its end is this fixture's */
  static async on(server: PrivateServer): Promise<MySqlFixture> {
    // Whatever the character set of the database is: texts are bytes.
    await server.sql(`create database ${database} character set latin1`);
    return new MySqlFixture(server, await connect(server));
  }

  /** After the server was restarted. */
  static async again({ server, client }: MySqlFixture): Promise<MySqlFixture> {
    client.destroy();
    return new MySqlFixture(server, await connect(server));
  }

  get url(): string {
    return this.urlAt(this.server.port);
  }

  /** The same, through what stands before it, or as another user. */
  urlAt(port: number, user = 'root'): string {
    return `mysql://${user}@127.0.0.1:${port}/${database}`;
  }

  settings(more: Partial<MySqlSettings> = {}): MySqlSettings {
    return {
      url: this.url,
      prefix,
      connections: 6,
      connectMs: 5000,
      commitMs: 10_000,
      readMs: 30_000,
      tls: () => undefined,
      version: '0.0.1',
      ...more,
    };
  }

  /** Rows of `active`, of which a finished transaction has none. */
  async leftovers(): Promise<{ unfinished: number; owners: number }> {
    const [rows] = await this.client.query(
      `select cast(ifnull(sum(t.status in ('succeed', 'failed') or t.id is null), 0) as signed) as unfinished,
         cast(ifnull(sum(a.owner <> '' and n.incarnation is null), 0) as signed) as owners
       from ${prefix}active a left join ${prefix}transactions t on t.id = a.id
       left join ${prefix}nodes n on n.incarnation = a.owner`,
    );
    const [row] = rows as { unfinished: number; owners: number }[];
    return { unfinished: Number(row?.unfinished), owners: Number(row?.owners) };
  }

  async damage(gid: string, damage: Damage): Promise<void> {
    const idOf = async (of: string) => {
      const [rows] = await this.client.execute(`select id from ${prefix}transactions where gid = ?`, [of]);
      return Number((rows as { id: number }[])[0]?.id);
    };
    const other = damage.kind === 'exchanged' ? damage.other : gid;
    await this.client.query(mySqlDamage(damage, await idOf(gid), await idOf(other), prefix));
  }

  /** From now on, until it is emptied, claims lock no row before they write it. */
  async claimWithoutLocks(): Promise<void> {
    this.#isLockless = true;
    await this.#replaceClaim(claiming.lockless);
  }

  /** Nothing is stored any more. */
  async empty(): Promise<void> {
    const [rows] = await this.client.query(
      'select table_name as name from information_schema.tables where table_schema = ?',
      [database],
    );
    const names = (rows as { name: string }[]).map(({ name }) => name);
    const emptied = names.filter((name) => name !== `${prefix}state` && name !== `${prefix}probe`);
    await this.client.query(emptied.map((name) => `delete from ${name}`).join('; '));
    if (this.#isLockless) await this.#replaceClaim(claiming.skipping);
    this.#isLockless = false;
  }

  /** Closes its own connection. */
  async leave(): Promise<void> {
    await this.client.end();
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.server.stop();
  }

  async #replaceClaim(text: string): Promise<void> {
    await this.client.query(`drop procedure if exists ${prefix}claim_1`);
    await this.client.query(withPrefix(text, prefix));
  }
}

function connect({ port }: PrivateServer): Promise<Connection> {
  return createConnection({ host: '127.0.0.1', port, user: 'root', database, multipleStatements: true });
}
