import { type Store, StoreError, type Write, type WriteResult } from '../store/store.ts';
import type { Runtime } from './ports.ts';
import { StuckWrites } from './stuck-writes.ts';
import { WriteQueue } from './write-queue.ts';

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
  /** One transaction cannot be written, for the sake of its own row, and why; undefined: it can again. */
  stuck(gid: string, reason: string | undefined): void;
  /** Nothing can be written any more: the process must end. */
  fatal(error: unknown): void;
}

/** `given-up`: surely not written, and the store cannot write for longer than who asked wants to wait. */
export type JournalResult = WriteResult | 'given-up';

interface Entry {
  readonly write: Write;
  readonly bytes: number;
  readonly done: (result: WriteResult) => void;
  /** Where it may be given up: who asked for it is told, instead of waiting for the store. */
  readonly giveUp: (() => void) | undefined;
}

/** One batch on its way, over all its attempts. */
interface Attempts {
  readonly startedMs: number;
  readonly retryMs: number;
  /** An attempt may have been committed: then nothing in it can be given up. */
  readonly isUnknown: boolean;
}

const firstRetryMs = 20;
const lastRetryMs = 1000;
/** A store that cannot write for this long is in trouble: requests are refused rather than kept waiting. */
const patienceMs = 1000;
/** A store that says nothing at all for so long, neither yes nor no, is in trouble too: its disk hangs. */
const silenceMs = 10_000;

/**
 * Group commit: writes of all transactions go to one queue; while a batch is being committed the next one gathers. A
 * batch is one durable round trip and holds at most one write per gid. No timer delays a lone write. A batch of unknown
 * outcome is issued again until it is known; until then nobody is answered.
 */
export class Journal {
  readonly #store: Pick<Store, 'commit' | 'ping'>;
  readonly #runtime: Runtime;
  readonly #limits: JournalLimits;
  readonly #events: JournalEvents;
  readonly #queue = new WriteQueue<Entry>();
  readonly #stuck: StuckWrites<Entry>;
  #rows = 0;
  #bytes = 0;
  #running = false;
  #stopped = false;
  /** Why the store cannot write, and since when. */
  #trouble: { readonly reason: string; readonly sinceMs: number; readonly isFull: boolean } | undefined;
  #idle: (() => void)[] = [];
  /** Since when the store has not answered what it was asked; undefined: nothing is asked of it. */
  #askedMs: number | undefined;

