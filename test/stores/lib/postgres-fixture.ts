import pg from 'pg';
import type { Damage } from '../../../packages/server/src/store/contract/fixtures.ts';
import { type PostgresSettings, PostgresStore } from '../../../packages/server/src/store/postgres/postgres-store.ts';
import { claiming } from '../../../packages/server/src/store/postgres/procedures/claim.ts';
import { forSchema } from '../../../packages/server/src/store/postgres/schema.ts';
import type { RemoteSettings } from '../../../packages/server/src/store/remote/remote-store.ts';
import type { PostgresPrograms } from '../../../scripts/lib/toolchains/databases.ts';
import { startPostgres } from '../../lib/servers/postgres.ts';
import type { PrivateServer } from '../../lib/servers/private-server.ts';
import { damageStatement } from './damage.ts';
import type { DatabaseFixture } from './database-fixture.ts';

const schema = 'holdfast';

/** A private PostgreSQL, and a way into it beside the store. */
export class PostgresFixture implements DatabaseFixture {
  readonly server: PrivateServer;
  readonly protocol = 'postgres';
  readonly client: pg.Client;
  #isLockless = false;

  private constructor(server: PrivateServer, client: pg.Client) {
    this.server = server;
    this.client = client;
  }

  static async start(
    programs: PostgresPrograms,
    settings: Readonly<Record<string, string | number>> = {},
  ): Promise<PostgresFixture> {
    const server = await startPostgres(programs, { syncs: true, settings });
    const client = new pg.Client(addressOf(server));
    await client.connect();
    return new PostgresFixture(server, client);
  }

  get url(): string {
    return this.urlAt(this.server.port);
  }

  /** The same, through what stands before it. */
  urlAt(port: number): string {
    return `postgres://root@127.0.0.1:${port}/postgres`;
  }

  /** Rows of `active`, of which a finished transaction has none. */
  async leftovers(): Promise<{ unfinished: number; owners: number }> {
    const { rows } = await this.client.query<{ unfinished: string; owners: string }>(
      `select count(*) filter (where t.status in ('succeed', 'failed') or t.id is null) as unfinished,
         count(*) filter (where a.owner <> '' and n.incarnation is null) as owners
       from ${schema}.active a left join ${schema}.transactions t on t.id = a.id
       left join ${schema}.nodes n on n.incarnation = a.owner`,
    );
    return { unfinished: Number(rows[0]?.unfinished), owners: Number(rows[0]?.owners) };
  }

  store(more: Partial<RemoteSettings> = {}): PostgresStore {
    return new PostgresStore(this.settings(more));
  }

  settings(more: Partial<PostgresSettings> = {}): PostgresSettings {
    return {
      url: this.url,
      schema,
      connections: 6,
      connectMs: 5000,
      commitMs: 10_000,
      readMs: 30_000,
      tls: () => undefined,
      version: '0.0.1',
      ...more,
    };
  }

  async damage(gid: string, damage: Damage): Promise<void> {
    const idOf = async (of: string) => {
      const { rows } = await this.client.query(`select id from ${schema}.transactions where gid = $1`, [of]);
      return Number(rows[0]?.id);
    };
    const other = damage.kind === 'exchanged' ? damage.other : gid;
    await this.client.query(damageStatement(damage, await idOf(gid), await idOf(other), schema));
  }

  /** From now on, until it is emptied, claims lock no row before they write it. */
  async claimWithoutLocks(): Promise<void> {
    this.#isLockless = true;
    await this.client.query(forSchema(claiming.lockless, schema));
  }

  /** Nothing is stored any more. */
  async empty(): Promise<void> {
    const { rows } = await this.client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = $1 and tablename not in ('state', 'probe')`,
      [schema],
    );
    // A truncate makes new files, and syncs each: that takes longer than most tests.
    await this.client.query(rows.map(({ name }) => `delete from ${schema}.${name}`).join('; '));
    if (this.#isLockless) await this.client.query(forSchema(claiming.skipping, schema));
    this.#isLockless = false;
  }

  /** Why a new connection is refused; undefined where it is not. Files and settings are heeded some time after the server was told of them. */
  async refusal(more: pg.ClientConfig): Promise<string | undefined> {
    const client = new pg.Client({ ...addressOf(this.server), ...more });
    try {
      await client.connect();
      return undefined;
    } catch (error) {
      return String(error);
    } finally {
      await client.end();
    }
  }

  /** Closes its own connection. */
  async leave(): Promise<void> {
    await this.client.end();
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.server.stop();
  }
}

function addressOf({ port }: PrivateServer): pg.ClientConfig {
  return { host: '127.0.0.1', port, user: 'root', database: 'postgres' };
}
