import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError } from '../store.ts';
import { toStoreError } from './errors.ts';
import { type Row, readNumber, readText } from './values.ts';

export interface ConnectionSettings {
  /** Size of the connection's page cache. */
  readonly cacheKib: number;
  /** How long a statement waits for a lock that somebody else's process holds. */
  readonly busyMs: number;
  /** `full`: a commit is on the disk before anybody sees it. `normal`: who commits syncs the WAL, see WalSync. */
  readonly synchronous: keyof typeof syncLevels;
  /** Whether a database that is not there is made. */
  readonly makes: boolean;
}

const syncLevels = { normal: 1, full: 2 } as const;

/**
 * A larger cache makes commits slower: where a page of an index was split, SQLite looks at every page of its cache.
 * What is not in it is read from the cache of the system.
 */
export const loopSettings: ConnectionSettings = { cacheKib: 8 * 1024, busyMs: 50, synchronous: 'normal', makes: true };
/** The event loop may read what the worker has committed before it hears of it: by then it is on the disk. */
export const workerSettings: ConnectionSettings = { cacheKib: 4096, busyMs: 1000, synchronous: 'full', makes: false };

/** A WAL that was reset is cut back to this; below it the file is written over, which is cheaper to sync. */
const walKeptBytes = 64 * 1024 * 1024;

/**
 * A connection to the database in WAL mode. Checkpoints are never made by chance; before one SQLite syncs the WAL, and
 * begins it anew only once all of it is synced in the database: no frame is lost that waits for a sync.
 *
 * @throws StoreError `unsafe` where the file system cannot do it
 */
export function connect(path: string, { cacheKib, busyMs, synchronous, makes }: ConnectionSettings): DatabaseSync {
  const db = new DatabaseSync(makes ? path : new URL(`${pathToFileURL(path).href}?mode=rw`), { timeout: busyMs });
  try {
    const mode = readText(db, 'pragma journal_mode = wal');
    db.exec(`
      pragma synchronous = ${synchronous};
      pragma wal_autocheckpoint = 0;
      pragma journal_size_limit = ${walKeptBytes};
      pragma cache_size = -${cacheKib};
      pragma temp_store = memory;
    `);
    if (mode !== 'wal' || readNumber(db, 'pragma synchronous') !== syncLevels[synchronous]) {
      throw new StoreError(
        'unsafe',
        `${path}: the file system does not support a WAL (journal mode ${mode}): use a local disk`,
      );
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * A connection that only reads. As long as one is open SQLite removes no WAL: the last connection that may write would
 * copy it to the database and remove it, and this one cannot.
 *
 * @param check throws for a file that must be left as it is
 */
export function connectReader(path: string, check: (db: DatabaseSync) => void = () => undefined): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: loopSettings.busyMs });
  try {
    // SQLite takes hold of the file at the first read.
    readNumber(db, 'select count(*) from sqlite_schema');
    check(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A prepared query whose rows come as arrays. A number that JavaScript cannot hold comes as bigint: its row is damaged. */
export class Query {
  readonly #statement: StatementSync;

  constructor(db: DatabaseSync, sql: string) {
    this.#statement = db.prepare(sql, { returnArrays: true });
  }

  first(...parameters: SQLInputValue[]): Row | undefined {
    const row: unknown = this.#read(() => this.#statement.get(...parameters));
    return Array.isArray(row) ? narrowed(row) : undefined;
  }

  *rows(...parameters: SQLInputValue[]): Generator<Row> {
    let given = 0;
    try {
      for (const row of this.#statement.iterate(...parameters)) {
        given += 1;
        if (Array.isArray(row)) yield row;
      }
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      for (const row of this.all(...parameters).slice(given)) yield row;
    }
  }

  all(...parameters: SQLInputValue[]): Row[] {
    const rows: unknown[] = this.#read(() => this.#statement.all(...parameters));
    return rows.filter((row) => Array.isArray(row)).map(narrowed);
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
    this.#statement.setReadBigInts(true);
    try {
      return read();
    } finally {
      this.#statement.setReadBigInts(false);
    }
  }
}

const isTooLarge = (error: unknown) =>
  error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';

function narrowed(row: SQLOutputValue[]): Row {
  if (!row.some((value) => typeof value === 'bigint')) return row;
  return row.map((value) => (typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

/** Runs work between BEGIN and COMMIT; after any error the transaction is surely rolled back. */
export class Transactions {
  readonly #db: DatabaseSync;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #commit: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#read = db.prepare('begin');
    this.#write = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
  }

  /** Several queries on one state of the database. */
  read<T>(doing: string, work: () => T): T {
    return this.#run(this.#read, doing, work);
  }

  /** Durable when it returns where the connection syncs its commits. */
  write<T>(doing: string, work: () => T): T {
    return this.#run(this.#write, doing, work);
  }

  #run<T>(begin: StatementSync, doing: string, work: () => T): T {
    try {
      begin.run();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollBack(error, doing);
      throw toStoreError(error, doing, this.#db.location() ?? '');
    }
  }

  /** SQLite itself has rolled back after some errors. A rollback that fails leaves a state nobody knows. */
  #rollBack(why: unknown, doing: string): void {
    if (!this.#db.isTransaction) return;
    try {
      this.#db.exec('rollback');
    } catch (error) {
      const cause = new AggregateError([why, error]);
      throw new StoreError('fatal', `${doing}: the transaction could not be rolled back`, { cause });
    }
  }
}
