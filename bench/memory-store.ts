import { incidentKind, isFinal } from '@holdfast/core';
import type {
  AppendWrite,
  ClaimRequest,
  ClaimResult,
  Counts,
  CreateWrite,
  KeyValue,
  ListFilter,
  ListPage,
  OwnedRow,
  Store,
  StoredTransaction,
  TakenAlerts,
  UpdateWrite,
  Write,
  WriteResult,
} from 'holdfast/store/store';

/** Finished transactions that are kept; older ones are forgotten, so that a long run does not measure a full heap. */
const finishedKept = 1000;

/**
 * A store that does nothing but hold rows in memory: commits at once and encodes nothing. It is what the embedded store
 * is compared with, so it is as cheap as the interface lets it be, and it keeps the rules the engine relies on.
 */
export class MemoryStore implements Store {
  readonly name = 'memory';
  readonly exclusive = true;
  readonly format = 0;
  readonly #unfinished = new Map<string, StoredTransaction>();
  readonly #finished = new Map<string, StoredTransaction>();
  readonly #values = new Map<string, KeyValue>();

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async ping(): Promise<void> {}

  async clockMs(): Promise<number> {
    return 0;
  }

  async commit(batch: readonly Write[]): Promise<readonly WriteResult[]> {
    return batch.map((write) => this.#write(write));
  }

  #write(write: Write): WriteResult {
    switch (write.kind) {
      case 'create':
        return this.#create(write);
      case 'update':
        return this.#update(write);
      case 'append':
        return this.#append(write);
      default:
        return write satisfies never;
    }
  }

