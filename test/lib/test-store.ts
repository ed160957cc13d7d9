import { mariaDb, postgres } from '../../scripts/lib/toolchains/databases.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { startMariaDb } from './servers/mariadb.ts';
import { startPostgres } from './servers/postgres.ts';
import type { PrivateServer } from './servers/private-server.ts';

/**
 * The same tests run on every store, and with one to three coordinators on a shared one: `HOLDFAST_TEST_STORE` says on
 * which, `HOLDFAST_TEST_NODES` with how many. Default: the embedded store, which has one.
 */
export type StoreKind = (typeof storeKinds)[number];
export const storeKinds = ['sqlite', 'postgres', 'mysql'] as const;
export type SharedKind = Exclude<StoreKind, 'sqlite'>;

export interface TestStore {
  readonly kind: StoreKind;
  readonly nodes: number;
}

/** By the environment. @throws Error where it says what there is not */
export function testStore(): TestStore {
  const { HOLDFAST_TEST_STORE: named = 'sqlite', HOLDFAST_TEST_NODES: count = '1' } = process.env;
  const kind = storeKinds.find((one) => one === named);
  if (kind === undefined) throw new Error(`HOLDFAST_TEST_STORE must be one of ${storeKinds.join(', ')}, not ${named}`);
  const nodes = Number(count);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 9 || (kind === 'sqlite' && nodes > 1)) {
    throw new Error(`HOLDFAST_TEST_NODES must be a whole number from 1 to 9, and 1 on sqlite; it is ${count}`);
  }
  return { kind, nodes };
}

/** What no other test has: tables of one's own in a database server. */
export interface StorePlace {
  /** For the coordinators, by variable. */
  readonly settings: Readonly<Record<string, string>>;
  /** Nobody uses it any more. */
  leave(): Promise<void>;
}

/** A server that stands for a whole run: `HOLDFAST_TEST_SERVER` has its port. Without it each process of tests starts its own. */
const portOfRun = process.env['HOLDFAST_TEST_SERVER'];

let own: { readonly kind: SharedKind; readonly server: Promise<PrivateServer>; users: number } | undefined;
let places = 0;

export async function newPlace(kind: SharedKind): Promise<StorePlace> {
  places += 1;
  const schema = `w${process.pid}_${places}`;
  if (portOfRun !== undefined) {
    return { settings: settingsOf(kind, Number(portOfRun), schema), leave: async () => undefined };
  }
  own ??= { kind, server: startServer(kind), users: 0 };
  const used = own;
  if (used.kind !== kind) throw new Error('tests of one process are on one kind of store');
  used.users += 1;
  const { port } = await used.server;
  const leave = async () => {
    used.users -= 1;
    if (used.users > 0) return;
    own = undefined;
    await (await used.server).stop();
  };
  return { settings: settingsOf(kind, port, schema), leave };
}

/** What a kind of store needs to be started. */
export function serverOf(kind: SharedKind): Toolchain<unknown> {
  return kind === 'postgres' ? postgres() : mariaDb();
}

/** A server for tests on that kind of store. */
export async function startServer(kind: SharedKind): Promise<PrivateServer> {
  if (kind === 'postgres') {
    // Many coordinators, each with its connections.
    return startPostgres(foundOf(postgres()), { syncs: true, settings: { max_connections: 300 } });
  }
  const settings = { 'max-allowed-packet': '64M', 'max-connections': 300 };
  const server = await startMariaDb(foundOf(mariaDb()), { settings });
  await server.sql(`create database ${database}`);
  return server;
}

const database = 'holdfast';

function foundOf<Programs>(toolchain: Toolchain<Programs>): Programs {
  if ('missing' in toolchain) throw new Error(toolchain.missing);
  return toolchain.found;
}

function settingsOf(kind: SharedKind, port: number, schema: string): Record<string, string> {
  const [scheme, name] = kind === 'postgres' ? ['postgres', 'postgres'] : ['mysql', database];
  return {
    HOLDFAST_STORE_URL: `${scheme}://root@127.0.0.1:${port}/${name}`,
    HOLDFAST_STORE_SCHEMA: schema,
    HOLDFAST_STORE_CONNECTIONS: '4',
  };
}
