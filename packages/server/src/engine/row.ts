import {
  apply,
  type Definition,
  type Fact,
  fitProgress,
  isFinal,
  type Progress,
  type Transaction,
} from '@holdfast/core';
import type { StoredTransaction, UpdateWrite, WriteResult } from '../store/store.ts';
import type { JournalResult } from './journal.ts';
import type { Lease } from './lease.ts';
import type { Runtime } from './ports.ts';

export interface RowContext {
  /** How old what is known of a row is. */
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  readonly lease: Lease;
  newToken(): string;
  write(write: UpdateWrite, bytes: number, done: (result: WriteResult) => void): void;
  /** As `write`, for a client who waits: given up where the store cannot write it for a while. */
  tryWrite(write: UpdateWrite, bytes: number, done: (result: JournalResult) => void): void;
  load(gid: string, done: (stored: StoredTransaction | undefined) => void): void;
  restore(stored: StoredTransaction): Transaction;
  /** What is durable now, after what was. */
  written(now: Transaction, before: Transaction): void;
}

/** Facts that stay true whatever the row has become. */
const happenings: ReadonlySet<Fact['kind']> = new Set(['loaded', 'due', 'called', 'answered', 'blocked']);

/** What is under way with the store for this gid, one thing at a time. `marks` alone lets driving go on. */
type Busy = 'none' | 'marks' | 'status' | 'release' | 'reading';

/**
 * A row that this incarnation owns, as its driver knows it: the transaction with all that happened, how much of that is
 * durable, and what is under way with the store.
 */
export class Row {
  readonly #context: RowContext;
  #transaction: Transaction;
  #durable: Transaction;
  #version: number;
  /** Facts applied since the last durable write: applied again on top of a row that had to be read again. */
  #unsaved: Fact[] = [];
  #hasMarks = false;
  #busy: Busy = 'none';
  #seenMs: number;

  /** @param seenMs monotonic time when the row was read, or the write that made it so was sent */
  constructor(context: RowContext, transaction: Transaction, version: number, seenMs: number) {
    this.#context = context;
    this.#transaction = transaction;
    this.#durable = transaction;
    this.#version = version;
    this.#seenMs = seenMs;
  }

  get transaction(): Transaction {
    return this.#transaction;
  }

  /**
   * What may be told to others. What has happened counts before it is written; a move and an operator's decision count
   * once they are durable.
   */
  get told(): Transaction {
    if (this.#unsaved.every(({ kind }) => happenings.has(kind))) return this.#transaction;
    return this.#happened().reduce(apply, this.#durable);
  }

  /** The last durable state. */
  get durable(): Transaction {
    return this.#durable;
  }

  get version(): number {
    return this.#version;
  }

  /** Monotonic time when the row was last known to be as we think. */
  get seenMs(): number {
    return this.#seenMs;
  }

  /** Answers came that are not written yet. */
  get hasMarks(): boolean {
    return this.#hasMarks;
  }

  get isBusy(): boolean {
    return this.#busy !== 'none';
  }

  /** It is being handed back: from then on it has no owner. */
  get isReleasing(): boolean {
    return this.#busy === 'release';
  }

  /** Nothing may be decided before what is under way has ended. */
  get isBlocked(): boolean {
    return this.#busy !== 'none' && this.#busy !== 'marks';
  }

  apply(fact: Fact): void {
    this.#transaction = apply(this.#transaction, fact);
    this.#unsaved.push(fact);
    if (fact.kind === 'answered') this.#hasMarks = true;
  }

  /** The row was seen at that monotonic time, at our version. */
  seen(atMs: number): void {
    this.#seenMs = Math.max(this.#seenMs, atMs);
  }

  /** What is known now. A final row has no owner. */
  write(kind: 'marks' | 'status', done: (result: WriteResult) => void): void {
    this.#send(kind, this.#nextOwner, (...write) => this.#context.write(...write), done);
  }

  /**
   * What a client asked for; `definition` goes along where a submit amended it. Given up it is undone, as if it had not
   * been asked for.
   */
  tryWrite(done: (result: JournalResult) => void, definition?: Definition): void {
    const decided = (result: JournalResult) => {
      if (result === 'given-up') this.#decideAnew(this.#durable);
      done(result);
    };
    this.#send('status', this.#nextOwner, (...write) => this.#context.tryWrite(...write), decided, definition);
  }

  /** Hands the row back: no owner, due at `dueMs`. Nothing may be in flight. */
  release(dueMs: number, done: (result: WriteResult) => void): void {
    this.#transaction = { ...this.#transaction, progress: { ...this.#transaction.progress, dueMs } };
    this.#send('release', null, (...write) => this.#context.write(...write), done);
  }

  /**
   * Reads the row again, because somebody else may have written it. `done` is given a function that takes over what
   * was read, with what is known since on top, and tells whose it is; it throws where the row cannot be understood.
   */
  reload(done: (takeOver: () => 'ours' | 'final' | 'lost') => void): void {
    this.#busy = 'reading';
    const sentMs = this.#context.upkeep.monotonicMs();
    this.#context.load(this.#transaction.definition.gid, (stored) => {
      this.#busy = 'none';
      done(() => this.#takeOver(stored, sentMs));
    });
  }

