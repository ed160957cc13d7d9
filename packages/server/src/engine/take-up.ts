import type { Transaction } from '@holdfast/core';
import type { Store, StoredTransaction, UnreadableRow } from '../store/store.ts';
import type { Actor, Loaded } from './actor.ts';
import type { EngineClock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { Runtime } from './ports.ts';
import { updateBytes } from './row.ts';
import { asUnreadable, isNotForUs } from './unread.ts';

export interface TakeUpContext {
  readonly store: Pick<Store, 'load'>;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  /** Times what waits for the store. */
  readonly storeRuntime: Pick<Runtime, 'setTimer'>;
  readonly own: string;
  /** By gid. */
  readonly driven: ReadonlyMap<string, { readonly actor: Actor }>;
  newToken(): string;
  /** Runs the change of a row when no other change of it runs. */
  exclusively<T>(gid: string, change: () => Promise<T>): Promise<T>;
  isOver(): boolean;
  restore(stored: StoredTransaction): Transaction;
  /** Drives what this incarnation owns at this version, as it was read at that monotonic time. */
  drive(transaction: Transaction, version: number, seenMs: number, loaded: Loaded): void;
  failed(error: unknown): void;
  /** It can be read and not be driven by this version: an incident, which is stored. */
  undrivable(row: UnreadableRow): void;
  /** What must not happen: an actor broke, or a transaction was owned and not driven. */
  defect(gid: string, what: string, error: unknown): void;
}

/** A row that could not be read is read again after this. */
const rereadMs = 1000;

/** Takes rows up that this incarnation owns: reads them, has them driven, and knows those that cannot be. */
export class TakeUp {
  readonly #context: TakeUpContext;
  /** Broken: owned, not driven, and left alone until the process starts again. */
  readonly #broken = new Set<string>();

  constructor(context: TakeUpContext) {
    this.#context = context;
  }

  isBroken(gid: string): boolean {
    return this.#broken.has(gid);
  }

  /** It stays owned, so that nobody guesses; an operator can stop it. */
  breaks(gid: string, error: unknown): void {
    this.#broken.add(gid);
    this.#context.defect(gid, 'cannot be driven: it waits until the next start', error);
  }

  take(stored: StoredTransaction, seenMs: number): void {
    const { handedBack, version } = stored;
    try {
      const loaded = { kind: 'loaded', handedBack, atMs: this.#context.clock.nowMs() } as const;
      this.#context.drive(this.#context.restore(stored), version, seenMs, loaded);
    } catch (error) {
      this.breaks(stored.definition.gid, error);
      this.#raise(stored, asUnreadable(stored, error));
    }
  }

  /** Drives a row that is ours, once what is under way with it has ended and it can be read. */
  takeWhenReadable(gid: string): void {
    this.takeIfOurs(gid).catch((error: unknown) => {
      this.#context.failed(error);
      if (!this.#context.isOver()) this.#context.storeRuntime.setTimer(rereadMs, () => this.takeWhenReadable(gid));
    });
  }

  /**
   * Something may have happened to the row since it was seen: it is taken as it is now, if nobody drives it. What is
   * read is as old as its request, so nobody may have driven it since then either: while this holds it nobody begins to.
   */
  async takeIfOurs(gid: string, found?: () => void): Promise<void> {
    const { store, upkeep, own, driven } = this.#context;
    const last = driven.get(gid)?.actor;
    if (last?.isReleasing) await new Promise<void>((resolve) => last.wait(() => resolve()));
    await this.#context.exclusively(gid, async () => {
      if (driven.has(gid) || this.#broken.has(gid)) return;
      const sentMs = upkeep.monotonicMs();
      const [stored] = await store.load([gid]).catch((error: unknown) => this.#leave(gid, error));
      if (this.#context.isOver() || stored?.owner !== own) return;
      found?.();
      this.take(stored, sentMs);
    });
  }

  /** Reads it for its driver, as often as it takes. */
  load(gid: string, done: (stored: StoredTransaction | undefined) => void): void {
    this.#context.store.load([gid]).then(
      ([stored]) => done(stored),
      (error: unknown) => {
        if (isNotForUs(error)) {
          this.#leave(gid, error);
          done(undefined);
          return;
        }
        this.#context.failed(error);
        // Nothing is known: the actor stays blocked until the row can be read.
        if (!this.#context.isOver()) this.#context.storeRuntime.setTimer(rereadMs, () => this.load(gid, done));
      },
    );
  }

  /**
   * What cannot be read is driven by nobody; it was told of as it was read, and the next start makes it an incident. What is
   * for a newer program to read is driven by others.
   */
  #leave(gid: string, error: unknown): [] {
    if (!isNotForUs(error)) throw error;
    this.#broken.add(gid);
    return [];
  }

  /** It stays ours: a row that is handed back tells its next owner that nothing was in flight. */
  #raise({ progress, version }: StoredTransaction, row: UnreadableRow): void {
    const { journal, own } = this.#context;
    const { gid, incident } = row;
    if (progress.incident === incident) return;
    const raised = { ...progress, incident };
    journal.write(
      {
        kind: 'update',
        gid,
        token: this.#context.newToken(),
        expectOwner: own,
        expectVersion: version,
        owner: own,
        progress: raised,
      },
      updateBytes(raised),
      // Refused: somebody else has changed it, and the next start reads it anew.
      (result) => result === 'done' && this.#context.undrivable(row),
    );
  }
}
