import type { Address } from '../remote/address.ts';
import type { Dialect } from '../remote/dialect.ts';
import type { Migration } from '../remote/migrator.ts';
import { type RemoteSettings, RemoteStore } from '../remote/remote-store.ts';
import { numberAt } from '../remote/values.ts';
import { checkServer } from './checks.ts';
import { Connection } from './connection.ts';
import { migrations } from './migrations.ts';
import { Alerts } from './rows/alerts.ts';
import { Claims } from './rows/claims.ts';
import { Entries } from './rows/entries.ts';
import { Loader } from './rows/loader.ts';
import { Nodes } from './rows/nodes.ts';
import { Upkeep } from './rows/upkeep.ts';
import { Writer } from './rows/writer.ts';
import { PostgresSchema, scriptOf } from './schema.ts';
import { follow, lookAt } from './stand.ts';

export interface PostgresSettings extends RemoteSettings {
  /** A name in small letters: it goes into statements as it is. */
  readonly schema: string;
  /** Default: those of this version. */
  readonly migrations?: readonly Migration[];
}

const form = { schemes: ['postgres', 'postgresql'], defaultPort: 5432 };

/** A shared store: PostgreSQL 13 or later, with any number of coordinators on one schema. */
export class PostgresStore extends RemoteStore<Connection> {
  /** @throws StoreError `unsafe` where the address is none */
  constructor(settings: PostgresSettings) {
    super(settings, form, (address) => dialectOf(settings, address));
  }
}

function dialectOf(
  { schema, connectMs, tls, migrations: known = migrations }: PostgresSettings,
  { user, password, database, hosts }: Address,
): Dialect<Connection> {
  const writer = new Writer(schema);
  return {
    name: 'postgres',
    tables: `schema ${schema}`,
    connect: (host) => Connection.open(host, { user, password, database, connectMs, tls }),
    look: (connection) => lookAt(connection, { schema, hasSeveralHosts: hosts.length > 1 }),
    follow: (connection, stand) => follow(connection, schema, stand),
    check: checkServer,
    migrations: known,
    schema: (connection, beside) => new PostgresSchema({ connection, beside, schema }),
    script: scriptOf,
    ping: async (connection) => {
      await connection.query(`call ${schema}.ping_1(null)`);
    },
    clockMs: async (connection) => {
      const [row = []] = await connection.query('select (extract(epoch from clock_timestamp()) * 1000)::bigint');
      return numberAt(row, 0);
    },
    leastCommitMs: 500,
    write: (batch, use) => use((connection) => writer.write(connection, batch)),
    loader: new Loader(schema, known.length),
    claims: new Claims(schema, known.length),
    entries: new Entries(schema),
    upkeep: new Upkeep(schema),
    alerts: new Alerts(schema),
    nodes: new Nodes(schema, known.length),
  };
}