  #create({ gid, token, definition, progress, owner }: CreateWrite): WriteResult {
    const stored = this.#get(gid);
    if (stored !== undefined) return stored.createToken === token ? 'done' : 'exists';
    this.#put({
      definition,
      branches: [],
      progress,
      owner,
      handedBack: true,
      version: 1,
      createToken: token,
      writeToken: token,
    });
    return 'done';
  }

  #update({
    gid,
    token,
    expectOwner,
    expectVersion,
    owner,
    progress,
    definition,
    setsAside,
  }: UpdateWrite): WriteResult {
    const stored = this.#get(gid);
    if (stored === undefined) return 'missing';
    if (stored.writeToken === token) return 'done';
    if (stored.owner !== expectOwner || stored.version !== expectVersion) return 'conflict';
    this.#put({
      definition: definition ?? stored.definition,
      branches: setsAside ? [] : stored.branches,
      progress,
      owner,
      handedBack: owner === null || stored.handedBack,
      version: expectVersion + 1,
      createToken: stored.createToken,
      writeToken: token,
    });
    return 'done';
  }

  /** Without a limit of bytes. */
  #append({ gid, type, whileStatus, branches, maxBranches, dueMs }: AppendWrite): WriteResult {
    const stored = this.#get(gid);
    if (stored === undefined) return 'missing';
    if (stored.definition.type !== type) return 'wrong-type';
    if (stored.progress.status !== whileStatus) return 'wrong-status';
    const isKnown = branches.some(({ branchId, op }) =>
      stored.branches.some((other) => other.branchId === branchId && other.op === op),
    );
    if (isKnown) return 'exists';
    if (stored.branches.length + branches.length > maxBranches) return 'too-many';
    const isDelayed = dueMs !== undefined && stored.owner === null;
    const progress = isDelayed ? { ...stored.progress, dueMs } : stored.progress;
    this.#put({ ...stored, progress, branches: [...stored.branches, ...branches] });
    return 'done';
  }

  #get(gid: string): StoredTransaction | undefined {
    return this.#unfinished.get(gid) ?? this.#finished.get(gid);
  }

  #put(stored: StoredTransaction): void {
    const { gid } = stored.definition;
    if (!isFinal(stored.progress.status)) {
      this.#unfinished.set(gid, stored);
      return;
    }
    this.#unfinished.delete(gid);
    this.#finished.set(gid, stored);
    if (this.#finished.size <= finishedKept) return;
    for (const oldest of this.#finished.keys()) {
      this.#finished.delete(oldest);
      return;
    }
  }

  async load(gids: readonly string[], what = 'whole'): Promise<readonly (StoredTransaction | undefined)[]> {
    const loaded = gids.map((gid) => this.#get(gid));
    return what === 'bare' ? loaded.map((stored) => stored && { ...stored, branches: [] }) : loaded;
  }

  async claim({ incarnation, nowMs, maxCount }: ClaimRequest): Promise<ClaimResult> {
    const claimed: StoredTransaction[] = [];
    let nextDueMs: number | undefined;
    for (const stored of this.#unfinished.values()) {
      const { dueMs } = stored.progress;
      const handedBack = stored.owner === null;
      const isClaimable = handedBack ? dueMs <= nowMs : stored.owner !== incarnation;
      if (isClaimable && claimed.length < maxCount) {
        const taken = { ...stored, owner: incarnation, handedBack, version: stored.version + 1 };
        this.#put(taken);
        claimed.push(taken);
      } else if (handedBack) nextDueMs = Math.min(nextDueMs ?? dueMs, dueMs);
    }
    return { claimed, nextDueMs };
  }

  async owned(incarnation: string, after: string, limit: number): Promise<readonly OwnedRow[]> {
    return [...this.#unfinished.values()]
      .filter(({ owner, definition }) => owner === incarnation && definition.gid > after)
      .map(({ definition, version }) => ({ gid: definition.gid, version, place: definition.gid }))
      .sort((one, other) => (one.gid < other.gid ? -1 : 1))
      .slice(0, limit);
  }

  /** A bench tells nobody. */
  async takeAlerts(): Promise<TakenAlerts> {
    return { taken: [], nextMs: undefined };
  }

  async alertTold(): Promise<void> {}

  async makeDue(gid: string, nowMs: number): Promise<boolean> {
    const stored = this.#get(gid);
    if (stored === undefined) return false;
    if (!isFinal(stored.progress.status)) this.#makeDueAt(stored, Math.min(stored.progress.dueMs, nowMs));
    return true;
  }

  async makeManyDue(afterMs: number, limit: number, nowMs: number): Promise<{ changed: number; hasMore: boolean }> {
    const sleepers = [...this.#unfinished.values()].filter(
      ({ owner, progress }) => owner === null && progress.dueMs > afterMs,
    );
    for (const stored of sleepers.slice(0, limit)) this.#makeDueAt(stored, nowMs);
    return { changed: Math.min(limit, sleepers.length), hasMore: sleepers.length > limit };
  }

  #makeDueAt(stored: StoredTransaction, dueMs: number): void {
    this.#put({ ...stored, version: stored.version + 1, progress: { ...stored.progress, dueMs } });
  }

  /** One page is all: there are never many. */
  async list({ gid, gidPrefix = '', status, type, hasIncident, limit }: ListFilter): Promise<ListPage> {
    const transactions = [...this.#unfinished.values(), ...this.#finished.values()]
      .filter(({ definition }) => definition.gid.startsWith(gidPrefix) && (gid ?? definition.gid) === definition.gid)
      .filter(({ progress }) => (status ?? progress.status) === progress.status)
      .filter(({ definition }) => (type ?? definition.type) === definition.type)
      .filter(({ progress }) => hasIncident !== true || (progress.incident !== '' && !isFinal(progress.status)))
      .sort((one, other) => other.definition.createdMs - one.definition.createdMs);
    return { transactions: transactions.slice(0, limit), next: '' };
  }

  async purge(beforeMs: number, limit: number): Promise<number> {
    const old = [...this.#finished.values()].filter(({ progress }) => progress.finishedMs < beforeMs).slice(0, limit);
    for (const { definition } of old) this.#finished.delete(definition.gid);
    return old.length;
  }

  async counts(nowMs: number): Promise<Counts> {
    const unfinished = { prepared: 0, submitted: 0, aborting: 0 };
    const dueMs: number[] = [];
    let incidents = 0;
    let decisions = 0;
    let owned = 0;
    for (const { progress, owner } of this.#unfinished.values()) {
      if (!isFinal(progress.status)) unfinished[progress.status] += 1;
      if (progress.incident !== '') incidents += 1;
      if (incidentKind(progress.incident) === 'decision') decisions += 1;
      if (owner !== null) owned += 1;
      if (owner === null && progress.dueMs <= nowMs) dueMs.push(progress.dueMs);
    }
    const oldestDueMs = dueMs.sort((a, b) => a - b)[0];
    return { unfinished, incidents, decisions, owned, due: dueMs.length, oldestDueMs };
  }

  async heartbeat(): Promise<never> {
    throw new Error('the store in memory is for one process');
  }

  async retire(): Promise<void> {}

  async drain(): Promise<boolean> {
    return false;
  }

  async changed(): Promise<never> {
    throw new Error('the store in memory is for one process');
  }

  async getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return this.#values.get(JSON.stringify([category, key]));
  }

  async listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return [...this.#values.values()]
      .filter((value) => value.category === category && value.key > afterKey)
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .slice(0, limit);
  }

  async putValue(category: string, key: string, value: string, expectVersion: number, nowMs: number): Promise<boolean> {
    const id = JSON.stringify([category, key]);
    const stored = this.#values.get(id);
    if ((stored?.version ?? 0) !== expectVersion) return false;
    const createdMs = stored?.createdMs ?? nowMs;
    this.#values.set(id, { category, key, value, version: expectVersion + 1, createdMs, updatedMs: nowMs });
    return true;
  }

  async deleteValue(category: string, key: string): Promise<boolean> {
    return this.#values.delete(JSON.stringify([category, key]));
  }
}
