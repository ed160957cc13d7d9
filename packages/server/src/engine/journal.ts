import { type Store, StoreError, type Write, type WriteResult } from '../store/store.ts';
import type { Runtime } from './ports.ts';

export interface JournalLimits {
  /** Rows in one batch. */
  readonly batchRows: number;
  /** Bytes in one batch; one larger write goes alone. */
  readonly batchBytes: number;
  /** Beyond these, transactions that would create a gid are refused. */
  readonly softRows: number;
  readonly softBytes: number;
  /** Beyond these, every request is refused; only drivers still write. */
  readonly hardRows: number;
  readonly hardBytes: number;
}

export interface JournalEvents {
  committed(rows: number, durationMs: number): void;
  /** The store cannot write now, and why; undefined: it can again. */
  paused(reason: string | undefined): void;
  /** Nothing can be written any more: the process must end. */
  fatal(error: unknown): void;
}

interface Entry {
  readonly write: Write;
  readonly bytes: number;
  readonly done: (result: WriteResult) => void;
}

const firstRetryMs = 20;
const lastRetryMs = 1000;

/**
 * Group commit: writes of all transactions go to one queue; while a batch is being committed the next one gathers. A
 * batch is one durable round trip and holds at most one write per gid. No timer delays a lone write. A batch of unknown
 * outcome is issued again until it is known; until then nobody is answered.
 */
export class Journal {
  readonly #store: Pick<Store, 'commit'>;
  readonly #runtime: Runtime;
  readonly #limits: JournalLimits;
  readonly #events: JournalEvents;
  #queue: Entry[] = [];
  #rows = 0;
  #bytes = 0;
  #running = false;
  #idle: (() => void)[] = [];

  constructor(store: Pick<Store, 'commit'>, runtime: Runtime, limits: JournalLimits, events: JournalEvents) {
    this.#store = store;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#events = events;
  }

  /** `free`; `soft`: create nothing new; `hard`: take no request at all. Counts what is queued and being committed. */
  get pressure(): 'free' | 'soft' | 'hard' {
    const { softRows, softBytes, hardRows, hardBytes } = this.#limits;
    if (this.#rows >= hardRows || this.#bytes >= hardBytes) return 'hard';
    return this.#rows >= softRows || this.#bytes >= softBytes ? 'soft' : 'free';
  }

  /** `done` is called once the write is durable or refused, never before `write` returns. */
  write(write: Write, bytes: number, done: (result: WriteResult) => void): void {
    this.#queue.push({ write, bytes, done });
    this.#rows += 1;
    this.#bytes += bytes;
    if (this.#running) return;
    this.#running = true;
    this.#runtime.soon(() => this.#run());
  }

  /** Resolves when nothing is queued nor being committed. */
  drained(): Promise<void> {
    return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  #run(): void {
    const batch = this.#take();
    if (batch.length === 0) {
      this.#running = false;
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#commit(batch, firstRetryMs);
  }

  /** At most one write per gid; a later one of the same gid waits for the next batch. */
  #take(): Entry[] {
    const batch: Entry[] = [];
    const later: Entry[] = [];
    const gids = new Set<string>();
    let bytes = 0;
    for (const entry of this.#queue) {
      const isFull =
        batch.length >= this.#limits.batchRows || (batch.length > 0 && bytes + entry.bytes > this.#limits.batchBytes);
      if (isFull || gids.has(entry.write.gid)) {
        // Also blocks its gid, so that writes of one gid keep their order.
        gids.add(entry.write.gid);
        later.push(entry);
        continue;
      }
      gids.add(entry.write.gid);
      batch.push(entry);
      bytes += entry.bytes;
    }
    this.#queue = later;
    return batch;
  }

  #commit(batch: readonly Entry[], retryMs: number): void {
    const startedMs = this.#runtime.monotonicMs();
    this.#store.commit(batch.map((entry) => entry.write)).then(
      (results) => {
        this.#events.committed(batch.length, this.#runtime.monotonicMs() - startedMs);
        if (retryMs > firstRetryMs) this.#events.paused(undefined);
        this.#settle(batch, results);
      },
      (error: unknown) => this.#failed(batch, retryMs, error),
    );
  }

  #settle(batch: readonly Entry[], results: readonly WriteResult[]): void {
    batch.forEach((entry, index) => {
      this.#rows -= 1;
      this.#bytes -= entry.bytes;
      entry.done(results[index] ?? 'conflict');
    });
    this.#runtime.soon(() => this.#run());
  }

  /** The same batch again: its tokens let the store tell our own earlier writes from another's. */
  #failed(batch: readonly Entry[], retryMs: number, error: unknown): void {
    const isRetried = error instanceof StoreError && ['unknown-outcome', 'not-done', 'full'].includes(error.code);
    if (!isRetried) {
      this.#events.fatal(error);
      return;
    }
    this.#events.paused(error.message);
    this.#runtime.setTimer(retryMs, () => this.#commit(batch, Math.min(retryMs * 2, lastRetryMs)));
  }
}
