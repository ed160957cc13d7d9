import { HoldfastError } from '@holdfast/core';
import {
  type AppendWrite,
  type Store,
  type StoredTransaction,
  StoreError,
  type UpdateWrite,
  type Write,
  type WriteResult,
} from '../store/store.ts';
import { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import type { Runtime } from './ports.ts';
import { cannotWrite, changedByOthers, refuse } from './refusals.ts';

const loadLimits = { atOnce: 16, waiting: 10_000 };
const conflictRetries = 20;
const firstPauseMs = 50;
const lastPauseMs = 1000;

export interface Appended {
  readonly result: WriteResult;
  /** What became of an attempt before was not known: whatever the result, the branches may be there by this very write. */
  readonly isUnknown: boolean;
}

/** The rows of the store, for requests that wait for what is read and written: what is not possible now is refused. */
export class StoredRows {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #runtime: Runtime;
  readonly #loads: Gate;

  constructor(store: Store, journal: Journal, runtime: Runtime) {
    this.#store = store;
    this.#journal = journal;
    this.#runtime = runtime;
    this.#loads = new Gate(loadLimits, (action) => runtime.soon(action));
  }

  /** A row may be megabytes: so many at once, and between them the event loop goes round. */
  async load(gid: string, what: 'whole' | 'bare'): Promise<StoredTransaction | undefined> {
    return this.#loads.pass(async () => {
      const [stored] = await this.#store.load([gid], what).catch(refuse);
      return stored;
    });
  }

  /**
   * Of a row that a write of the same request may have changed: a refusal would tell that nothing was changed. A store
   * that is away is asked again until it answers; who waits when this node stops is never answered.
   */
  async loadSurely(gid: string, what: 'whole' | 'bare'): Promise<StoredTransaction | undefined> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
      try {
        return await this.load(gid, what);
      } catch (error) {
        if (!isAway(error)) throw error;
      }
      await this.#rest(pauseMs);
    }
  }

  /**
   * @param done told that it is done, before any later write of the same gid is
   * @throws HoldfastError UNAVAILABLE where the store cannot write it for a while; then nothing was changed
   */
  write(write: Write, bytes: number, done?: () => void): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#journal.tryWrite(write, bytes, (result) => {
        if (result === 'done') done?.();
        if (result === 'given-up') reject(this.cannotWriteNow());
        else resolve(result);
      });
    });
  }

  /**
   * @param done as for `write`
   * @throws HoldfastError UNAVAILABLE where the store cannot write it for a while; then nothing was changed
   */
  append(write: AppendWrite, bytes: number, done: () => void): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#journal.tryWrite(write, bytes, (result, isUnknown) => {
        if (result === 'done') done();
        if (result === 'given-up') reject(this.cannotWriteNow());
        else resolve({ result, isUnknown });
      });
    });
  }

  /**
   * `overtaken`: it may have been done, and somebody has changed the row since; or somebody was faster.
   * @throws HoldfastError UNAVAILABLE where the store cannot write it for a while; then nothing was changed
   */
  update(write: UpdateWrite, bytes: number): Promise<WriteResult | 'overtaken'> {
    return new Promise((resolve, reject) => {
      this.#journal.tryWrite(write, bytes, (result, isUnknown) => {
        if (result === 'given-up') reject(this.cannotWriteNow());
        else resolve(result === 'conflict' && isUnknown ? 'overtaken' : result);
      });
    });
  }

  cannotWriteNow(): HoldfastError {
    return cannotWrite(this.#journal.trouble ?? 'it did not answer');
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#runtime.setTimer(ms, () => {
        if (!this.#journal.isStopped) resolve();
      });
    });
  }
}

/** It may be read later. What a newer version has written will not be readable here. */
function isAway(error: unknown): boolean {
  if (!(error instanceof HoldfastError) || error.code !== 'UNAVAILABLE') return false;
  return !(error.cause instanceof StoreError && error.cause.code === 'newer');
}

/**
 * A change decided on what was read, decided anew where somebody else was faster.
 * @param attempt resolves with undefined where somebody else was faster
 */
export async function againstOthers<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (let attempts = 0; attempts < conflictRetries; attempts += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw changedByOthers();
}