  #takeOver(stored: StoredTransaction | undefined, sentMs: number): 'ours' | 'final' | 'lost' {
    if (stored === undefined) return 'lost';
    if (stored.owner === this.#context.lease.incarnation) {
      this.#seenMs = sentMs;
      this.#rebase(stored);
      return 'ours';
    }
    if (!isFinal(stored.progress.status)) return 'lost';
    this.#durable = this.#context.restore(stored);
    return 'final';
  }

  get #nextOwner(): string | null {
    return isFinal(this.#transaction.progress.status) ? null : this.#context.lease.incarnation;
  }

  /** The run goes on from where it was at the last write. */
  #rebase(stored: StoredTransaction): void {
    this.#version = stored.version;
    this.#decideAnew({ ...this.#context.restore(stored), run: this.#durable.run });
  }

  /** What happened stays; what was decided is decided again. */
  #decideAnew(durable: Transaction): void {
    const happened = this.#happened();
    this.#durable = durable;
    this.#transaction = durable;
    this.#unsaved = [];
    for (const fact of happened) this.apply(fact);
  }

  /**
   * Of what is not durable yet, what stays true whatever the row has become. What a dead owner may have run stays so: that
   * is nothing where it was prepared when it was loaded.
   */
  #happened(): readonly Fact[] {
    const wasPrepared = this.#durable.progress.status === 'prepared';
    return this.#unsaved.filter(({ kind }) => happenings.has(kind) && !(wasPrepared && kind === 'loaded'));
  }

  #send<Result extends JournalResult>(
    busy: 'marks' | 'status' | 'release',
    owner: string | null,
    send: (write: UpdateWrite, bytes: number, done: (result: Result) => void) => void,
    done: (result: Result) => void,
    definition?: Definition,
  ): void {
    const transaction = this.#transaction;
    const progress = fitProgress(transaction.progress);
    this.#busy = busy;
    this.#hasMarks = false;
    const write: UpdateWrite = {
      kind: 'update',
      gid: transaction.definition.gid,
      token: this.#context.newToken(),
      expectOwner: this.#context.lease.incarnation,
      expectVersion: this.#version,
      owner,
      progress,
      ...(definition === undefined ? {} : { definition }),
    };
    const saved = this.#unsaved.length;
    const sentMs = this.#context.upkeep.monotonicMs();
    send(write, updateBytes(progress), (result) => {
      this.#busy = 'none';
      if (result === 'done') {
        this.#version += 1;
        this.#seenMs = sentMs;
        const before = this.#durable;
        this.#durable = transaction;
        this.#unsaved.splice(0, saved);
        this.#context.written(transaction, before);
      }
      done(result);
    });
  }
}

/** What a progress write takes in the journal, roughly. */
export function updateBytes({ operations, attempts, reason, result = '' }: Progress): number {
  let bytes = 512 + operations.length + reason.length + result.length;
  for (const { reason: why, note = '' } of attempts) bytes += 128 + why.length + note.length;
  return bytes;
}

/** Bytes a transaction takes in memory, roughly: its texts and payloads, and a flat sum for each operation. */
export function transactionBytes({ definition, branches }: Pick<Transaction, 'definition' | 'branches'>): number {
  let bytes = 1024 + definition.customData.length + definition.queryPrepared.length;
  for (const step of definition.steps) bytes += 128 + step.action.length + step.compensate.length + step.payload.length;
  for (const branch of branches) bytes += 128 + branch.url.length + branch.payload.length;
  return bytes;
}
