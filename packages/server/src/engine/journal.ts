import { type CommitsAtOnce, type Store, StoreError, type Write, type WriteResult } from '../store/store.ts';
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
  /** The same for so long that it does not end by itself. Rejects where that could not be noted. */
  lasting(write: Write, reason: string): Promise<void>;
  /** Nothing can be written any more: the process must end. */
  fatal(error: unknown): void;
}

/** `given-up`: surely not written, and the store cannot write for longer than who asked wants to wait. */
export type JournalResult = WriteResult | 'given-up';

export type JournalStore = Pick<Store, 'commit' | 'ping' | 'commitsAtOnce'>;

interface Entry {
  readonly write: Write;
  readonly bytes: number;
  /** `isUnknown`: what became of an attempt before was not known. */
  readonly done: (result: WriteResult, isUnknown: boolean) => void;
  /** Where it may be given up: who asked for it is told, instead of waiting for the store. */
  readonly giveUp: (() => void) | undefined;
  behind: Entry | undefined;
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
const oneAtOnce: CommitsAtOnce = { most: 1, furtherRows: 1 };

/**
 * Group commit: writes of all transactions go to one queue; while a batch is being committed the next one gathers. A
 * batch is one durable round trip. No timer delays a lone write. A batch of unknown outcome is issued again until it is
 * known; until then nobody is answered.
 *
 * Where the store takes several batches at once, another one begins as soon as enough waits for it. A gid is in at most one
 * of them, so that its writes stay in their order whatever becomes of a batch. A store that is in trouble is asked for
 * no further one.
 */
export class Journal {
  readonly #store: JournalStore;
  readonly #runtime: Runtime;
  readonly #limits: JournalLimits;
  readonly #events: JournalEvents;
  readonly #queue = new WriteQueue<Entry>();
  readonly #stuck: StuckWrites<Entry>;
  #rows = 0;
  #bytes = 0;
  /** Batches on their way. */
  #batches = 0;
  /** The store is asked whether it can write: nothing is sent to it before it can. */
  #isProbing = false;
  /** The queue is looked at soon. */
  #isScheduled = false;
  #stopped = false;
  /** Why the store cannot write, since when, and when it last failed. */
  #trouble:
    | { readonly reason: string; readonly sinceMs: number; readonly lastMs: number; readonly isFull: boolean }
    | undefined;
  #idle: (() => void)[] = [];
  /** What the store has not answered yet. */
  #asked = 0;
  /** When it was last heard, or asked while it had nothing to answer. */
  #heardMs = 0;
  /** When a batch was last committed. */
  #committedMs = Number.NEGATIVE_INFINITY;

  constructor(store: JournalStore, runtime: Runtime, limits: JournalLimits, events: JournalEvents) {
    this.#store = store;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#events = events;
    this.#stuck = new StuckWrites({
      store,
      runtime,
      patienceMs,
      settled: (entry, result, isUnknown) => {
        this.#forget(entry);
        entry.done(result, isUnknown);
      },
      givenUp: (entry) => this.#giveUp([entry]),
      told: (gid, reason) => events.stuck(gid, reason),
      lasting: (write, reason) => events.lasting(write, reason),
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

  /** Transactions that cannot be written, each for the sake of its own row. */
  get stuckCount(): number {
    return this.#stuck.toldCount;
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
    // Whatever it answers ends that.
    this.#suffered(silence, false, Number.NEGATIVE_INFINITY);
    this.#giveUpQueued();
  }

  get #isSilent(): boolean {
    return this.#asked > 0 && this.#runtime.monotonicMs() - this.#heardMs >= silenceMs;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Finds out whether the store can write: nobody else does where it cannot and nobody has something to write. */
  check(): void {
    if (this.#isRunning || this.#stopped) return;
    this.#isProbing = true;
    this.#ask(firstRetryMs);
  }

  /** `done` is called once the write is durable or refused, never before `write` returns. However long it takes. */
  write(write: Write, bytes: number, done: (result: WriteResult) => void): void {
    this.#enqueue({ write, bytes, done, giveUp: undefined, behind: undefined });
  }

  /**
   * As `write`, for somebody who waits: given up where the store cannot write it for a while, and surely has not.
   * @param done `isUnknown`: what became of an attempt before was not known; where the result is `conflict`, it may have been done
   */
  tryWrite(write: Write, bytes: number, done: (result: JournalResult, isUnknown: boolean) => void): void {
    this.#enqueue({ write, bytes, done, giveUp: () => done('given-up', false), behind: undefined });
  }

  /**
   * Writes nothing more, and resolves when the batches under way have ended. Who waits for a write that was not begun is
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
    if (this.#mayBegin) this.#lookSoon();
  }

  /** Resolves when nothing is queued nor being committed. */
  drained(): Promise<void> {
    if (!this.#isRunning && this.#stuck.isEmpty) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  get #isRunning(): boolean {
    return this.#batches > 0 || this.#isProbing || this.#isScheduled;
  }

  /** Whether a batch may begin now with what waits. */
  get #mayBegin(): boolean {
    if (this.#isProbing || this.#queue.ready === 0) return false;
    if (this.#batches === 0) return true;
    const { most, furtherRows } = this.#store.commitsAtOnce ?? oneAtOnce;
    return this.#batches < most && this.#queue.ready >= furtherRows && this.#trouble === undefined;
  }

  #idled(): void {
    if (this.#isRunning || !this.#stuck.isEmpty) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What is written in this turn of the event loop goes together. */
  #lookSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#runtime.soon(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  #run(): void {
    const { batchRows, batchBytes } = this.#limits;
    while (this.#mayBegin) {
      const taken = this.#queue.take({ rows: batchRows, bytes: batchBytes });
      const batch = this.#stuck.isEmpty ? taken : taken.filter((entry) => !this.#putBehind(entry));
      if (batch.length === 0) continue;
      this.#batches += 1;
      this.#commit(batch, { startedMs: this.#runtime.monotonicMs(), retryMs: firstRetryMs, isUnknown: false });
    }
    this.#idled();
  }

  #putBehind(entry: Entry): boolean {
    const isStuck = this.#stuck.addBehind(entry);
    if (isStuck) this.#queue.ended(entry);
    return isStuck;
  }

  #commit(batch: readonly Entry[], attempts: Attempts): void {
    const startedMs = this.#runtime.monotonicMs();
    this.#answered(this.#store.commit(batch.map((entry) => entry.write))).then(
      (results) => {
        this.#committedMs = this.#runtime.monotonicMs();
        this.#events.committed(batch.length, this.#committedMs - startedMs);
        this.#recovered(startedMs);
        batch.forEach((entry, index) => {
          const result = results[index] ?? 'conflict';
          this.#queue.ended(entry);
          if (typeof result !== 'string') {
            this.#stuck.add(entry, result, attempts.isUnknown);
            return;
          }
          this.#forget(entry);
          entry.done(result, attempts.isUnknown);
        });
        this.#batchEnded();
      },
      (error: unknown) => this.#failed(batch, attempts, error),
    );
  }

  #batchEnded(): void {
    this.#batches -= 1;
    this.#lookSoon();
  }

