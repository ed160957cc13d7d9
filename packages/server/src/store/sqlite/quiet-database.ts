import { type BigIntStats, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { copyFile, open, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError } from '../store.ts';
import { migrations } from './migrate.ts';

/** What may lie beside a database and is part of it. */
const companions = ['', '-wal', '-journal'] as const;

/** Where SQLite keeps `user_version` in the first page, big-endian. */
const userVersionAt = 60;

/**
 * A database that is read without changing anything in its folder, neither a lock nor a file. One that is whole in
 * itself is read where it is; one with a WAL, a rollback journal, or of an earlier version is copied to the system's
 * folder for temporary files, where SQLite may write.
 */
export class QuietDatabase {
  readonly path: string;
  readonly db: DatabaseSync;
  /** Of the file and its WAL. */
  readonly bytes: number;
  readonly walBytes: number;
  readonly #before: readonly string[];
  readonly #copy: string | undefined;

  private constructor(path: string, db: DatabaseSync, before: readonly string[], copy: string | undefined) {
    this.path = path;
    this.db = db;
    this.bytes = sizeOf(path);
    this.walBytes = sizeOf(`${path}-wal`);
    this.#before = before;
    this.#copy = copy;
  }

  /**
   * @param copying told before a copy is made, which may take long
   * @throws StoreError `full` where there is no room for the copy
   */
  static async open(path: string, copying: (folder: string, bytes: number) => void): Promise<QuietDatabase> {
    const before = fingerprints(path);
    if (sizeOf(`${path}-wal`) === 0 && sizeOf(`${path}-journal`) === 0 && !(await isOfEarlierVersion(path))) {
      return new QuietDatabase(path, openUnchanging(path), before, undefined);
    }
    const folder = temporaryFolder(path);
    try {
      await copyTo(folder, path, copying);
      return new QuietDatabase(path, new DatabaseSync(join(folder, basename(path))), before, folder);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** Somebody has written to the files since they were opened: what was read may be of two moments. */
  hasChanged(): boolean {
    return fingerprints(this.path).join() !== this.#before.join();
  }

  close(): void {
    this.db.close();
    if (this.#copy !== undefined) rmSync(this.#copy, { recursive: true });
  }
}

/** A database that nobody writes to: it needs no lock, and no file beside it. */
export function openUnchanging(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

function temporaryFolder(path: string): string {
  try {
    return mkdtempSync(join(tmpdir(), 'holdfast-check-'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `${path} has to be copied to be read, and no folder can be made in ${tmpdir()}: ${why}. TMPDIR names another folder`;
    throw new StoreError('not-done', text, { cause });
  }
}

async function isOfEarlierVersion(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(100), 0, 100, 0);
    if (bytesRead < 100) return false;
    const version = buffer.readUInt32BE(userVersionAt);
    return version > 0 && version < migrations.length;
  } finally {
    await file.close();
  }
}

async function copyTo(folder: string, path: string, copying: (folder: string, bytes: number) => void): Promise<void> {
  const neededBytes = companions.reduce((sum, end) => sum + sizeOf(path + end), 0);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes) {
    throw new StoreError(
      'full',
      `${path} has to be copied to be read, and there is no room in ${tmpdir()}: ${neededBytes} bytes are needed, ${bavail * bsize} are free. TMPDIR names another folder`,
    );
  }
  copying(folder, neededBytes);
  for (const end of companions) {
    if (sizeOf(path + end) === 0) continue;
    await copyFile(path + end, join(folder, basename(path) + end), constants.COPYFILE_FICLONE);
  }
}

const stateOf = (path: string): BigIntStats | undefined => statSync(path, { throwIfNoEntry: false, bigint: true });

export const sizeOf = (path: string): number => Number(stateOf(path)?.size ?? 0);

function fingerprints(path: string): string[] {
  return companions.map((end) => {
    const state = stateOf(path + end);
    // An empty WAL says nothing, and is not always there.
    return state === undefined || state.size === 0n ? '' : `${state.ino} ${state.size} ${state.mtimeNs}`;
  });
}
