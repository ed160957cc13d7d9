import type { ConnectionOptions } from 'node:tls';
import type { HostEvents, Hosted, Migratable, MigrationRequest, Placed } from '../capabilities.ts';
import type { ChangedRow, Heard, Heartbeat, SeenRow } from '../nodes.ts';
import {
  type AlertRequest,
  type ClaimRequest,
  type ClaimResult,
  type CommitsAtOnce,
  type Counts,
  type KeyValue,
  type ListFilter,
  type ListPage,
  type NotedRow,
  type OwedAlert,
  type OwnedRow,
  type Store,
  type StoredTransaction,
  StoreError,
  type TakenAlerts,
  type Write,
} from '../store.ts';
import { type Address, type AddressForm, parseAddress } from './address.ts';
import { commitByNeeds, issueAgain, type Results, type Send } from './batch.ts';
import type { Dialect } from './dialect.ts';
import { encodeWrite } from './encoded-write.ts';
import { ofOpening, ofReading, RemoteError, toStoreError } from './judged.ts';
import { Migrator, type Schema, type SchemaState, tooOld } from './migrator.ts';
import { Pool, type Session } from './pool.ts';
import { Claimer } from './rows/claimer.ts';
import { DueLooks } from './rows/due-looks.ts';
import { Listing } from './rows/listing.ts';
import { LowestOwned } from './rows/lowest-owned.ts';
import { Purging, stepRows } from './rows/purging.ts';
import { Servers } from './servers.ts';
import { toListed } from './transaction-row.ts';

/** What is set for every kind of shared store. */
export interface RemoteSettings {
  /** `scheme://user:password@host:port,host:port/database` */
  readonly url: string;
  /** Connections beside the one of the heartbeat. */
  readonly connections: number;
  readonly connectMs: number;
  /** How long a commit or a claim may take before its outcome counts as unknown. */
  readonly commitMs: number;
  /** How long whatever only reads, or may take longer, may take. */
  readonly readMs: number;
  /** Asked for each connection. Undefined: without TLS. */
  readonly tls: () => ConnectionOptions | undefined;
  /** The version of this Holdfast, for people: a schema names the one that may use it. */
  readonly version: string;
}

const heartbeatMs = 800;
/** While the server syncs one batch it works on others (decision 0032). Smaller ones would cost more than they gain. */
const mostCommits = 4;
const furtherRows = 16;
/** Building an index over a large table takes its time. */
const migrationMs = 24 * 3_600_000;

/** A store on a server that any number of coordinators share. */
export class RemoteStore<S extends Session> implements Store, Hosted, Placed, Migratable {
  readonly name: string;
  readonly exclusive = false;
  readonly commitsAtOnce: CommitsAtOnce;
  readonly format: number;
  readonly #settings: RemoteSettings;
  readonly #dialect: Dialect<S>;
  readonly #address: Address;
  readonly #servers: Servers<S>;
  #pool: Pool<S>;
  /** Nothing else waits on it, and it waits for nothing else. */
  #heart: Pool<S>;
  readonly #claimer: Claimer<S>;
  readonly #listing: Listing<S>;
  readonly #due = new DueLooks();
  readonly #lowestOwned = new LowestOwned();
  readonly #purging = new Purging();
  #isOpen = false;
  /** How many calls were of unknown outcome, and how many of them came before a write that is surely kept. */
  #unknownCount = 0;
  #settledCount = 0;
  /** The process of the server that answered last. */
  #server: string | undefined;

