import type { Address } from '../remote/address.ts';
import type { Dialect } from '../remote/dialect.ts';
import type { Migration } from '../remote/migrator.ts';
import { type RemoteSettings, RemoteStore } from '../remote/remote-store.ts';
import { numberAt } from '../remote/values.ts';
import { checkServer } from './checks.ts';
import { Connection } from './connection.ts';
import { migrations } from './migrations.ts';
import { clockMs } from './procedures/common.ts';
import { Alerts } from './rows/alerts.ts';
import { Claims } from './rows/claims.ts';
import { Entries } from './rows/entries.ts';
import { Loader } from './rows/loader.ts';
import { Nodes } from './rows/nodes.ts';
import { Upkeep } from './rows/upkeep.ts';
import { Writer, writePatiently } from './rows/writer.ts';
import { MySqlSchema, scriptOf } from './schema.ts';
import { follow, lookAt } from './stand.ts';

export interface MySqlSettings extends RemoteSettings {
  /** The names of tables and procedures begin with it; letters, digits and underscores: it goes into statements as it is. */
  readonly prefix: string;
  /** Default: those of this version. */
  readonly migrations?: readonly Migration[];
}

const form = { schemes: ['mysql', 'mariadb'], defaultPort: 3306 };

/** A shared store: MySQL 8 or MariaDB 10.6 and later, with any number of coordinators on one database. */
export class MySqlStore extends RemoteStore<Connection> {
  /** @throws StoreError `unsafe` where the address is none */
  constructor(settings: MySqlSettings) {
    super(settings, form, (address) => dialectOf(settings, address));
  }
}

function dialectOf(
  { prefix, connectMs, tls, migrations: known = migrations }: MySqlSettings,
  { user, password, database }: Address,
): Dialect<Connection> {
  const writer = new Writer(prefix);
  return {
    name: 'mysql',
    tables: `tables ${prefix}...`,
    connect: (host) => Connection.open(host, { user, password, database, connectMs, tls }),
    look: (connection) => lookAt(connection, prefix),
    follow: (connection, stand) => follow(connection, prefix, stand),
    check: checkServer,
    migrations: known,
    schema: (connection, beside) => new MySqlSchema({ connection, beside, prefix }),
    script: scriptOf,
    ping: async (connection) => {
      await connection.call(`call ${prefix}ping_1()`);
    },
    clockMs: async (connection) => {
      const [row = []] = await connection.query(`select ${clockMs}`);
      return numberAt(row, 0);
    },
    // It waits for a lock for a second, which is the least that can be set; MySQL takes up to two for it.
    leastCommitMs: 2500,
    write: (batch, use) => writePatiently(batch, (some) => use((connection) => writer.write(connection, some))),
    loader: new Loader(prefix, known.length),
    claims: new Claims(prefix, known.length),
    entries: new Entries(prefix),
    upkeep: new Upkeep(prefix),
    alerts: new Alerts(prefix),
    nodes: new Nodes(prefix, known.length),
  };
}
