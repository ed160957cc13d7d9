import { type Defaults, HoldfastError, type Status, type Transaction } from '@holdfast/core';
import { type StoredTransaction, UnreadableError, type UnreadableRow } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';
import { updateBytes } from './row.ts';
import { againstOthers, type StoredRows } from './stored-rows.ts';
import { asUnreadable, stopUnread } from './unread.ts';

export interface UnreadStopContext {
  readonly rows: StoredRows;
  readonly clock: EngineClock;
  readonly defaults: Defaults;
  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation;
  restore(stored: StoredTransaction): Transaction;
  moved(transaction: Transaction, from: Status): void;
  written(now: Transaction, before: Transaction): void;
}

/** An operator's stop of what cannot be read, or not be driven by this version. */
export class UnreadStop {
  readonly #context: UnreadStopContext;

  constructor(context: UnreadStopContext) {
    this.#context = context;
  }

  /**
   * Ends it where nobody drives it here: what was stored of it is set aside.
   * @returns false where it can be read
   */
  async stop(gid: string): Promise<boolean> {
    return againstOthers(async () => {
      const incarnation = this.#context.live();
      if (incarnation.actor(gid) !== undefined) return false;
      return await incarnation.exclusively(gid, () => this.#setAside(incarnation, gid));
    });
  }

  /** False: it can be read. Undefined: somebody else was faster. */
  async #setAside(incarnation: Incarnation, gid: string): Promise<boolean | undefined> {
    const row = await this.#unreadable(gid);
    if (row === undefined || row.status === 'succeed' || row.status === 'failed') return false;
    incarnation.prepared.forget(gid);
    const { before, now } = stopUnread(row, this.#context.defaults, this.#context.clock.nowMs());
    const { definition, progress } = now;
    const result = await this.#context.rows.write(
      {
        kind: 'update',
        gid,
        token: incarnation.newToken(),
        expectOwner: row.owner,
        expectVersion: row.version,
        owner: null,
        progress,
        definition,
        setsAside: true,
      },
      updateBytes(progress),
    );
    if (result !== 'done') return undefined;
    this.#context.written(now, before);
    this.#context.moved(now, before.progress.status);
    return true;
  }

  /** Undefined: it can be read and driven, or there is none. */
  async #unreadable(gid: string): Promise<UnreadableRow | undefined> {
    try {
      const stored = await this.#context.rows.load(gid, 'whole');
      return stored && this.#undrivable(stored);
    } catch (error) {
      if (error instanceof HoldfastError && error.cause instanceof UnreadableError) return error.cause.row;
      throw error;
    }
  }

  #undrivable(stored: StoredTransaction): UnreadableRow | undefined {
    try {
      this.#context.restore(stored);
      return undefined;
    } catch (error) {
      return asUnreadable(stored, error instanceof HoldfastError ? (error.cause ?? error) : error);
    }
  }
}
