import { isFinal } from '@holdfast/core';
import type { ChangedRow, Heard, Heartbeat, SeenRow } from 'holdfast/store/nodes';
import {
  type AlertRequest,
  type ClaimRequest,
  type ClaimResult,
  type CommitsAtOnce,
  type Counts,
  type KeyValue,
  type ListFilter,
  type ListPage,
  type OwedAlert,
  type OwnedRow,
  type Store,
  type StoredTransaction,
  StoreError,
  type Stuck,
  type TakenAlerts,
  type Write,
  type WriteResult,
} from 'holdfast/store/store';
import { alertTold, takeAlerts } from './alerts.ts';
import { claim, makeDue, makeManyDue, ownedRows } from './claims.ts';
import { seal } from './copy.ts';
import type { Database } from './database.ts';
import type { Link, Rest, StoreOperation } from './link.ts';
import { changedRows, drain, heartbeat, retire } from './nodes.ts';
import { listPage, newerText } from './pages.ts';
import { storedOf } from './row.ts';

/** Told when a batch leaves; what it returns is told how it ended for whoever sent it. */
export type Committing = (batch: readonly Write[]) => (end: 'done' | 'not-done' | 'unknown') => void;

/** Told when a heartbeat leaves; what it returns is called when the answer has come back. */
export type HeartbeatSent = (incarnation: string) => () => void;

const lockPolls = 50;

/** One process's handle on the simulated database. Everything is copied when it is sent, as if it were serialised. */
export class SimulatedStore implements Store {
  readonly name = 'simulated';
  readonly exclusive: boolean;
  readonly commitsAtOnce: CommitsAtOnce;
  readonly format: number;
  readonly #database: Database;
  readonly #link: Link;
  /** The process that opens it, for the lock and for the auditor. */
  readonly #by: string;
  readonly #pause: (delayMs: number) => Promise<void>;
  readonly #committing: Committing;
  readonly #heartbeatSent: HeartbeatSent;
  readonly #retiring: (incarnation: string) => void;
  readonly #handingBack: (gid: string) => void;
  #isOpen = false;
  /** Hand-backs that were sent and are not answered, by gid. */
  readonly #handBacks = new Map<string, number>();

  constructor(parts: {
    readonly exclusive: boolean;
    readonly database: Database;
    readonly link: Link;
    readonly by: string;
    readonly pause: (delayMs: number) => Promise<void>;
    readonly committing?: Committing;
    /** Default 1. */
    readonly format?: number;
    readonly heartbeatSent?: HeartbeatSent;
    /** Told when an incarnation of this process takes its own heartbeat back. */
    readonly retiring?: (incarnation: string) => void;
    /** Told of every hand-back as it leaves. */
    readonly handingBack?: (gid: string) => void;
  }) {
    this.exclusive = parts.exclusive;
    this.commitsAtOnce = parts.exclusive ? { most: 1, furtherRows: 1 } : { most: 3, furtherRows: 1 };
    this.format = parts.format ?? 1;
    this.#database = parts.database;
    this.#link = parts.link;
    this.#by = parts.by;
    this.#pause = parts.pause;
    this.#committing = parts.committing ?? (() => () => undefined);
    this.#heartbeatSent = parts.heartbeatSent ?? (() => () => undefined);
    this.#retiring = parts.retiring ?? (() => undefined);
    this.#handingBack = parts.handingBack ?? (() => undefined);
  }

  /** The lock of a process that is dying is waited for, 5 s at most. */
  async open(): Promise<void> {
    this.#isOpen = true;
    if (!this.exclusive) return;
    for (let poll = 0; this.#database.lockedBy !== undefined; poll += 1) {
      if (poll === lockPolls) throw new StoreError('locked', 'another process holds the store: end it first');
      await this.#pause(100);
    }
    this.#database.lockedBy = this.#by;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    if (this.#database.lockedBy === this.#by) this.#database.lockedBy = undefined;
  }

  ping(): Promise<void> {
    return this.#carry('change', () => undefined);
  }

  clockMs(): Promise<number> {
    return this.#carry('read', () => (this.exclusive ? this.#database.highestMs : this.#database.clockMs()));
  }

  async commit(batch: readonly Write[]): Promise<readonly (WriteResult | Stuck)[]> {
    const sent = seal(batch);
    const handedBack = sent.filter(isHandBack);
    const count = (by: number) => {
      for (const { gid } of handedBack) this.#handBacks.set(gid, (this.#handBacks.get(gid) ?? 0) + by);
    };
    count(1);
    for (const { gid } of handedBack) this.#handingBack(gid);
    const ended = this.#committing(sent);
    try {
      const results = await this.#commitParts(this.#link.parts?.(sent) ?? [sent]);
      ended('done');
      return results;
    } catch (error) {
      ended(error instanceof StoreError && error.code === 'unknown-outcome' ? 'unknown' : 'not-done');
      throw error;
    } finally {
      count(-1);
    }
  }

