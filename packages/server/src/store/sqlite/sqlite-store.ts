import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type {
  BackupCapable,
  BackupFile,
  BackupRequest,
  Cautious,
  ClockSettable,
  Restorable,
  Restored,
  WatchEvents,
  Watchful,
} from '../capabilities.ts';
import type { ClockMistake } from '../earlier.ts';
import { storedFormat } from '../format.ts';
import type { ChangedRow, Heard } from '../nodes.ts';
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
  type WriteResult,
} from '../store.ts';
import { Backups } from './backup/backups.ts';
import { forgetRestored, readRestored } from './backup/restored.ts';
import { Checkpointer } from './checkpointer.ts';
import { toStoreError } from './errors.ts';
import { exposure } from './folder/exposure.ts';
import { OpenedFolder, type OpenWal } from './folder/opened-folder.ts';
import { databaseName } from './folder/sight.ts';
import { FolderWatch } from './folder/watch.ts';
import { LoopConnection } from './loop-connection.ts';
import { toListed } from './rows/transaction-row.ts';
import { encodeWrite } from './rows/writer.ts';
import type { WalSync } from './wal-sync.ts';
import type { Answer, Ask, JobName, Step } from './worker/jobs.ts';
import { WorkerClient } from './worker/worker-client.ts';
import { WriteGate } from './write-gate.ts';

export interface SqliteSettings {
  /** Folder of the database, its lock and its backups; created if missing. */
  readonly dataDir: string;
  /** The version of this Holdfast: the folder names it to earlier ones. Default: it is not named. */
  readonly version?: string;
}

/** Rows per step of a purge or a mass change: commits wait for a step, a few milliseconds. */
const stepRows = 100;

const workerScript = new URL(
  import.meta.url.endsWith('.ts') ? './worker/worker.ts' : './worker/worker.js',
  import.meta.url,
);

/** What exists only while the store is open. */
interface Opened {
  readonly folder: OpenedFolder;
  readonly loop: LoopConnection;
  /** What is to be told of its clock. */
  readonly clockCaution: string | undefined;
  readonly wal: WalSync;
  readonly worker: WorkerClient;
  readonly checkpointer: Checkpointer;
  readonly watch: FolderWatch;
}

/**
 * The embedded store: SQLite in one file, for one process. Writes are committed on the event loop, a batch at a time,
 * and synced beside it; nothing leaves the store, written or read, before what it rests on is on the disk. Whatever may
 * take long runs on a second connection in a worker thread, which syncs its own commits before they can be seen.
 */
export class SqliteStore implements Store, BackupCapable, Watchful, Cautious, ClockSettable, Restorable {
  readonly name = 'sqlite';
  readonly exclusive = true;
  readonly format = storedFormat;
  readonly #folder: string;
  readonly #path: string;
  readonly #version: string;
  readonly #openWal: OpenWal;
  readonly #gate = new WriteGate();
  readonly #backups: Backups;
  #opened: Opened | undefined;
  /** Why nothing can be read or written any more, until the process starts again. */
  #failure: StoreError | undefined;
  #watcher: WatchEvents | undefined;

