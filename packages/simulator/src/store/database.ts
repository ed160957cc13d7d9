import { incidentKind, isFinal } from '@holdfast/core';
import type { NodeBeat } from 'holdfast/store/nodes';
import type { AppendWrite, Counts, CreateWrite, Stuck, UpdateWrite, Write, WriteResult } from 'holdfast/store/store';
import { compareText } from './compare-text.ts';
import { seal } from './copy.ts';
import { type Cause, owedFor, type Row, rowBytes } from './row.ts';
import { Values } from './values.ts';

export type Watcher = (before: Row | undefined, after: Row | undefined, cause: Cause) => void;

/**
 * What the simulated store holds, as one atomic machine: every method happens at once, and is durable when it returns.
 * Faults and latency are the link's, on the way to it and back.
 */
export class Database {
  readonly rows = new Map<string, Row>();
  /** The stored heartbeats, by incarnation. */
  readonly nodes = new Map<string, NodeBeat>();
  readonly values = new Values();
  /** Rows that somebody holds locked who is none of us: who writes them waits in vain, and who claims skips them. */
  readonly locked = new Set<string>();
  /** Owners of whom a claim has found that they own nothing, and when: for a while nobody looks for their rows. */
  readonly emptied = new Map<string, number>();
  /** Programs that know less may not use it any more. */
  oldestFormat = 0;
  /** The process that holds the lock, where only one may. */
  lockedBy: string | undefined;
  readonly #clockMs: () => number;
  readonly #server: () => string;
  #watcher: Watcher = () => undefined;
  #highestMs = 0;

  /**
   * @param clockMs the database's own clock, in milliseconds since 1970
   * @param server names the process of the server that answers now
   */
  constructor(clockMs: () => number, server: () => string = () => 'server 1') {
    this.#clockMs = clockMs;
    this.#server = server;
  }

  get server(): string {
    return this.#server();
  }

  /** Told of every change, right after it. */
  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  clockMs(): number {
    return Math.floor(this.#clockMs());
  }

  /** The highest time in any row. */
  get highestMs(): number {
    return this.#highestMs;
  }

  commit(batch: readonly Write[], by: string): (WriteResult | Stuck)[] {
    const formats = [...this.nodes.values()].map(({ format }) => format);
    return batch.map((write) => {
      const waits = Math.min(...formats) < (write.needs ?? 0) && this.#wouldRaise(write);
      if (waits) return { stuck: 'simulated: an earlier program lives' };
      // Whoever creates it again finds its gid, and needs no lock for that.
      const isLocked = write.kind !== 'create' && this.locked.has(write.gid);
      return isLocked ? { stuck: 'simulated: somebody holds a lock on the row' } : this.#write(write, by);
    });
  }

  /** It would be done, and its row need more than before. */
  #wouldRaise(write: Write): boolean {
    const stored = this.rows.get(write.gid);
    if (stored === undefined) return write.kind === 'create';
    if (write.kind === 'create' || stored.needs >= (write.needs ?? 0)) return false;
    if (write.kind === 'append') {
      return stored.definition.type === write.type && stored.progress.status === write.whileStatus;
    }
    return stored.owner === write.expectOwner && stored.version === write.expectVersion;
  }

  put(gid: string, row: Row, cause: Cause): void {
    const before = this.rows.get(gid);
    const sealed = seal(row);
    this.rows.set(gid, sealed);
    if (row.owner !== null) this.emptied.delete(row.owner);
    this.#highestMs = Math.max(this.#highestMs, row.definition.createdMs, row.progress.updatedMs);
    this.#watcher(before, sealed, cause);
  }

  remove(gid: string, cause: Cause): void {
    const before = this.rows.get(gid);
    if (before === undefined) return;
    this.rows.delete(gid);
    this.#watcher(before, undefined, cause);
  }