  /** Each part is a message of its own. What was done in part is never said to be not done. */
  async #commitParts(parts: readonly (readonly Write[])[]): Promise<readonly (WriteResult | Stuck)[]> {
    const ended = await Promise.allSettled(
      parts.map((part) => this.#carry('commit', () => this.#database.commit(part, this.#by))),
    );
    const failed = ended.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
    if (failed.length === 0) return ended.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const known = failed.length === parts.length ? (failed.find((error) => !isNotDone(error)) ?? failed[0]) : undefined;
    throw known ?? new StoreError('unknown-outcome', 'simulated: of a batch that was divided a part was not answered');
  }

  /** For the statistics: what happens to a transaction while it is being handed back is of interest. */
  isHandingBack(gid: string): boolean {
    return (this.#handBacks.get(gid) ?? 0) > 0;
  }

  load(gids: readonly string[], what = 'whole'): Promise<readonly (StoredTransaction | undefined)[]> {
    return this.#carry('read', () =>
      gids.map((gid) => {
        const row = this.#database.rows.get(gid);
        if (row === undefined) return undefined;
        if (row.needs > this.format) throw new StoreError('newer', newerText);
        return storedOf(what === 'bare' ? { ...row, branches: [] } : row);
      }),
    );
  }

  claim(request: ClaimRequest): Promise<ClaimResult> {
    return this.#carry('claim', () => claim(this.#database, request, this.exclusive, this.#by, this.format));
  }

  owned(incarnation: string, afterGid: string, limit: number): Promise<readonly OwnedRow[]> {
    return this.#carry('read', () => ownedRows(this.#database, incarnation, afterGid, limit));
  }

  makeDue(gid: string, nowMs: number): Promise<boolean> {
    return this.#carry('change', () => makeDue(this.#database, gid, nowMs, this.#by));
  }

  makeManyDue(afterMs: number, limit: number, nowMs: number): Promise<{ changed: number; hasMore: boolean }> {
    return this.#carry('change', () => makeManyDue(this.#database, afterMs, limit, nowMs, this.#by));
  }

  list(filter: ListFilter): Promise<ListPage> {
    return this.#carry('read', () => listPage(this.#database.rows.values(), filter, this.format));
  }

  takeAlerts(request: AlertRequest): Promise<TakenAlerts> {
    return this.#carry('change', () => takeAlerts(this.#database, request, this.#by));
  }

  alertTold(taken: OwedAlert): Promise<void> {
    return this.#carry('change', () => alertTold(this.#database, taken, this.#by));
  }

  purge(beforeMs: number, limit: number): Promise<number> {
    return this.#carry('change', () => {
      const old = [...this.#database.rows.values()]
        .filter(({ progress }) => isFinal(progress.status) && progress.finishedMs < beforeMs)
        .filter(({ definition }) => !this.#database.locked.has(definition.gid))
        .slice(0, limit);
      for (const { definition } of old) {
        this.#database.remove(definition.gid, { kind: 'purge', by: this.#by, write: undefined });
      }
      return old.length;
    });
  }

  counts(nowMs: number): Promise<Counts> {
    return this.#carry('read', () => this.#database.counts(nowMs));
  }

  async heartbeat(beat: Heartbeat): Promise<Heard> {
    const answered = this.#heartbeatSent(beat.incarnation);
    const heard = await this.#carry('heartbeat', () => heartbeat(this.#database, beat, this.format));
    answered();
    return heard;
  }

  retire(incarnation: string, count?: number): Promise<void> {
    if (count === undefined) this.#retiring(incarnation);
    return this.#carry('heartbeat', () => retire(this.#database, incarnation, count));
  }

  drain(incarnation: string): Promise<boolean> {
    return this.#carry('change', () => drain(this.#database, incarnation));
  }

  changed(seen: readonly SeenRow[]): Promise<readonly ChangedRow[]> {
    return this.#carry('read', () => changedRows(this.#database, seen));
  }

  getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return this.#carry('read', () => this.#database.values.get(category, key));
  }

  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return this.#carry('read', () => this.#database.values.list(category, afterKey, limit));
  }

  putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean> {
    return this.#carry('change', () => this.#database.values.put(category, key, value, expectVersion, nowMs));
  }

  deleteValue(category: string, key: string): Promise<boolean> {
    return this.#carry('change', () => this.#database.values.delete(category, key));
  }

  #carry<Result>(operation: StoreOperation, apply: () => Result | Rest<Result>): Promise<Result> {
    if (this.#isOpen) return this.#link.carry(operation, apply);
    return Promise.reject(new StoreError('not-done', 'the store is closed'));
  }
}

function isNotDone(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'not-done';
}

function isHandBack(write: Write): boolean {
  return write.kind === 'update' && write.owner === null && !isFinal(write.progress.status);
}