  constructor(store: Pick<Store, 'commit' | 'ping'>, runtime: Runtime, limits: JournalLimits, events: JournalEvents) {
    this.#store = store;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#events = events;
    this.#stuck = new StuckWrites({
      store,
      runtime,
      patienceMs,
      settled: (entry, result) => {
        this.#forget(entry);
        entry.done(result);
      },
      givenUp: (entry) => this.#giveUp([entry]),
      told: (gid, reason) => events.stuck(gid, reason),
      lost: (error) => this.#lost(error),
      emptied: () => this.#idled(),
    });
  }

  /** `free`; `soft`: create nothing new; `hard`: take no request at all. Counts what is queued and being committed. */
  get pressure(): 'free' | 'soft' | 'hard' {
    const { softRows, softBytes, hardRows, hardBytes } = this.#limits;
    if (this.#rows >= hardRows || this.#bytes >= hardBytes) return 'hard';
    return this.#rows >= softRows || this.#bytes >= softBytes ? 'soft' : 'free';
  }

  /** Why requests would wait for too long now, or undefined. */
  get trouble(): string | undefined {
    if (this.#trouble === undefined) return this.#isSilent ? silence : undefined;
    const { reason, sinceMs, isFull } = this.#trouble;
    return isFull || this.#runtime.monotonicMs() - sinceMs >= patienceMs ? reason : undefined;
  }

  /** Tells, as of a store that cannot write, where it does not answer at all. To be called by whoever looks. */
  noticeSilence(): void {
    if (!this.#isSilent || this.#trouble !== undefined) return;
    this.#suffered(silence, false);
    this.#giveUpQueued();
  }

  get #isSilent(): boolean {
    return this.#askedMs !== undefined && this.#runtime.monotonicMs() - this.#askedMs >= silenceMs;
  }

  /** Finds out whether the store can write: nobody else does where it cannot and nobody has something to write. */
  check(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#ask(firstRetryMs);
  }

  /** `done` is called once the write is durable or refused, never before `write` returns. However long it takes. */
  write(write: Write, bytes: number, done: (result: WriteResult) => void): void {
    this.#enqueue({ write, bytes, done, giveUp: undefined });
  }

  /** As `write`, for somebody who waits: given up where the store cannot write it for a while, and surely has not. */
  tryWrite(write: Write, bytes: number, done: (result: JournalResult) => void): void {
    this.#enqueue({ write, bytes, done, giveUp: () => done('given-up') });
  }

  /**
   * Writes nothing more, and resolves when the batch under way has ended. Who waits for a write that was not begun is
   * told; what drivers wanted to write is left to whoever takes over.
   */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#stuck.stop();
    this.#dropQueued();
    return this.drained();
  }

  #enqueue(entry: Entry): void {
    if (this.#stopped) {
      if (entry.giveUp !== undefined) this.#runtime.soon(entry.giveUp);
      return;
    }
    this.#queue.add(entry);
    this.#rows += 1;
    this.#bytes += entry.bytes;
    if (this.#running) return;
    this.#running = true;
    this.#runtime.soon(() => this.#run());
  }

  /** Resolves when nothing is queued nor being committed. */
  drained(): Promise<void> {
    if (!this.#running && this.#stuck.isEmpty) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #idled(): void {
    if (this.#running || !this.#stuck.isEmpty) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #run(): void {
    const { batchRows, batchBytes } = this.#limits;
    const taken = this.#queue.take({ rows: batchRows, bytes: batchBytes });
    if (taken.length === 0) {
      this.#running = false;
      this.#idled();
      return;
    }
    const batch = this.#stuck.isEmpty ? taken : taken.filter((entry) => !this.#stuck.addBehind(entry));
    if (batch.length === 0) {
      this.#runtime.soon(() => this.#run());
      return;
    }
    this.#commit(batch, { startedMs: this.#runtime.monotonicMs(), retryMs: firstRetryMs, isUnknown: false });
  }

  #commit(batch: readonly Entry[], attempts: Attempts): void {
    const startedMs = this.#runtime.monotonicMs();
    this.#answered(this.#store.commit(batch.map((entry) => entry.write))).then(
      (results) => {
        this.#events.committed(batch.length, this.#runtime.monotonicMs() - startedMs);
        this.#recovered();
        batch.forEach((entry, index) => {
          const result = results[index] ?? 'conflict';
          if (typeof result !== 'string') {
            this.#stuck.add(entry, result, attempts.isUnknown);
            return;
          }
          this.#forget(entry);
          entry.done(result);
        });
        this.#runtime.soon(() => this.#run());
      },
      (error: unknown) => this.#failed(batch, attempts, error),
    );
  }

  #answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    this.#askedMs = this.#runtime.monotonicMs();
    return asked.finally(() => {
      this.#askedMs = undefined;
    });
  }

  #forget({ bytes }: Entry): void {
    this.#rows -= 1;
    this.#bytes -= bytes;
  }

  /** The same batch again: its tokens let the store tell our own earlier writes from another's. */
  #failed(batch: readonly Entry[], { startedMs, retryMs, isUnknown }: Attempts, error: unknown): void {
    const isRetried = error instanceof StoreError && ['unknown-outcome', 'not-done', 'full'].includes(error.code);
    if (!isRetried) {
      // Who waits for this batch is never answered: nobody knows what became of it.
      this.#lost(error);
      return;
    }
    const { code, message } = error;
    this.#suffered(message, code === 'full');
    const next = {
      startedMs,
      retryMs: Math.min(retryMs * 2, lastRetryMs),
      isUnknown: isUnknown || code === 'unknown-outcome',
    };
    const isLate = code === 'full' || this.#runtime.monotonicMs() - startedMs >= patienceMs;
    if (isLate) this.#giveUpQueued();
    const left = (isLate || this.#stopped) && !next.isUnknown ? this.#giveUp(batch) : batch;
    if (this.#stopped) this.#run();
    else if (left.length === 0) this.#probe(retryMs);
    else this.#runtime.setTimer(retryMs, () => this.#commitAgain(left, next));
  }

  #commitAgain(batch: readonly Entry[], attempts: Attempts): void {
    if (!this.#stopped) {
      this.#commit(batch, attempts);
      return;
    }
    if (!attempts.isUnknown) this.#giveUp(batch);
    this.#run();
  }

  /** Nothing can be written any more. */
  #lost(error: unknown): void {
    this.#stopped = true;
    this.#stuck.stop();
    this.#dropQueued();
    this.#events.fatal(error);
    this.#run();
  }

  /** Nobody is left to write: finds out when the store can again, because nobody is sent here while it cannot. */
  #probe(delayMs: number): void {
    this.#runtime.setTimer(delayMs, () => {
      if (!this.#queue.isEmpty || this.#stopped) this.#run();
      else this.#ask(Math.min(delayMs * 2, lastRetryMs));
    });
  }

  #ask(retryMs: number): void {
    this.#answered(this.#store.ping()).then(
      () => {
        this.#recovered();
        this.#run();
      },
      (error: unknown) => {
        if (error instanceof StoreError && error.code === 'fatal') {
          this.#lost(error);
          return;
        }
        this.#suffered(error instanceof Error ? error.message : String(error), isFull(error));
        this.#probe(retryMs);
      },
    );
  }

  #suffered(reason: string, isFull: boolean): void {
    const sinceMs = this.#trouble?.sinceMs ?? this.#runtime.monotonicMs();
    this.#trouble = { reason, sinceMs, isFull };
    this.#events.paused(reason);
  }

  #recovered(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#events.paused(undefined);
  }

  #giveUpQueued(): void {
    this.#giveUp(this.#queue.keep(({ giveUp }) => giveUp === undefined));
  }

  #dropQueued(): void {
    this.#giveUp(this.#queue.keep(() => false));
  }

  /** Tells those who wait; what drivers write stays. */
  #giveUp(batch: readonly Entry[]): Entry[] {
    for (const entry of batch) {
      if (entry.giveUp === undefined) continue;
      this.#forget(entry);
      entry.giveUp();
    }
    return batch.filter((entry) => entry.giveUp === undefined);
  }
}

const silence = `the disk has not answered for ${silenceMs / 1000} s`;

const isFull = (error: unknown) => error instanceof StoreError && error.code === 'full';
