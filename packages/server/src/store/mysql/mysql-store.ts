import type { ConnectionOptions } from 'node:tls';
import type { Placed } from '../capabilities.ts';
import type { ChangedRow, Heard, Heartbeat, SeenRow } from '../nodes.ts';
import { type Address, parseAddress } from '../remote/address.ts';
import { commitDivided, issueAgain, type Results } from '../remote/batch.ts';
import { encodeWrite } from '../remote/encoded-write.ts';
import { ofReading, RemoteError, toStoreError } from '../remote/judged.ts';
import { Pool } from '../remote/pool.ts';
import { Servers } from '../remote/servers.ts';
import { toListed } from '../remote/transaction-row.ts';
import { numberAt } from '../remote/values.ts';
import {
  type AlertRequest,
  type ClaimRequest,
  type ClaimResult,
  type Counts,
  type KeyValue,
  type ListFilter,
  type ListPage,
  type OwedAlert,
  type OwnedRow,
  type Store,
  type StoredTransaction,
  StoreError,
  type TakenAlerts,
  type Write,
} from '../store.ts';
import { checkServer } from './checks.ts';
import { Connection } from './connection.ts';
import { migrate } from './migrate.ts';
import { clockMs } from './migrations/002-procedures.ts';
import { Alerts } from './rows/alerts.ts';
import { Claimer } from './rows/claimer.ts';
import { Listing } from './rows/listing.ts';
import { Loader } from './rows/loader.ts';
import { Nodes } from './rows/nodes.ts';
import { type PurgePlace, Upkeep } from './rows/upkeep.ts';
import { Writer, writePatiently } from './rows/writer.ts';

export interface MySqlSettings {
  /** `mysql://user:password@host:port,host:port/database` */
  readonly url: string;
  /** The names of tables and procedures begin with it; letters, digits and underscores: it goes into statements as it is. */
  readonly prefix: string;
  /** Connections beside the one of the heartbeat. */
  readonly connections: number;
  readonly connectMs: number;
  /** How long a commit or a claim may take before its outcome counts as unknown. */
  readonly commitMs: number;
  /** How long whatever only reads, or may take longer, may take. */
  readonly readMs: number;
  /** Asked for each connection. Undefined: without TLS. */
  readonly tls: () => ConnectionOptions | undefined;
}

const heartbeatMs = 800;
/** Rows per step of a purge or a mass change: each is a transaction of its own. */
const stepRows = 500;
const form = { schemes: ['mysql', 'mariadb'], defaultPort: 3306 };
const firstPlace: PurgePlace = { createdMs: Number.MIN_SAFE_INTEGER, gid: '' };

/** A shared store: MySQL 8 or MariaDB 10.6 and later, with any number of coordinators on one database. */
export class MySqlStore implements Store, Placed {
  readonly name = 'mysql';
  readonly exclusive = false;
  readonly #settings: MySqlSettings;
  readonly #address: Address;
  readonly #servers: Servers<Connection>;
  #pool: Pool<Connection>;
  /** Nothing else waits on it, and it waits for nothing else. */
  #heart: Pool<Connection>;
  readonly #writer: Writer;
  readonly #loader: Loader;
  readonly #claimer: Claimer;
  readonly #listing: Listing;
  readonly #upkeep: Upkeep;
  readonly #alerts: Alerts;
  readonly #nodes: Nodes;
  #purged: PurgePlace = firstPlace;
  #isOpen = false;

