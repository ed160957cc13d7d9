import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../store.ts';
import { toStoreError } from '../errors.ts';
import type { Checkpoint } from '../worker/jobs.ts';
import type { Identity } from './identity.ts';
import { databaseName, stateName, walName } from './sight.ts';
import { type FolderState, StateFile, type WalMark } from './state-file.ts';
import { isSameGeneration, parseWalHeader, type WalHeader, walHeaderBytes } from './wal-file.ts';

/** At most so often while it runs: a sync of one small file. */
const everyMs = 1000;

export interface Beginning {
  /** Of the database, after the first commit of this opening. */
  readonly identity: Identity;
  /** Whole frames of the WAL, all of them on the disk. */
  readonly frames: number;
  /** What the state file says so far. */
  readonly earlier: FolderState | undefined;
  /** The state file could not be written: the disk is broken. */
  readonly failed: (error: StoreError) => void;
}

interface FolderRecordParts {
  readonly path: string;
  readonly wal: FileHandle;
  readonly file: StateFile;
  readonly starts: number;
  readonly state: FolderState;
  readonly failed: (error: StoreError) => void;
}

/**
 * Keeps `holdfast.state` true while the store is open. It may say less than there is, and never more: whatever it names
 * is on the disk before. docs/decisions/0016-damaged-folders.md has the order of events.
 */
export class FolderRecord {
  /** Of the database. */
  readonly #path: string;
  readonly #wal: FileHandle;
  readonly #file: StateFile;
  /** Of this opening; the state file says what of it the database has without the WAL. */
  readonly #starts: number;
  readonly #failed: (error: StoreError) => void;
  #state: FolderState;
  #last: Promise<unknown> = Promise.resolve();
  #dueMs = performance.now() + everyMs;

  private constructor({ path, wal, file, starts, state, failed }: FolderRecordParts) {
    this.#path = path;
    this.#wal = wal;
    this.#file = file;
    this.#starts = starts;
    this.#state = state;
    this.#failed = failed;
  }

  /** From now on the WAL is needed. */
  static async begin(folder: string, { identity, frames, earlier, failed }: Beginning): Promise<FolderRecord> {
    const wal = await open(join(folder, walName), 'r');
    try {
      const header = await readHeader(wal);
      if (header === undefined) throw new StoreError('fatal', `${walName} has no valid header after a commit`);
      const mark = markOf(header, frames);
      const { id, starts } = identity;
      const state: FolderState = { phase: 'open', id, starts: earlier?.starts ?? 0, wal: mark };
      const file = await StateFile.openWith(join(folder, stateName), state);
      return new FolderRecord({ path: join(folder, databaseName), wal, file, starts, state, failed });
    } catch (error) {
      await wal.close();
      throw error;
    }
  }

  /** Runs a checkpoint, and names what is known after it. */
  checkpointed(run: () => Promise<Checkpoint>): Promise<Checkpoint> {
    const done = this.#last.then(() => this.#around(run));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /**
   * After the last commit: whether the database has everything. Then the WAL is not needed, and may be removed.
   *
   * @param copyAll a checkpoint
   */
  async end(copyAll: () => Checkpoint): Promise<boolean> {
    await this.#last;
    const done = copyAll();
    const header = await readHeader(this.#wal);
    if (!isComplete(done) || header === undefined) return false;
    const wal = markOf(header, done.walPages);
    await this.#write({ ...this.#state, phase: 'closed', starts: this.#starts, wal });
    return true;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
    await this.#wal.close();
  }

  async #around(run: () => Promise<Checkpoint>): Promise<Checkpoint> {
    const before = await readHeader(this.#wal);
    const done = await run();
    if (performance.now() < this.#dueMs || done.walPages <= 0) return done;
    const after = await readHeader(this.#wal);
    // It was read while a commit wrote it: the next checkpoint comes soon.
    if (before === undefined || after === undefined) return done;
    // A commit may begin the WAL anew after the checkpoint, and the frames that it counted are in the database then.
    const frames = isSameGeneration(before, after) ? done.walPages : 0;
    await this.#wal.datasync();
    const starts = isComplete(done) ? this.#starts : this.#state.starts;
    await this.#write({ ...this.#state, starts, wal: markOf(after, frames) });
    return done;
  }

  async #write(state: FolderState): Promise<void> {
    try {
      await this.#file.write(state);
    } catch (error) {
      const known = toStoreError(error, `${stateName} cannot be written`, this.#path);
      if (known.code === 'fatal') this.#failed(known);
      throw known;
    }
    this.#state = state;
    this.#dueMs = performance.now() + everyMs;
  }
}

const isComplete = ({ isBlocked, walPages, leftPages }: Checkpoint) => !isBlocked && walPages >= 0 && leftPages === 0;

const markOf = ({ sequence, salt1, salt2 }: WalHeader, frames: number): WalMark => ({ sequence, salt1, salt2, frames });

async function readHeader(wal: FileHandle): Promise<WalHeader | undefined> {
  const bytes = new Uint8Array(walHeaderBytes);
  const { bytesRead } = await wal.read(bytes, 0, walHeaderBytes, 0);
  return parseWalHeader(bytes.subarray(0, bytesRead));
}