  counts(nowMs: number): Counts {
    const unfinished = { prepared: 0, submitted: 0, aborting: 0 };
    let incidents = 0;
    let decisions = 0;
    let owned = 0;
    let due = 0;
    let oldestDueMs: number | undefined;
    for (const { progress, owner } of this.rows.values()) {
      if (progress.status === 'succeed' || progress.status === 'failed') continue;
      unfinished[progress.status] += 1;
      if (progress.incident !== '') incidents += 1;
      if (incidentKind(progress.incident) === 'decision') decisions += 1;
      if (owner !== null) owned += 1;
      if (owner !== null || progress.dueMs > nowMs) continue;
      due += 1;
      oldestDueMs = Math.min(oldestDueMs ?? progress.dueMs, progress.dueMs);
    }
    return { unfinished, incidents, decisions, owned, due, oldestDueMs };
  }

  #write(write: Write, by: string): WriteResult {
    switch (write.kind) {
      case 'create':
        return this.#create(write, by);
      case 'update':
        return this.#update(write, by);
      case 'append':
        return this.#append(write, by);
      default:
        return write satisfies never;
    }
  }

  #create(write: CreateWrite, by: string): WriteResult {
    const { gid, token, definition, progress, owner, needs = 0 } = write;
    const stored = this.rows.get(gid);
    if (stored !== undefined) return stored.createToken === token ? 'done' : 'exists';
    const row: Row = {
      definition,
      branches: [],
      progress,
      owner,
      handedBack: true,
      version: 1,
      createToken: token,
      writeToken: token,
      needs,
      ...owedFor(progress),
    };
    this.put(gid, row, { kind: 'create', by, write });
    return 'done';
  }

  #update(write: UpdateWrite, by: string): WriteResult {
    const { gid, token, expectOwner, expectVersion, expectBranches, owner, progress, definition } = write;
    const { setsAside, needs = 0 } = write;
    const stored = this.rows.get(gid);
    if (stored === undefined) return 'missing';
    if (stored.writeToken === token) return 'done';
    const isAsExpected = stored.owner === expectOwner && stored.version === expectVersion;
    if (!isAsExpected) return 'conflict';
    if (stored.branches.length !== (expectBranches ?? stored.branches.length)) return 'conflict';
    const row: Row = {
      ...stored,
      definition: definition ?? stored.definition,
      branches: setsAside ? [] : stored.branches,
      progress,
      owner,
      handedBack: owner === null || stored.handedBack,
      version: stored.version + 1,
      writeToken: token,
      needs: Math.max(stored.needs, needs),
      ...owedFor(progress, stored),
    };
    this.put(gid, row, { kind: 'update', by, write });
    return 'done';
  }

  #append(write: AppendWrite, by: string): WriteResult {
    const { gid, type, whileStatus, branches, maxBranches, maxBytes, dueMs, needs = 0 } = write;
    const stored = this.rows.get(gid);
    if (stored === undefined) return 'missing';
    if (stored.definition.type !== type) return 'wrong-type';
    if (stored.progress.status !== whileStatus) return 'wrong-status';
    const names = new Set(stored.branches.map(({ branchId, op }) => JSON.stringify([branchId, op])));
    if (branches.some(({ branchId, op }) => names.has(JSON.stringify([branchId, op])))) return 'exists';
    if (stored.branches.length + branches.length > maxBranches) return 'too-many';
    if (rowBytes({ ...stored, branches: [...stored.branches, ...branches] }) > maxBytes) return 'too-large';
    const isDelayed = dueMs !== undefined && stored.owner === null;
    const progress = isDelayed ? { ...stored.progress, dueMs } : stored.progress;
    const all = [...stored.branches, ...branches];
    const row: Row = { ...stored, progress, branches: all, needs: Math.max(stored.needs, needs) };
    this.put(gid, row, { kind: 'append', by, write });
    return 'done';
  }
}

/** Unfinished rows in the order of their due time, then gid. */
export function unfinishedByDue(rows: Iterable<Row>): Row[] {
  const unfinished = [...rows].filter(({ progress }) => !isFinal(progress.status));
  return unfinished.sort((one, other) => {
    const byDue = one.progress.dueMs - other.progress.dueMs;
    return byDue === 0 ? compareText(one.definition.gid, other.definition.gid) : byDue;
  });
}