  /** @throws StoreError `unsafe` where the address is none */
  constructor(settings: RemoteSettings, form: AddressForm, dialectAt: (address: Address) => Dialect<S>) {
    this.#settings = settings;
    this.commitsAtOnce = { most: Math.min(mostCommits, Math.ceil(settings.connections / 2)), furtherRows };
    this.#address = parseAddress(settings.url, form);
    this.#dialect = dialectAt(this.#address);
    this.name = this.#dialect.name;
    this.format = this.#dialect.migrations.length;
    this.#servers = new Servers({
      hosts: this.#address.hosts,
      connect: (host) => this.#dialect.connect(host),
      look: (connection) => this.#dialect.look(connection),
      ping: (connection) => this.#dialect.ping(connection),
      follow: (connection, stand) => this.#dialect.follow(connection, stand),
      limitMs: settings.connectMs,
      moved: () => this.#drop('cut'),
    });
    this.#pool = this.#newPool(settings.connections);
    this.#heart = this.#newPool(1);
    this.#claimer = new Claimer(this.#dialect);
    this.#listing = new Listing(this.#dialect);
  }

  async open(): Promise<void> {
    const { readMs, connections } = this.#settings;
    // Closed ones stay closed; what could not be opened may be tried again.
    this.#pool = this.#newPool(connections);
    this.#heart = this.#newPool(1);
    try {
      await this.#pool.use(readMs, (connection) => this.#dialect.check(connection));
      // Others may begin on other members of a cluster at the same moment; each step can be done again.
      await issueAgain(() => this.#pool.use(migrationMs, (connection) => this.#migrator(connection).migrate()));
      // Now there are tables, in which it is written down that this server is used.
      await this.#servers.lookAround();
      this.#servers.open();
      // Opened beforehand: the first heartbeat waits for no look-up of a name.
      await this.#heart.use(readMs, async () => undefined);
      this.#isOpen = true;
    } catch (error) {
      await this.close();
      throw ofOpening(error);
    }
  }

  /** How long whatever writes may take. */
  get #commitMs(): number {
    return Math.max(this.#settings.commitMs, this.#dialect.leastCommitMs);
  }

  migrate({ isFinish }: MigrationRequest): Promise<void> {
    return this.#alone((connection) => {
      const migrator = this.#migrator(connection);
      return isFinish ? migrator.finish() : migrator.migrate();
    });
  }

  migrationScript({ isFinish }: MigrationRequest): Promise<string> {
    return this.#alone(async (connection) => this.#dialect.script(await this.#migrator(connection).plan(isFinish)));
  }

  place(): string {
    return `at ${this.#servers.name}/${this.#address.database}, ${this.#dialect.tables}`;
  }

  watchHosts(events: HostEvents): void {
    this.#servers.watch(events);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#servers.close();
    await Promise.all([this.#pool.close(), this.#heart.close()]);
  }

  ping(): Promise<void> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.ping(connection));
  }

  clockMs(): Promise<number> {
    return this.#read((connection) => this.#dialect.clockMs(connection));
  }

  async commit(batch: readonly Write[]): Promise<Results> {
    if (batch.length === 0) return [];
    for (const write of batch) this.#due.written(write);
    const send: Send = (writes) => this.#dialect.write(writes, (work) => this.#use(this.#pool, this.#commitMs, work));
    return this.#judged(toStoreError, this.#settled(commitByNeeds(batch.map(encodeWrite), send)));
  }

  async load(gids: readonly string[], what = 'whole'): Promise<readonly (StoredTransaction | undefined)[]> {
    if (gids.length === 0) return [];
    return this.#read((connection) => this.#dialect.loader.byGid(connection, gids, what === 'bare'));
  }

  /** What was taken is ours even where it could not be loaded then: the engine asks for what it owns and does not drive. */
  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const { nowMs } = request;
    const fromMs = this.#due.claimFrom(nowMs);
    const taken = await this.#write(this.#commitMs, (connection) =>
      this.#claimer.take(connection, request, fromMs),
    ).catch((error: unknown) => {
      // What it may have taken is not known: the next look begins at the first row.
      this.#lowestOwned.forget();
      throw error;
    });
    this.#due.claimed(nowMs, taken.earliestMs, fromMs);
    this.#lowestOwned.claimed(taken.ids);
    return this.#read((connection) => this.#claimer.load(connection, taken, request));
  }

  async owned(incarnation: string, after: string, limit: number): Promise<readonly OwnedRow[]> {
    const afterId = this.#lowestOwned.before(incarnation, after);
    const rows = await this.#read((connection) => this.#dialect.upkeep.owned(connection, incarnation, afterId, limit));
    this.#lowestOwned.seen(after, rows[0]?.place);
    return rows;
  }

  noteIncident(row: NotedRow, incident: string): Promise<boolean> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.upkeep.note(connection, row, incident));
  }

  async changed(seen: readonly SeenRow[]): Promise<readonly ChangedRow[]> {
    return seen.length === 0 ? [] : this.#read((connection) => this.#dialect.upkeep.changed(connection, seen));
  }

  makeDue(gid: string, nowMs: number): Promise<boolean> {
    this.#due.due(nowMs);
    return this.#write(this.#commitMs, (connection) => this.#dialect.upkeep.makeDue(connection, gid, nowMs));
  }

  async makeManyDue(afterMs: number, limit: number, nowMs: number): Promise<{ changed: number; hasMore: boolean }> {
    const { readMs } = this.#settings;
    this.#due.due(nowMs);
    for (let changed = 0; ; ) {
      const rows = Math.min(stepRows, limit - changed);
      if (rows <= 0) return { changed, hasMore: true };
      const done = await this.#write(readMs, (connection) =>
        this.#dialect.upkeep.makeManyDue(connection, afterMs, rows, nowMs),
      );
      changed += done.changed;
      if (!done.hasMore || changed >= limit) return { changed, hasMore: done.hasMore };
    }
  }

  async list(filter: ListFilter): Promise<ListPage> {
    const { rows, next } = await this.#read((connection) => this.#listing.page(connection, filter));
    return { transactions: rows.map((row) => toListed(row, this.format)), next };
  }

  takeAlerts(request: AlertRequest): Promise<TakenAlerts> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.alerts.take(connection, request));
  }

  alertTold(taken: OwedAlert): Promise<void> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.alerts.told(connection, taken));
  }

  purge(beforeMs: number, limit: number): Promise<number> {
    const { readMs } = this.#settings;
    return this.#purging.purge(limit, (rows, from) =>
      this.#write(readMs, (connection) => this.#dialect.upkeep.purge(connection, beforeMs, rows, from)),
    );
  }

  counts(nowMs: number): Promise<Counts> {
    return this.#read((connection) => this.#dialect.upkeep.counts(connection, nowMs));
  }

  async heartbeat(beat: Heartbeat): Promise<Heard> {
    this.#lookAtAllDue();
    const fromMs = this.#due.beatFrom();
    const heard = await this.#judged(
      toStoreError,
      issueAgain(() => this.#use(this.#heart, heartbeatMs, (connection) => this.#beat(connection, beat, fromMs))),
    );
    const own = heard.nodes.find(({ incarnation }) => incarnation === beat.incarnation);
    if (own !== undefined) this.#servers.beaten(own.incarnation, own.count);
    // Through a pooler a connection outlives the server behind it.
    if (this.#server !== undefined && this.#server !== heard.server) this.#drop('idle');
    this.#server = heard.server;
    this.#due.beaten(heard, fromMs);
    return heard;
  }

  async #beat(connection: S, beat: Heartbeat, fromMs: number): Promise<Heard> {
    try {
      const { schema, ...heard } = await this.#dialect.nodes.heartbeat(connection, beat, fromMs);
      return { ...heard, refusal: this.#refusal(connection, schema) };
    } catch (error) {
      if (!(error instanceof RemoteError) || error.judgement !== 'refused') throw error;
      // What this program calls may have been removed by now.
      const refusal = this.#refusal(connection, await this.#schema(connection).readState());
      throw refusal === undefined ? error : new StoreError('newer', refusal, { cause: error });
    }
  }

  #refusal(connection: S, state: SchemaState | undefined): string | undefined {
    if (state === undefined || state.oldest <= this.format) return undefined;
    return tooOld(this.#schema(connection).name, state, this.#settings.version, this.format);
  }

  /** Beside the heartbeat, which must not wait for it, and hears of what it finds the next time. */
  #lookAtAllDue(): void {
    if (!this.#due.isWholeLookDue(performance.now())) return;
    this.#read((connection) => this.#dialect.claims.earliestDue(connection)).then(
      (earliestMs) => {
        if (earliestMs !== undefined) this.#due.due(earliestMs);
      },
      // Whatever the store suffers from, its other operations tell of it.
      () => undefined,
    );
  }

  retire(incarnation: string, count?: number): Promise<void> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.nodes.retire(connection, incarnation, count));
  }

  drain(incarnation: string): Promise<boolean> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.nodes.drain(connection, incarnation));
  }

  getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return this.#read((connection) => this.#dialect.upkeep.getValue(connection, category, key));
  }

  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return this.#read((connection) => this.#dialect.upkeep.listValues(connection, category, afterKey, limit));
  }

  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean> {
    const wanted = { category, key, value, version: expectVersion, createdMs: nowMs, updatedMs: nowMs };
    return this.#write(this.#commitMs, (connection) => this.#dialect.upkeep.putValue(connection, wanted));
  }

  deleteValue(category: string, key: string): Promise<boolean> {
    return this.#write(this.#commitMs, (connection) => this.#dialect.upkeep.deleteValue(connection, category, key));
  }

  #read<T>(work: (connection: S) => Promise<T>): Promise<T> {
    return this.#judged(ofReading, this.#use(this.#pool, this.#settings.readMs, work));
  }

  #write<T>(limitMs: number, work: (connection: S) => Promise<T>): Promise<T> {
    return this.#judged(toStoreError, this.#settled(issueAgain(() => this.#use(this.#pool, limitMs, work))));
  }

  /**
   * A write that finds itself done by an attempt of unknown outcome has nothing to commit, and does not wait for the
   * replica, which may not have it. Another write, after it, does.
   */
  async #settled<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    const unknown = this.#unknownCount;
    if (unknown === this.#settledCount) return result;
    try {
      await this.#use(this.#pool, this.#commitMs, (connection) => this.#dialect.ping(connection));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RemoteError('unknown', `whether what is written is on the replica too is not known: ${why}`, error);
    }
    this.#settledCount = Math.max(this.#settledCount, unknown);
    return result;
  }

  async #judged<T>(judge: (error: unknown) => StoreError, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw judge(error);
    }
  }

  /** A server that does not write any more is left at once, by all connections. */
  async #use<T>(pool: Pool<S>, limitMs: number, work: (connection: S) => Promise<T>): Promise<T> {
    if (!this.#isOpen) throw new StoreError('not-done', 'the store is not open');
    try {
      return await pool.use(limitMs, work);
    } catch (error) {
      if (error instanceof RemoteError && error.judgement === 'moved') this.#drop('idle');
      if (toStoreError(error).code === 'unknown-outcome') this.#unknownCount += 1;
      throw error;
    }
  }

  /** While the store is not open. */
  async #alone<T>(work: (connection: S) => Promise<T>): Promise<T> {
    const { readMs, connections } = this.#settings;
    this.#pool = this.#newPool(connections);
    this.#heart = this.#newPool(1);
    try {
      await this.#pool.use(readMs, (connection) => this.#dialect.check(connection));
      return await this.#pool.use(migrationMs, work);
    } catch (error) {
      throw ofOpening(error);
    } finally {
      await this.close();
    }
  }

  #migrator(connection: S): Migrator {
    const { migrations } = this.#dialect;
    return new Migrator({ schema: this.#schema(connection), migrations, version: this.#settings.version });
  }

  #schema(connection: S): Schema {
    return this.#dialect.schema(connection, (work) => this.#heart.use(this.#commitMs, work));
  }

  #newPool(size: number): Pool<S> {
    return new Pool({ size, connect: () => this.#servers.connect() });
  }

  #drop(which: 'idle' | 'cut'): void {
    this.#pool.drop(which);
    this.#heart.drop(which);
  }
}