  /** @throws StoreError `unsafe` where the address is none */
  constructor(settings: MySqlSettings) {
    this.#settings = settings;
    this.#address = parseAddress(settings.url, form);
    const { user, password, hosts, database } = this.#address;
    const { connectMs, connections, prefix, tls } = settings;
    this.#servers = new Servers({
      hosts,
      connect: (host) => Connection.open(host, { user, password, database, connectMs, tls }),
      isWritable: async ({ isWritable }) => isWritable,
      limitMs: connectMs,
      moved: () => this.#drop(),
    });
    this.#pool = this.#newPool(connections);
    this.#heart = this.#newPool(1);
    this.#writer = new Writer(prefix);
    this.#loader = new Loader(prefix);
    this.#claimer = new Claimer(prefix, this.#loader);
    this.#listing = new Listing(prefix, this.#loader);
    this.#upkeep = new Upkeep(prefix);
    this.#alerts = new Alerts(prefix);
    this.#nodes = new Nodes(prefix);
  }

  async open(): Promise<void> {
    const { readMs, prefix, connections } = this.#settings;
    // Closed ones stay closed; what could not be opened may be tried again.
    this.#pool = this.#newPool(connections);
    this.#heart = this.#newPool(1);
    try {
      await this.#pool.use(readMs, checkServer);
      await this.#pool.use(migrationMs, (connection) => migrate(connection, prefix));
      // Opened beforehand: the first heartbeat waits for no look-up of a name.
      await this.#heart.use(readMs, async () => undefined);
      this.#isOpen = true;
    } catch (error) {
      await this.close();
      throw ofReading(error);
    }
  }

  place(): string {
    return `at ${this.#servers.name}/${this.#address.database}, tables ${this.#settings.prefix}...`;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all([this.#pool.close(), this.#heart.close()]);
  }

  ping(): Promise<void> {
    const { commitMs, prefix } = this.#settings;
    return this.#write(commitMs, async (connection) => {
      await connection.call(`call ${prefix}ping_1()`);
    });
  }

  clockMs(): Promise<number> {
    return this.#read(async (connection) => {
      const [row = []] = await connection.query(`select ${clockMs}`);
      return numberAt(row, 0);
    });
  }

  async commit(batch: readonly Write[]): Promise<Results> {
    if (batch.length === 0) return [];
    const encoded = batch.map(encodeWrite);
    const { commitMs } = this.#settings;
    return this.#judged(
      toStoreError,
      commitDivided(encoded, (writes) =>
        writePatiently(writes, (some, waits) =>
          this.#use(this.#pool, commitMs, (connection) => this.#writer.write(connection, some, waits)),
        ),
      ),
    );
  }

  async load(gids: readonly string[], what = 'whole'): Promise<readonly (StoredTransaction | undefined)[]> {
    if (gids.length === 0) return [];
    return this.#read((connection) => this.#loader.byGid(connection, gids, what === 'bare'));
  }

  /** What was taken is ours even where it could not be loaded then: the engine asks for what it owns and does not drive. */
  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const { commitMs } = this.#settings;
    const taken = await this.#write(commitMs, (connection) => this.#claimer.take(connection, request));
    return this.#read((connection) => this.#claimer.load(connection, taken, request));
  }

  owned(incarnation: string, afterGid: string, limit: number): Promise<readonly OwnedRow[]> {
    return this.#read((connection) => this.#upkeep.owned(connection, incarnation, afterGid, limit));
  }

  async changed(seen: readonly SeenRow[]): Promise<readonly ChangedRow[]> {
    return seen.length === 0 ? [] : this.#read((connection) => this.#upkeep.changed(connection, seen));
  }

  makeDue(gid: string, nowMs: number): Promise<boolean> {
    const { commitMs } = this.#settings;
    return this.#write(commitMs, (connection) => this.#upkeep.makeDue(connection, gid, nowMs));
  }

  async makeManyDue(afterMs: number, limit: number, nowMs: number): Promise<{ changed: number; hasMore: boolean }> {
    const { readMs } = this.#settings;
    for (let changed = 0; ; ) {
      const rows = Math.min(stepRows, limit - changed);
      if (rows <= 0) return { changed, hasMore: true };
      const done = await this.#write(readMs, (connection) =>
        this.#upkeep.makeManyDue(connection, afterMs, rows, nowMs),
      );
      changed += done.changed;
      if (!done.hasMore || changed >= limit) return { changed, hasMore: done.hasMore };
    }
  }

  async list(filter: ListFilter): Promise<ListPage> {
    const { rows, next } = await this.#read((connection) => this.#listing.page(connection, filter));
    return { transactions: rows.map(toListed), next };
  }

  takeAlerts(request: AlertRequest): Promise<TakenAlerts> {
    return this.#write(this.#settings.commitMs, (connection) => this.#alerts.take(connection, request));
  }

  alertTold(taken: OwedAlert): Promise<void> {
    return this.#write(this.#settings.commitMs, (connection) => this.#alerts.told(connection, taken));
  }

  /** Goes on where the last one ended, and begins anew once it has come to the end. */
  async purge(beforeMs: number, limit: number): Promise<number> {
    const { readMs } = this.#settings;
    let changed = 0;
    while (changed < limit) {
      const from = this.#purged;
      const rows = Math.min(stepRows, limit - changed);
      const step = await this.#write(readMs, (connection) => this.#upkeep.purge(connection, beforeMs, rows, from));
      changed += step.changed;
      this.#purged = step.next ?? firstPlace;
      if (step.next === undefined && (from === firstPlace || changed > 0)) break;
    }
    return changed;
  }

  counts(nowMs: number): Promise<Counts> {
    return this.#read((connection) => this.#upkeep.counts(connection, nowMs));
  }

  heartbeat(beat: Heartbeat): Promise<Heard> {
    return this.#judged(
      toStoreError,
      this.#use(this.#heart, heartbeatMs, (connection) => this.#nodes.heartbeat(connection, beat)),
    );
  }

  retire(incarnation: string, count?: number): Promise<void> {
    const { commitMs } = this.#settings;
    return this.#write(commitMs, (connection) => this.#nodes.retire(connection, incarnation, count));
  }

  drain(incarnation: string): Promise<boolean> {
    const { commitMs } = this.#settings;
    return this.#write(commitMs, (connection) => this.#nodes.drain(connection, incarnation));
  }

  getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return this.#read((connection) => this.#upkeep.getValue(connection, category, key));
  }

  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return this.#read((connection) => this.#upkeep.listValues(connection, category, afterKey, limit));
  }

  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean> {
    const wanted = { category, key, value, version: expectVersion, createdMs: nowMs, updatedMs: nowMs };
    return this.#write(this.#settings.commitMs, (connection) => this.#upkeep.putValue(connection, wanted));
  }

  deleteValue(category: string, key: string): Promise<boolean> {
    const { commitMs } = this.#settings;
    return this.#write(commitMs, (connection) => this.#upkeep.deleteValue(connection, category, key));
  }

  #read<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#judged(ofReading, this.#use(this.#pool, this.#settings.readMs, work));
  }

  #write<T>(limitMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#judged(
      toStoreError,
      issueAgain(() => this.#use(this.#pool, limitMs, work)),
    );
  }

  async #judged<T>(judge: (error: unknown) => StoreError, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw judge(error);
    }
  }

  /** A server that does not write any more is left at once, by all connections. */
  async #use<T>(pool: Pool<Connection>, limitMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (!this.#isOpen) throw new StoreError('not-done', 'the store is not open');
    try {
      return await pool.use(limitMs, work);
    } catch (error) {
      if (error instanceof RemoteError && error.judgement === 'moved') this.#drop();
      throw error;
    }
  }

  #drop(): void {
    this.#pool.drop();
    this.#heart.drop();
  }

  #newPool(size: number): Pool<Connection> {
    return new Pool({ size, connect: () => this.#servers.connect() });
  }
}

/** Building an index over a large table takes its time. */
const migrationMs = 24 * 3_600_000;
