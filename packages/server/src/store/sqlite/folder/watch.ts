import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WatchEvents } from '../../capabilities.ts';
import { StoreError } from '../../store.ts';
import { databaseName, lockName, walName } from './sight.ts';

const watched = [databaseName, walName, lockName];

const everyMs = 1000;
/** How often in a row the names must belong to other files. */
const oddLooks = 2;
/** A look that has not ended after so many seconds does not tell; a busy machine takes one now and then. */
const slowLooks = 5;
/** How long the file system may be unable to tell. */
const patienceMs = 10_000;

/** Device and inode of a file. */
interface Numbers {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The numbers of a file. @throws whatever the system says, ENOENT where there is none */
export type Look = (path: string) => Promise<Numbers>;

const lookUp: Look = (path) => stat(path, { bigint: true });

type Seen =
  | { readonly kind: 'same' }
  /** Another file, or none, has the name. */
  | { readonly kind: 'odd'; readonly reason: string }
  /** The file system does not tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface FolderWatchParts {
  readonly folder: string;
  readonly events: WatchEvents;
  /** Default: the system's. */
  readonly look?: Look;
  readonly nowMs?: () => number;
}

/**
 * Whether database, WAL and lock are still the files that are open. Linux lets a process write on into files that were
 * deleted, moved or replaced: everything that is acknowledged then is gone at the next start. SQLite itself replaces none
 * of them while it has them open.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #events: WatchEvents;
  readonly #look: Look;
  readonly #nowMs: () => number;
  readonly #numbers: ReadonlyMap<string, Numbers>;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The file system gives other numbers each time: nothing can be told from them. */
  readonly isBlind: boolean;
  #doubt: string | undefined;
  #oddInARow = 0;
  #unknownSinceMs: number | undefined;
  #looking: Promise<void> | undefined;
  #waitedTicks = 0;
  #isOver = false;

  /** Right after the files were opened. */
  constructor({ folder, events, look = lookUp, nowMs = () => performance.now() }: FolderWatchParts) {
    this.#folder = folder;
    this.#events = events;
    this.#look = look;
    this.#nowMs = nowMs;
    const first = numbersOf(folder);
    this.#numbers = first;
    this.isBlind = !isSame(first, numbersOf(folder)) || !isSame(first, numbersOf(folder));
    if (this.isBlind) return;
    this.#timer = setInterval(() => this.tick(), everyMs);
    this.#timer.unref();
  }

  /** Why nothing may be acknowledged now. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** Once a second. */
  tick(): void {
    if (this.#looking === undefined) {
      this.#waitedTicks = 0;
      void this.look();
      return;
    }
    this.#waitedTicks += 1;
    if (this.#waitedTicks < slowLooks) return;
    this.#judge({ kind: 'unknown', reason: `the file system of ${this.#folder} does not answer` });
  }

  /** Resolves when a look, one that is under way or a new one, has ended. */
  look(): Promise<void> {
    if (this.isBlind || this.#isOver) return Promise.resolve();
    this.#looking ??= this.#see().then((seen) => {
      this.#looking = undefined;
      this.#judge(seen);
    });
    return this.#looking;
  }

  close(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  async #see(): Promise<Seen> {
    for (const [name, numbers] of this.#numbers) {
      const seen = await this.#seeOne(join(this.#folder, name), numbers);
      if (seen.kind !== 'same') return seen;
    }
    return { kind: 'same' };
  }

  async #seeOne(path: string, numbers: Numbers): Promise<Seen> {
    try {
      const { dev, ino } = await this.#look(path);
      if (dev === numbers.dev && ino === numbers.ino) return { kind: 'same' };
      return { kind: 'odd', reason: `${path} is not the file that is open: it was moved or replaced` };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        return { kind: 'odd', reason: `${path} is gone: it was deleted or moved while it is open` };
      }
      return { kind: 'unknown', reason: `${path} cannot be looked at (${code})` };
    }
  }

  #judge(seen: Seen): void {
    if (this.#isOver) return;
    const nowMs = this.#nowMs();
    this.#oddInARow = seen.kind === 'odd' ? this.#oddInARow + 1 : 0;
    this.#unknownSinceMs = seen.kind === 'unknown' ? (this.#unknownSinceMs ?? nowMs) : undefined;
    const reason = seen.kind === 'same' ? undefined : seen.reason;
    if (reason !== this.#doubt) {
      this.#doubt = reason;
      this.#events.doubted(reason);
    }
    if (reason === undefined) return;
    const isOut = this.#unknownSinceMs !== undefined && nowMs - this.#unknownSinceMs >= patienceMs;
    if (this.#oddInARow < oddLooks && !isOut) return;
    this.close();
    const advice = 'put the folder back as it was, or restore a backup into another one, and start again';
    this.#events.lost(new StoreError('fatal', `${reason}; nothing more is written or acknowledged: ${advice}`));
  }
}

function numbersOf(folder: string): Map<string, Numbers> {
  return new Map(watched.map((name) => [name, statSync(join(folder, name), { bigint: true })]));
}

function isSame(one: ReadonlyMap<string, Numbers>, other: ReadonlyMap<string, Numbers>): boolean {
  return [...one].every(([name, { dev, ino }]) => other.get(name)?.dev === dev && other.get(name)?.ino === ino);
}
