import type { ChangedRow, Heard, Heartbeat, SeenRow } from '../nodes.ts';
import type {
  AlertRequest,
  ClaimRequest,
  Counts,
  KeyValue,
  NotedRow,
  OwedAlert,
  OwnedRow,
  StoredTransaction,
  TakenAlerts,
} from '../store.ts';
import type { Host } from './address.ts';
import type { Results } from './batch.ts';
import type { EncodedWrite } from './encoded-write.ts';
import type { Loaded } from './loaded-rows.ts';
import type { Migration, Schema, SchemaState } from './migrator.ts';
import type { Session } from './pool.ts';
import type { Place } from './position.ts';
import type { Stand } from './stand.ts';
import type { Row } from './values.ts';

/** What is said to one kind of server. Everything else about a shared store is the same for each kind. */
export interface Dialect<S extends Session> {
  /** Of the store, as in its settings. */
  readonly name: string;
  /** Which tables are its own, for people. */
  readonly tables: string;
  /** @throws RemoteError `unreached` */
  connect(host: Host): Promise<S>;
  /** What this server is just now, and what the data on it say. @throws RemoteError */
  look(session: S): Promise<Stand>;
  /** Writes down that the line of this server is followed. False: the data say something else by now. @throws RemoteError */
  follow(session: S, stand: Stand): Promise<boolean>;
  /** @throws StoreError `unsafe` where the server must not be used, with what to do */
  check(session: S): Promise<void>;
  readonly migrations: readonly Migration[];
  /** @param beside lends another connection, while this one is busy */
  schema(session: S, beside: Use<S>): Schema;
  /** Statements of a migration, for the server's own client. */
  script(statements: readonly string[]): string;
  /** Writes something. */
  ping(session: S): Promise<void>;
  /** By the server's clock. */
  clockMs(session: S): Promise<number>;
  /** A write may take at least so long: in less than that the server may not have said that somebody holds a lock. */
  readonly leastCommitMs: number;
  /** One batch. Each use of a connection is one durable message. @throws RemoteError */
  write(batch: readonly EncodedWrite[], use: Use<S>): Promise<Results>;
  readonly loader: Loader<S>;
  readonly claims: Claims<S>;
  readonly entries: Entries<S>;
  readonly upkeep: Upkeep<S>;
  readonly alerts: Alerts<S>;
  readonly nodes: Nodes<S>;
}

/** Lends a connection for as long as the work takes. */
export type Use<S> = <T>(work: (session: S) => Promise<T>) => Promise<T>;

export interface Loader<S> {
  byGid(session: S, gids: readonly string[], isBare: boolean): Promise<(StoredTransaction | undefined)[]>;
  byId(session: S, ids: readonly number[]): Promise<Loaded[]>;
  /** Rows of transactions alone, for a list. */
  listed(session: S, ids: readonly number[]): Promise<Row[]>;
}

export interface Claims<S> {
  /** Durable when it resolves. */
  take(session: S, request: ClaimRequest, due: DueRange): Promise<Taken>;
  /** Of all that has no owner. */
  earliestDue(session: S): Promise<number | undefined>;
  /** Gives back a row that cannot be read, to be looked at again then. The incident that it had. */
  setAside(
    session: S,
    row: { incarnation: string; id: number; dueMs: number; incident: string },
  ): Promise<string | null>;
}

/** Of what has no owner, which may be claimed. */
export interface DueRange {
  /** Nothing that is due earlier is looked at. */
  readonly fromMs: number;
  /** What is due later is damaged, and claimed too. */
  readonly neverMs: number;
}

/** What one statement has made ours. */
export interface Taken {
  readonly ids: readonly number[];
  /** Of what has no owner. */
  readonly nextDueMs: number | undefined;
  /** It stopped because it had enough. */
  readonly isMore: boolean;
  /** Entries of what is due whose rows say otherwise. */
  readonly strays: number;
}

/** What is looked at of a row before it is read whole: id, created_ms, gid, type, status, bytes of its texts, incident. */
export interface Entries<S> {
  /** Newest first, below a place. */
  newest(session: S, of: EntriesOf, below: Place, createdFromMs: number, limit: number): Promise<Row[]>;
  /** In the order of gids, from this one on. */
  fromGid(session: S, gid: string, limit: number): Promise<Row[]>;
}

/** A status stands for the unfinished ones that have it. */
export type EntriesOf = 'all' | 'failed' | 'incidents' | 'prepared' | 'submitted' | 'aborting';

/** Where a purge has come to, in the order of creation. */
export type PurgePlace = Place;

export interface Purged {
  readonly changed: number;
  /** Undefined: all that was created before has been looked at. */
  readonly next: PurgePlace | undefined;
}

/** What is done beside writing, claiming and listing. */
export interface Upkeep<S> {
  purge(session: S, beforeMs: number, limit: number, from: PurgePlace): Promise<Purged>;
  /** False: it is not as it was read any more. */
  note(session: S, row: NotedRow, incident: string): Promise<boolean>;
  makeDue(session: S, gid: string, nowMs: number): Promise<boolean>;
  /** Earliest first; one that is due already stays as it is. */
  makeManyDue(
    session: S,
    afterMs: number,
    limit: number,
    nowMs: number,
  ): Promise<{ changed: number; hasMore: boolean }>;
  /** In the order of the numbers of rows, above this one. */
  owned(session: S, incarnation: string, afterId: number, limit: number): Promise<OwnedRow[]>;
  changed(session: S, seen: readonly SeenRow[]): Promise<ChangedRow[]>;
  counts(session: S, nowMs: number): Promise<Counts>;
  listValues(session: S, category: string, afterKey: string, limit: number): Promise<KeyValue[]>;
  getValue(session: S, category: string, key: string): Promise<KeyValue | undefined>;
  putValue(session: S, value: KeyValue): Promise<boolean>;
  deleteValue(session: S, category: string, key: string): Promise<boolean>;
}

export interface Alerts<S> {
  take(session: S, request: AlertRequest): Promise<TakenAlerts>;
  told(session: S, taken: OwedAlert): Promise<void>;
}

/** What the server answers to a heartbeat. */
export interface HeardThere extends Omit<Heard, 'refusal'> {
  /** Who may use it now. */
  readonly schema: SchemaState;
}

export interface Nodes<S> {
  /** @param dueFromMs of what has no owner, nothing that is due earlier is looked at */
  heartbeat(session: S, beat: Heartbeat, dueFromMs: number): Promise<HeardThere>;
  retire(session: S, incarnation: string, count: number | undefined): Promise<void>;
  drain(session: S, incarnation: string): Promise<boolean>;
}
