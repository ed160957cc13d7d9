import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../store.ts';
import { isBusy } from './errors.ts';

/** How long `take` waits for a process that is ending. */
const patienceMs = 5000;
const pollMs = 25;

/**
 * One process only: a file beside the database, itself an SQLite database held in an exclusive transaction. The
 * operating system lets go of it however the process ends, and the real database stays open to sqlite3 for readers.
 */
export class FolderLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
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
          `the data folder ${folder} is in use by another process: stop that one, or give this one a folder of its own`,
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
      db.exec('begin exclusive');
      return new FolderLock(db);
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  release(): void {
    this.#db.close();
  }
}
