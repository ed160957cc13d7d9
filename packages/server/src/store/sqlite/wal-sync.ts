import { StoreError } from '../store.ts';

/** The WAL through a descriptor of its own. SQLite takes no lock on this file, so closing it lets go of none. */
export interface WalFile {
  datasync(): Promise<void>;
  close(): Promise<void>;
}

interface Sync {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * Makes commits durable beside the event loop: a commit leaves its frames with the operating system, and a sync that
 * begins afterwards brings them to the disk. One sync runs, one gathers whoever came after its begin.
 */
export class WalSync {
  readonly #file: WalFile;
  readonly #failed: (error: StoreError) => void;
  #running: Sync | undefined;
  #next: Sync | undefined;

  /** @param failed told once: what the disk holds is not known, and no later sync can tell (it would succeed) */
  constructor(file: WalFile, failed: (error: StoreError) => void) {
    this.#file = file;
    this.#failed = failed;
  }

  /** To be called right after a commit; resolves when it is on the disk. */
  written(): Promise<void> {
    this.#next ??= Promise.withResolvers<void>();
    const { promise } = this.#next;
    if (this.#running === undefined) this.#start();
    return promise;
  }

  /** Resolves when everything committed so far is on the disk: for whoever has read it. */
  settled(): Promise<void> {
    return (this.#next ?? this.#running)?.promise ?? Promise.resolve();
  }

  /** Waits for the syncs asked for so far, however they end. */
  async close(): Promise<void> {
    await this.settled().catch(() => undefined);
    await this.#file.close();
  }

  #start(): void {
    const sync = this.#next;
    this.#next = undefined;
    this.#running = sync;
    if (sync === undefined) return;
    this.#file.datasync().then(
      () => {
        sync.resolve();
        this.#start();
      },
      (error: unknown) => this.#fail(sync, error),
    );
  }

  /** The failed sync stays the running one: none begins any more, and whoever asks later gets its error. */
  #fail(sync: Sync, cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new StoreError('fatal', `the WAL could not be synced to the disk: ${why}`, { cause });
    this.#failed(error);
    sync.reject(error);
    this.#next?.reject(error);
    this.#next = sync;
  }
}
