import { statSync } from 'node:fs';
import type { BackupFile, BackupRequest } from '../../capabilities.ts';
import { StoreError } from '../../store.ts';
import type { Checkpointer } from '../checkpointer.ts';
import { makeFolder } from '../synced.ts';
import type { WorkerClient } from '../worker/worker-client.ts';
import { backupNameAt, removeUnfinished } from './backup-name.ts';

export interface BackupsParts {
  /** Where they go unless another folder is asked for. */
  readonly folder: string;
  /** @throws StoreError where the files of the store may not be those of their names any more */
  look(): Promise<Checkpointer>;
  newWorker(): WorkerClient;
}

/** The backups of an open store, one after the other. */
export class Backups {
  readonly #parts: BackupsParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: BackupsParts) {
    this.#parts = parts;
  }

  /** What a process that died in the middle of one has left goes. */
  async removeUnfinished(): Promise<void> {
    if (isFolder(this.#parts.folder)) await removeUnfinished(this.#parts.folder);
  }

  /** To `holdfast-<UTC time>.db` in the folder asked for, else in that of the store. */
  make(request: BackupRequest): Promise<BackupFile> {
    const done = this.#last.then(() => this.#copy(request));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when those asked for have ended. */
  async ended(): Promise<void> {
    await this.#last;
  }

  /** In a thread of its own, so that lists and counts do not wait for it. */
  async #copy({ to, keep }: BackupRequest): Promise<BackupFile> {
    // A copy of what is not open any more, or a new folder in the place of one that is gone, would look like a backup.
    const checkpointer = await this.#parts.look();
    const folder = to ?? this.#parts.folder;
    if (to === undefined) await makeFolder(folder);
    else if (!isFolder(to)) throw new StoreError('bad-folder', 'there is no such folder on this machine');
    const name = backupNameAt(new Date());
    const worker = this.#parts.newWorker();
    checkpointer.pause();
    try {
      return await worker.read('backup', { folder, name, keep });
    } finally {
      checkpointer.resume();
      await worker.close();
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
