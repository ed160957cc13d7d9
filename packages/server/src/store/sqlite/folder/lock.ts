import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../store.ts';
import { isBusy } from '../errors.ts';

/** How long `take` waits for a process that is ending. */
const patienceMs = 5000;
const pollMs = 25;

/** Beside the lock, for people alone: who holds it. Nothing is decided by it. */
const holderFile = (path: string) => `${path}-holder`;

/**
 * One process only: a file beside the database, itself an SQLite database held in an exclusive transaction. The
 * operating system lets go of it however the process ends, and the real database stays open to sqlite3 for readers.
 */
export class FolderLock {
  readonly #db: DatabaseSync;
  readonly #path: string;

  private constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  /** @throws StoreError `locked` when another process still holds it after five seconds */
  static async take(path: string, folder: string): Promise<FolderLock> {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const lock = FolderLock.#try(path);
      if (lock !== undefined) return lock;
      if (performance.now() >= deadlineMs) {
        throw new StoreError(
          'locked',
          `the data folder ${folder} is in use by ${holderIn(path)}: stop that one, or give this one a folder of its own`,
        );
      }
      await setTimeout(pollMs);
    }
  }

  /** Whether a process holds it. Nothing is written, and nobody is kept from taking it. */
  static isHeld(path: string): boolean {
    if (!existsSync(path)) return false;
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      db.prepare('select 1 from sqlite_schema').get();
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    } finally {
      db.close();
    }
  }

  static #try(path: string): FolderLock | undefined {
    const db = new DatabaseSync(path);
    try {
      // What may not be written SQLite opens all the same, to read it, and then `begin exclusive` locks nothing.
      accessSync(path, constants.R_OK | constants.W_OK);
      db.exec('begin exclusive');
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
    nameHolder(path);
    return new FolderLock(db, path);
  }

  release(): void {
    forgetHolder(this.#path);
    this.#db.close();
  }
}

function nameHolder(path: string): void {
  try {
    writeFileSync(holderFile(path), `${process.pid} ${hostname()}\n`, { mode: 0o600 });
  } catch {
    // A full disk, say: then the text about the lock names no process, and a name of an earlier holder must not stay.
    forgetHolder(path);
  }
}

function forgetHolder(path: string): void {
  try {
    rmSync(holderFile(path), { force: true });
  } catch {
    // A disk that has become read-only. The name is of no use once its process has ended, and holderIn sees that.
  }
}

/** Whoever holds the lock, as far as it is known: a process that has ended does not hold it. */
function holderIn(path: string): string {
  const [, pid = '', host = ''] = /^(\d+) (\S+)\n$/.exec(readIfThere(holderFile(path))) ?? [];
  if (pid === '') return 'another process';
  if (host !== hostname()) return `another process (pid ${pid} on ${host})`;
  return isAlive(Number(pid)) ? `another process (pid ${pid})` : 'another process';
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Missing, or not ours to read: then nobody is named.
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