  constructor({ dataDir, version = '' }: SqliteSettings, openWal: OpenWal = (path) => open(path, 'r+')) {
    this.#folder = resolve(dataDir);
    this.#path = join(this.#folder, databaseName);
    this.#version = version;
    this.#openWal = openWal;
    this.#backups = new Backups({
      folder: join(this.#folder, 'backups'),
      look: async () => {
        await this.#live().watch.look();
        return this.#sure().checkpointer;
      },
      newWorker: () => this.#newWorker(),
    });
  }

  async open(): Promise<void> {
    try {
      const parts = {
        version: this.#version,
        openWal: this.#openWal,
        failed: (error: StoreError) => this.#fail(error),
      };
      this.#opened = this.#start(await OpenedFolder.open(this.#folder, parts));
      await this.#backups.removeUnfinished();
    } catch (error) {
      const judged = toStoreError(error, `the store in ${this.#folder} cannot be opened`, this.#path);
      await this.close();
      throw ofOpening(judged);
    }
  }

  restored(): Promise<Restored | undefined> {
    return readRestored(this.#folder);
  }

  forgetRestored(): Promise<void> {
    return forgetRestored(this.#folder);
  }

  cautions(): readonly string[] {
    return [
      exposure(this.#folder),
      this.#opened?.folder.caution,
      this.#opened?.clockCaution,
      this.#opened?.watch.isBlind === true ? blind(this.#folder) : undefined,
    ].filter((found) => found !== undefined);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return;
    this.#opened = undefined;
    opened.watch.close();
    opened.checkpointer.close();
    await this.#backups.ended();
    await opened.worker.close();
    await opened.folder.close(this.#failure === undefined);
  }

  ping(): Promise<void> {
    return this.#write((loop) => loop.ping());
  }

  clockMs(): Promise<number> {
    return this.#read((loop) => loop.clockMs());
  }

  async commit(batch: readonly Write[]): Promise<readonly WriteResult[]> {
    const encoded = batch.map(encodeWrite);
    return this.#write((loop) => loop.commit(encoded));
  }

  async load(gids: readonly string[], what = 'whole'): Promise<readonly (StoredTransaction | undefined)[]> {
    const { loop, wal } = this.#live();
    const found = this.#watched(() => loop.load(gids, what === 'bare'));
    // That nothing is there is no news that a power cut could take back: whoever is refused waits for no disk.
    if (found.some((one) => one !== undefined)) await wal.settled();
    return found;
  }

  claim(request: ClaimRequest): Promise<ClaimResult> {
    return this.#write((loop) => loop.claim(request));
  }

  owned(incarnation: string, afterGid: string, limit: number): Promise<readonly OwnedRow[]> {
    return this.#lookUp('owned', { incarnation, afterGid, limit });
  }

  makeDue(gid: string, nowMs: number): Promise<boolean> {
    return this.#write((loop) => loop.makeDue(gid, nowMs));
  }

  async makeManyDue(afterMs: number, limit: number, nowMs: number): Promise<{ changed: number; hasMore: boolean }> {
    return this.#steps(limit, (rows) => this.#sure().worker.write('makeManyDue', { afterMs, limit: rows, nowMs }));
  }

  async list(filter: ListFilter): Promise<ListPage> {
    const { rows, next } = await this.#lookUp('list', filter);
    return { transactions: rows.map(toListed), next };
  }

  takeAlerts(request: AlertRequest): Promise<TakenAlerts> {
    return this.#write((loop) => loop.takeAlerts(request));
  }

  alertTold(taken: OwedAlert): Promise<void> {
    return this.#write((loop) => loop.alertTold(taken));
  }

  async purge(beforeMs: number, limit: number): Promise<number> {
    const purgeStep = (rows: number) => this.#sure().worker.write('purge', { beforeMs, limit: rows });
    return (await this.#steps(limit, purgeStep)).changed;
  }

  counts(nowMs: number): Promise<Counts> {
    return this.#lookUp('counts', nowMs);
  }

  heartbeat(): Promise<Heard> {
    return Promise.reject(notShared());
  }

  retire(): Promise<void> {
    return Promise.reject(notShared());
  }

  drain(): Promise<boolean> {
    return Promise.reject(notShared());
  }

  changed(): Promise<readonly ChangedRow[]> {
    return Promise.reject(notShared());
  }

  getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return this.#read((loop) => loop.getValue(category, key));
  }

  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return this.#lookUp('listValues', { category, afterKey, limit });
  }

  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean> {
    return this.#write((loop) => loop.putValue(category, key, value, expectVersion, nowMs));
  }

  deleteValue(category: string, key: string): Promise<boolean> {
    return this.#write((loop) => loop.deleteValue(category, key));
  }

  async setBack(mistake: ClockMistake): Promise<number> {
    let changed = 0;
    for (let afterId: number | undefined = 0; afterId !== undefined; ) {
      const from: number = afterId;
      const page = await this.#write((loop) => loop.correctClock(from, mistake));
      changed += page.changed;
      afterId = page.lastId;
    }
    await this.#write((loop) => loop.setClock(mistake.afterMs));
    return changed;
  }

  backup(request: BackupRequest = {}): Promise<BackupFile> {
    return this.#backups.make(request);
  }

  #start(folder: OpenedFolder): Opened {
    const worker = this.#newWorker();
    worker.start();
    const checkpointer = new Checkpointer({
      passive: () => folder.record.checkpointed(() => worker.read('checkpoint', 'passive')),
      restart: () => folder.record.checkpointed(() => worker.write('checkpoint', 'restart')),
    });
    const watch = new FolderWatch({
      folder: this.#folder,
      events: {
        doubted: (reason) => this.#watcher?.doubted(reason),
        lost: (error) => {
          this.#fail(error);
          this.#watcher?.lost(error);
        },
      },
    });
    const loop = new LoopConnection(folder.db);
    return { folder, loop, clockCaution: loop.mendClock(), wal: folder.wal, worker, checkpointer, watch };
  }

  #newWorker(): WorkerClient {
    return new WorkerClient({
      script: workerScript,
      path: this.#path,
      gate: this.#gate,
      damaged: (error) => this.#fail(error),
    });
  }

  watch(events: WatchEvents): void {
    this.#watcher = events;
    const doubt = this.#opened?.watch.doubt;
    if (doubt !== undefined) events.doubted(doubt);
    if (this.#failure !== undefined) events.lost(this.#failure);
  }

  /** For a write: @throws StoreError `not-done` while the files may not be those of their names any more */
  #sure(): Opened {
    const opened = this.#live();
    const { doubt } = opened.watch;
    if (doubt !== undefined) throw new StoreError('not-done', `${doubt}; nothing was written`);
    return opened;
  }

  /** What was written may be gone with its files: then nobody is told that it was done. */
  #acknowledge(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const doubt = this.#opened?.watch.doubt;
    if (doubt !== undefined) throw new StoreError('unknown-outcome', doubt);
  }

  #live(): Opened {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#opened === undefined) throw new StoreError('not-done', `the store in ${this.#folder} is not open`);
    return this.#opened;
  }

  async #read<T>(work: (loop: LoopConnection) => T): Promise<T> {
    const { loop, wal } = this.#live();
    const result = this.#watched(() => work(loop));
    await wal.settled();
    return result;
  }

  async #write<T>(work: (loop: LoopConnection) => T): Promise<T> {
    const { result, synced } = await this.#gate.run(() => {
      const { loop, wal, checkpointer } = this.#sure();
      const result = this.#watched(() => work(loop));
      checkpointer.written();
      return { result, synced: wal.written() };
    });
    await synced;
    this.#acknowledge();
    return result;
  }

  /** Reads in the worker thread. */
  async #lookUp<K extends JobName>(name: K, ask: Ask<K>): Promise<Answer<K>> {
    const { worker, wal } = this.#live();
    const answer = await worker.read(name, ask);
    await wal.settled();
    return answer;
  }

  #watched<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const known = toStoreError(error, 'the store', this.#path);
      if (known.code === 'fatal') this.#fail(known);
      throw known;
    }
  }

  /** After a fatal error nothing is tried again: the state on the disk is not known until the next start. */
  #fail(error: StoreError): void {
    this.#failure ??= error;
  }

  /** Step by step, so that commits come in between. */
  async #steps(limit: number, step: (rows: number) => Promise<Step>): Promise<Step> {
    let changed = 0;
    for (;;) {
      const rows = Math.min(stepRows, limit - changed);
      if (rows <= 0) return { changed, hasMore: true };
      const done = await step(rows);
      this.#opened?.checkpointer.written();
      changed += done.changed;
      if (!done.hasMore || changed >= limit) return { changed, hasMore: done.hasMore };
    }
  }
}

const notShared = () => new StoreError('fatal', 'sqlite is for one process: its lock is the lease, without heartbeats');

const blind = (folder: string) =>
  `the file system of ${folder} gives a file another number at each check: Holdfast cannot notice that a file is deleted or replaced`;

/** Nobody waits for a write while the store opens: what is not known to be done is done by the next try. */
function ofOpening(error: StoreError): StoreError {
  const { code, message, cause } = error;
  return code === 'unknown-outcome' ? new StoreError('full', message, { cause }) : error;
}