  #answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    if (this.#asked === 0) this.#heardMs = this.#runtime.monotonicMs();
    this.#asked += 1;
    return asked.finally(() => {
      this.#asked -= 1;
      this.#heardMs = this.#runtime.monotonicMs();
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
      this.#batches -= 1;
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
    const nowMs = this.#runtime.monotonicMs();
    const isLate = code === 'full' || nowMs - startedMs >= patienceMs;
    // Where other batches are committed meanwhile, what waits need not wait for this one.
    if (isLate && (code === 'full' || nowMs - this.#committedMs >= patienceMs)) this.#giveUpQueued();
    const left = (isLate || this.#stopped) && !next.isUnknown ? this.#giveUpBatch(batch) : batch;
    if (this.#stopped || left.length === 0) this.#abandoned(retryMs);
    else this.#runtime.setTimer(retryMs, () => this.#commitAgain(left, next));
  }

  #commitAgain(batch: readonly Entry[], attempts: Attempts): void {
    if (!this.#stopped) {
      this.#commit(batch, attempts);
      return;
    }
    if (!attempts.isUnknown) this.#giveUpBatch(batch);
    this.#abandoned(attempts.retryMs);
  }

  /** A batch of which nothing is left. The last one finds out when the store can write again: nobody is sent here before. */
  #abandoned(retryMs: number): void {
    this.#batches -= 1;
    if (this.#stopped || this.#batches > 0 || this.#isProbing) {
      this.#run();
      return;
    }
    this.#isProbing = true;
    this.#probe(retryMs);
  }

  /** Nothing can be written any more. */
  #lost(error: unknown): void {
    this.#stopped = true;
    this.#stuck.stop();
    this.#dropQueued();
    this.#events.fatal(error);
    this.#run();
  }

  #probe(delayMs: number): void {
    this.#runtime.setTimer(delayMs, () => {
      if (this.#queue.ready > 0 || this.#stopped) this.#probed();
      else this.#ask(Math.min(delayMs * 2, lastRetryMs));
    });
  }

  #probed(): void {
    this.#isProbing = false;
    this.#run();
  }

  #ask(retryMs: number): void {
    const startedMs = this.#runtime.monotonicMs();
    this.#answered(this.#store.ping()).then(
      () => {
        this.#recovered(startedMs);
        this.#probed();
      },
      (error: unknown) => {
        if (error instanceof StoreError && error.code === 'fatal') {
          this.#isProbing = false;
          this.#lost(error);
          return;
        }
        this.#suffered(error instanceof Error ? error.message : String(error), isFull(error));
        this.#probe(retryMs);
      },
    );
  }

  #suffered(reason: string, isFull: boolean, lastMs = this.#runtime.monotonicMs()): void {
    const sinceMs = this.#trouble?.sinceMs ?? this.#runtime.monotonicMs();
    this.#trouble = { reason, sinceMs, lastMs, isFull };
    this.#events.paused(reason);
  }

  /** What was sent before the last failure says nothing about now. */
  #recovered(sentMs: number): void {
    if (this.#trouble === undefined || sentMs < this.#trouble.lastMs) return;
    this.#trouble = undefined;
    this.#events.paused(undefined);
  }

  #giveUpQueued(): void {
    this.#giveUp(this.#queue.keep(({ giveUp }) => giveUp === undefined));
  }

  #dropQueued(): void {
    this.#giveUp(this.#queue.keep(() => false));
  }

  /** Of a batch that surely was not written. What is left is to be issued again. */
  #giveUpBatch(batch: readonly Entry[]): Entry[] {
    for (const entry of batch) if (entry.giveUp !== undefined) this.#queue.ended(entry);
    return this.#giveUp(batch);
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
