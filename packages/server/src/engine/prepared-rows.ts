import type { BranchOperation, Transaction } from '@holdfast/core';
import { transactionBytes } from './row.ts';

/** What is remembered at most; of more, the oldest is read again. */
const limits = { rows: 4096, bytes: 16 * 1024 * 1024 };

/**
 * So long a row is believed to be the one that was created where others write too. They may end it, and after the
 * retention, which is a minute at least, its gid may be the gid of another transaction.
 */
const believedMs = 30_000;

/** A row as this incarnation has created it: prepared, without owner. */
export interface PreparedRow {
  readonly transaction: Transaction;
  readonly version: number;
  /** What was registered since and is durable, in stored order. */
  readonly branches: readonly BranchOperation[];
}

interface Kept extends PreparedRow {
  readonly branches: BranchOperation[];
  /** Monotonic time. */
  readonly createdMs: number;
  bytes: number;
}

/**
 * The prepared rows that this incarnation has created and that nobody has changed since, as far as it knows: so that
 * what comes next for them reads no row. Others may have changed one, or registered branches: that shows at the write,
 * which is for this version, and so many branches, alone.
 *
 * It is told of a write in the turn in which that is known to be done, hence before any later write of the same gid.
 */
export class PreparedRows {
  readonly #isAlone: boolean;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /**
   * @param isAlone no other process writes to the store
   * @param nowMs monotonic time
   */
  constructor(isAlone: boolean, nowMs: () => number) {
    this.#isAlone = isAlone;
    this.#nowMs = nowMs;
  }

  /** The row, as it was when this incarnation last wrote it. */
  get(gid: string): PreparedRow | undefined {
    const kept = this.#kept.get(gid);
    if (kept === undefined || this.#isAlone || this.#nowMs() - kept.createdMs < believedMs) return kept;
    this.forget(gid);
    return undefined;
  }

  /** Whether such a row is surely stored, in whatever state. */
  isStored(gid: string): boolean {
    return this.#isAlone && this.#kept.has(gid);
  }

  /** How many branches a change of the row must expect; undefined: nobody else registers any. */
  expectedBranches(row: PreparedRow): number | undefined {
    return this.#isAlone ? undefined : row.branches.length;
  }

  /** All branches that were registered before the row was changed as expected; undefined: they must be read. */
  allBranches(gid: string, row: PreparedRow | undefined): readonly BranchOperation[] | undefined {
    // Of a row that was forgotten meanwhile, the last are missing.
    return row !== undefined && this.#kept.get(gid) === row ? row.branches : undefined;
  }

  created(transaction: Transaction): void {
    const { gid } = transaction.definition;
    this.forget(gid);
    this.#kept.set(gid, { transaction, version: 1, branches: [], createdMs: this.#nowMs(), bytes: 0 });
    this.#grow(gid, transactionBytes(transaction));
  }

  /** @param bytes that they take, roughly */
  appended(gid: string, branches: readonly BranchOperation[], bytes: number): void {
    this.#kept.get(gid)?.branches.push(...branches);
    this.#grow(gid, bytes);
  }

  forget(gid: string): void {
    this.#bytes -= this.#kept.get(gid)?.bytes ?? 0;
    this.#kept.delete(gid);
  }

  #grow(gid: string, bytes: number): void {
    const kept = this.#kept.get(gid);
    if (kept === undefined) return;
    kept.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= limits.rows && this.#bytes <= limits.bytes) return;
      this.forget(oldest);
    }
  }
}
