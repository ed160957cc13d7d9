import {
  apply,
  type BranchOperation,
  createTransaction,
  type Defaults,
  HoldfastError,
  isFinal,
  type Outcome,
  type Ruling,
  restoreTransaction,
  ruleAbort,
  rulePrepare,
  ruleStop,
  ruleSubmit,
  type Status,
  type Transaction,
  type TransactionType,
  limits as wireLimits,
} from '@holdfast/core';
import {
  type ListFilter,
  type ListPage,
  type Store,
  type StoredTransaction,
  StoreError,
  type Write,
  type WriteResult,
} from '../store/store.ts';
import type { Actor, Standing } from './actor.ts';
import { EngineClock } from './clock.ts';
import type { AskedTransaction, Coordinator } from './coordinator.ts';
import { type ActiveLimits, Incarnation, type IncarnationContext, transactionBytes } from './incarnation.ts';
import { Journal, type JournalLimits } from './journal.ts';
import { HeartbeatLease, heartbeatTimes, LockLease } from './lease.ts';
import type { Caller, Runtime, Timer } from './ports.ts';

export interface EngineSettings {
  readonly defaults: Defaults;
  readonly journal: JournalLimits;
  readonly active: ActiveLimits;
  /** Forward successes are flushed after this. */
  readonly flushDelayMs: number;
  /** How long a finished transaction is kept. */
  readonly retentionMs: number;
}

/** What the outside may watch. Told only of what is durable. */
export interface EngineEvents {
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
  created(transaction: Transaction): void;
  moved(transaction: Transaction, from: Status): void;
  journalCommitted(rows: number, durationMs: number): void;
  /** Something went wrong that needs no answer: a claim, a purge, a pause of the store. */
  warned(message: string, error: unknown): void;
  /** The store is lost: the process must end. */
  fatal(error: unknown): void;
}

export interface EngineParts {
  readonly store: Store;
  readonly caller: Caller;
  readonly runtime: Runtime;
  readonly settings: EngineSettings;
  readonly events: EngineEvents;
}

const conflictRetries = 20;
const purgeEveryMs = 60_000;
const purgeRows = 500;
/** How often a node looks at what it owns: where others can write, and where only defects are to be found. */
const lookEveryMs = { shared: 1000, exclusive: 10_000 } as const;
/** Of the transactions that may be active, what new ones may take: the rest is left to recovery. */
const createShare = 0.8;

/** The coordinator: accepts, drives, recovers. The store is open when it starts, and stays its caller's to close. */
export class Engine implements Coordinator {
  readonly #parts: EngineParts;
  readonly #journal: Journal;
  #clock: EngineClock;
  #incarnation: Incarnation | undefined;
  #pausedReason: string | undefined;
  #stopping = false;
  #ended = false;
  readonly #timers = new Set<Timer>();
  #defects = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { events } = parts;
    this.#clock = new EngineClock(parts.runtime, parts.runtime.wallMs());
    this.#journal = new Journal(parts.store, parts.runtime, parts.settings.journal, {
      committed: (rows, durationMs) => events.journalCommitted(rows, durationMs),
      paused: (reason) => {
        if (reason !== undefined && this.#pausedReason === undefined) events.warned('the store cannot write', reason);
        this.#pausedReason = reason;
      },
      fatal: (error) => {
        this.#end();
        events.fatal(error);
      },
    });
  }

  get clock(): EngineClock {
    return this.#clock;
  }

  get activeCount(): number {
    return this.#incarnation?.activeCount ?? 0;
  }

  /** Bytes of the definitions and branches being driven. */
  get activeBytes(): number {
    return this.#incarnation?.activeBytes ?? 0;
  }

  /** Things that must not happen and were noticed since the start; each was warned of. */
  get defectCount(): number {
    return this.#defects;
  }

  async start(): Promise<void> {
    const { store, runtime, events } = this.#parts;
    if (store.exclusive) {
      const storedMs = await store.clockMs();
      const wallMs = runtime.wallMs();
      if (storedMs - wallMs > 60_000)
        events.warned(`the clock is ${storedMs - wallMs} ms behind what is stored`, undefined);
      this.#clock = new EngineClock(runtime, Math.max(wallMs, storedMs));
      this.#begin(new LockLease(runtime.newId()));
    } else {
      await this.#beginOnSharedStore();
    }
    this.#every(store.exclusive ? lookEveryMs.exclusive : lookEveryMs.shared, () => this.#look());
    this.#every(purgeEveryMs, () => this.#purge());
  }

  /** Hands back what can be handed back within `graceMs`; the rest is left to takeover. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const incarnation = this.#incarnation;
    if (incarnation !== undefined && !this.#ended) {
      await Promise.race([incarnation.close(), new Promise<void>((resolve) => this.#after(graceMs, resolve))]);
      await Promise.race([this.#journal.drained(), new Promise<void>((resolve) => this.#after(graceMs, resolve))]);
      if (!this.#parts.store.exclusive) await this.#parts.store.retire(incarnation.id).catch(() => undefined);
    }
    this.#end();
  }

  /** Refuses what would create a transaction, and goes on with what is stored. The first step of a shutdown. */
  refuseNew(): void {
    this.#stopping = true;
  }

  unready(): string | undefined {
    if (this.#stopping || this.#ended) return 'shutting down';
    if (this.#incarnation === undefined || !this.#incarnation.lease.isValid()) return 'no lease on the store';
    return this.#pausedReason;
  }

  newGid(): string {
    return this.#parts.runtime.newId();
  }

  async prepare(asked: AskedTransaction): Promise<void> {
    await this.#createOr(asked, 'prepared', (stored) => rulePrepare(stored, asked.type));
  }

  async submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined> {
    const rule = (stored: Transaction) => ruleSubmit(stored, asked, this.#parts.settings.defaults, this.#clock.nowMs());
    const changed = await this.#createOr(asked, 'submitted', rule, true);
    return wait ? this.#standing(changed) : undefined;
  }

  async abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined> {
    const rule = (stored: Transaction) => ruleAbort(stored, type, reason, this.#clock.nowMs());
    const changed = await this.#change(gid, rule, true);
    return changed.transaction.definition.options.waitResult ? this.#standing(changed) : undefined;
  }

  async forceStop(gid: string): Promise<void> {
    await this.#change(gid, (stored) => ruleStop(stored, this.#clock.nowMs()), false);
  }

  async registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    const incarnation = this.#live();
    this.#refuseBeyondHardBound();
    const [stored] = await this.#load([gid]);
    if (stored === undefined) throw unknownGid();
    if (stored.definition.type !== type) {
      throw new HoldfastError('INVALID_INPUT', 'trans_type: must be the type that this gid is stored with', {
        field: 'trans_type',
      });
    }
    let bytes = 128;
    for (const branch of branches) bytes += branch.url.length + branch.payload.length + 64;
    if (transactionBytes(stored) + bytes > wireLimits.transactionBytes) {
      throw new HoldfastError('TOO_LARGE', 'data: this branch makes the transaction larger than 16 MiB', {
        field: 'data',
      });
    }
    const result = await this.#write(
      {
        kind: 'append',
        gid,
        token: incarnation.newToken(),
        whileStatus: 'prepared',
        branches,
        maxBranches: wireLimits.steps * 2,
      },
      bytes,
    );
    await this.#registered(gid, branches, result);
  }

  async query(gid: string): Promise<StoredTransaction | undefined> {
    const [stored] = await this.#load([gid]);
    return stored;
  }

  list(filter: ListFilter): Promise<ListPage> {
    return this.#parts.store.list(filter);
  }

  async makeDue(gid: string): Promise<void> {
    const incarnation = this.#live();
    const actor = incarnation.actor(gid);
    if (actor !== undefined) {
      actor.wake();
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (!(await this.#parts.store.makeDue(gid, nowMs))) throw unknownGid();
    incarnation.dueAt(nowMs);
  }

  async makeManyDue(afterMs: number, limit: number): Promise<{ changed: number; hasMore: boolean }> {
    const nowMs = this.#clock.nowMs();
    const made = await this.#parts.store.makeManyDue(nowMs + afterMs, limit, nowMs);
    this.#live().dueAt(nowMs);
    return made;
  }

  #begin(lease: LockLease | HeartbeatLease): void {
    const { store, caller, runtime, settings, events } = this.#parts;
    const context: IncarnationContext = {
      runtime,
      clock: this.#clock,
      store,
      journal: this.#journal,
      caller,
      limits: settings.active,
      flushDelayMs: settings.flushDelayMs,
      deadAfterMs: heartbeatTimes.deadAfterMs,
      restore: (stored) => this.#restore(stored),
      attempted: (...told) => events.attempted(...told),
      moved: (...told) => events.moved(...told),
      failed: (error) => this.#failed('the store cannot be read', error),
      defect: (gid, what, error) => {
        this.#defects += 1;
        events.warned(`${gid}: ${what}`, error);
      },
    };
    this.#incarnation = new Incarnation(context, lease);
    this.#incarnation.start();
  }

  /** The first heartbeat gives the clock and the lease; afterwards it is renewed every second, never behind the journal. */
  async #beginOnSharedStore(): Promise<void> {
    const { runtime } = this.#parts;
    const lease = new HeartbeatLease(runtime.newId(), runtime);
    await this.#heartbeat(lease);
    this.#begin(lease);
    this.#every(heartbeatTimes.everyMs, () => this.#renew());
  }

  async #heartbeat(lease: HeartbeatLease): Promise<void> {
    const { runtime, store } = this.#parts;
    const sentMs = runtime.monotonicMs();
    const sentWallMs = runtime.wallMs();
    const storeMs = await store.heartbeat(lease.incarnation);
    this.#clock.measure(storeMs, sentMs, runtime.monotonicMs());
    lease.renew(sentMs, sentWallMs);
  }

  /** A lapsed lease cannot be renewed: others may have taken over. The node goes on as a new incarnation. */
  async #renew(): Promise<void> {
    const lease = this.#incarnation?.lease;
    if (!(lease instanceof HeartbeatLease)) return;
    if (lease.isValid()) {
      await this.#heartbeat(lease);
      return;
    }
    this.#incarnation?.end();
    const next = new HeartbeatLease(this.#parts.runtime.newId(), this.#parts.runtime);
    await this.#heartbeat(next);
    if (!this.#ended) this.#begin(next);
  }

  async #look(): Promise<void> {
    if (this.#incarnation?.lease.isValid()) await this.#incarnation.look();
  }

  #end(): void {
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    const { lease } = this.#incarnation ?? {};
    if (lease instanceof LockLease || lease instanceof HeartbeatLease) lease.end();
    this.#incarnation?.end();
  }

  #live(): Incarnation {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || this.#ended || !incarnation.lease.isValid()) {
      throw new HoldfastError('UNAVAILABLE', 'the coordinator has no lease on its store now', { retryAfterMs: 1000 });
    }
    return incarnation;
  }

  #refuseBeyondHardBound(): void {
    if (this.#journal.pressure === 'hard') {
      throw new HoldfastError('UNAVAILABLE', 'the journal is full; nothing was changed', { retryAfterMs: 1000 });
    }
  }

  /** Why nothing new is created now, or undefined. A stored gid is served all the same. */
  #admission(): HoldfastError | undefined {
    if (this.#stopping) {
      return new HoldfastError('UNAVAILABLE', 'the coordinator is shutting down', { retryAfterMs: 2000 });
    }
    const { maxActive, maxActiveBytes } = this.#parts.settings.active;
    const { activeCount, activeBytes } = this.#live();
    const isFull = activeCount >= maxActive * createShare || activeBytes >= maxActiveBytes * createShare;
    if (!isFull && this.#journal.pressure === 'free') return undefined;
    return new HoldfastError('OVERLOADED', 'the coordinator takes no new transactions for now', { retryAfterMs: 1000 });
  }

  async #createOr(
    asked: AskedTransaction,
    status: 'prepared' | 'submitted',
    rule: (stored: Transaction) => Ruling,
    wake = false,
  ): Promise<Changed> {
    const incarnation = this.#live();
    this.#refuseBeyondHardBound();
    if (incarnation.actor(asked.gid) !== undefined) return this.#change(asked.gid, rule, wake);
    const refusal = this.#admission();
    if (refusal === undefined) {
      const definition = { ...asked, createdMs: this.#clock.nowMs() };
      const created = createTransaction(definition, status, this.#parts.settings.defaults);
      const changed = await this.#create(incarnation, created);
      if (changed !== undefined) return changed;
    } else if ((await this.#load([asked.gid]))[0] === undefined) throw refusal;
    return this.#change(asked.gid, rule, wake);
  }

  /** Undefined: the gid exists. A submitted one is ours from the start; a prepared one sleeps without owner. */
  async #create(incarnation: Incarnation, transaction: Transaction): Promise<Changed | undefined> {
    const { definition, progress } = transaction;
    const isDriven = progress.status === 'submitted';
    const dueMs = isDriven ? progress.dueMs : preparedDueMs(transaction);
    const stored = { ...transaction, progress: { ...progress, dueMs } };
    const write: Write = {
      kind: 'create',
      gid: definition.gid,
      token: incarnation.newToken(),
      definition,
      progress: stored.progress,
      owner: isDriven ? incarnation.id : null,
    };
    const result = await this.#write(write, transactionBytes(transaction));
    if (result !== 'done') return undefined;
    this.#parts.events.created(stored);
    if (isDriven) return { transaction: stored, actor: incarnation.activate(stored, 1) };
    incarnation.dueAt(dueMs);
    return { transaction: stored, actor: undefined };
  }

  /** Applies a rule to what is stored, on whoever drives it here, and retries where somebody else was faster. */
  async #change(gid: string, rule: (stored: Transaction) => Ruling, wake: boolean): Promise<Changed> {
    this.#refuseBeyondHardBound();
    for (let attempt = 0; attempt < conflictRetries; attempt += 1) {
      const incarnation = this.#live();
      const actor = incarnation.actor(gid);
      const changed =
        actor === undefined
          ? await incarnation.exclusively(gid, () => this.#changeStored(incarnation, gid, rule, wake))
          : await askActor(actor, rule, wake);
      if (changed !== undefined) return changed;
    }
    throw new HoldfastError('UNAVAILABLE', 'the transaction is being changed by others; try again', {
      retryAfterMs: 500,
    });
  }

  /** Undefined: somebody else was faster. A row without owner becomes ours; another owner's stays its own. */
  async #changeStored(
    incarnation: Incarnation,
    gid: string,
    rule: (stored: Transaction) => Ruling,
    wake: boolean,
  ): Promise<Changed | undefined> {
    const [row] = await this.#load([gid]);
    if (row === undefined) throw unknownGid();
    if (incarnation.actor(gid) !== undefined) return undefined;
    const stored = this.#restore(row);
    const ruling = rule(stored);
    if (ruling instanceof HoldfastError) throw ruling;
    const isAnothers = row.owner !== null && row.owner !== incarnation.id;
    if (ruling === 'nothing' && (!wake || isFinal(stored.progress.status) || isAnothers)) {
      if (wake && isAnothers) await this.#parts.store.makeDue(gid, this.#clock.nowMs());
      return { transaction: stored, actor: undefined };
    }
    const atMs = this.#clock.nowMs();
    const loaded = apply(stored, { kind: 'loaded', handedBack: row.owner === null, atMs });
    const next = apply(isAnothers ? stored : loaded, ruling === 'nothing' ? { kind: 'due', atMs } : ruling);
    const owner = isFinal(next.progress.status) ? null : isAnothers ? row.owner : incarnation.id;
    const write: Write = {
      kind: 'update',
      gid,
      token: incarnation.newToken(),
      expectOwner: row.owner,
      expectVersion: row.version,
      owner,
      progress: next.progress,
      ...(next.definition === stored.definition ? {} : { definition: next.definition }),
    };
    const result = await this.#write(write, 256 + next.progress.operations.length);
    if (result !== 'done') return undefined;
    if (next.progress.status !== stored.progress.status) this.#parts.events.moved(next, stored.progress.status);
    if (owner !== incarnation.id) return { transaction: next, actor: undefined };
    return { transaction: next, actor: await this.#drive(incarnation, next, row.version + 1) };
  }

  /** The branches to drive are loaded after the move is committed: none that was acknowledged is missed. */
  async #drive(incarnation: Incarnation, transaction: Transaction, version: number): Promise<Actor | undefined> {
    if (transaction.definition.type !== 'tcc') return incarnation.activate(transaction, version);
    const [row] = await this.#load([transaction.definition.gid]);
    if (row === undefined || row.owner !== incarnation.id || row.version !== version) return undefined;
    return incarnation.activate({ ...transaction, branches: row.branches }, version);
  }

  #standing({ transaction, actor }: Changed): Promise<Standing> {
    const known: Standing = { transaction, trouble: undefined };
    if (actor === undefined) return Promise.resolve(known);
    return new Promise((resolve) => actor.wait((standing) => resolve(standing === 'gone' ? known : standing)));
  }

  async #registered(gid: string, branches: readonly BranchOperation[], result: WriteResult): Promise<void> {
    switch (result) {
      case 'done':
        return;
      case 'missing':
        throw unknownGid();
      case 'exists': {
        const [stored] = await this.#load([gid]);
        if (stored !== undefined && branches.every((branch) => isStored(stored.branches, branch))) return;
        throw new HoldfastError('BRANCH_EXISTS', 'branch_id: registered already with other content', {
          field: 'branch_id',
        });
      }
      case 'too-many':
        throw new HoldfastError('INVALID_INPUT', `branch_id: a transaction has at most ${wireLimits.steps} branches`, {
          field: 'branch_id',
        });
      case 'wrong-status':
      case 'conflict':
        throw new HoldfastError('WRONG_STATUS', 'no trans with this gid and status: prepared found FAILURE');
      default:
        return result satisfies never;
    }
  }

  #restore({ definition, branches, progress }: StoredTransaction): Transaction {
    return restoreTransaction(definition, branches, progress, this.#parts.settings.defaults);
  }

  #write(write: Write, bytes: number): Promise<WriteResult> {
    return new Promise((resolve) => this.#journal.write(write, bytes, resolve));
  }

  #load(gids: readonly string[]): Promise<readonly (StoredTransaction | undefined)[]> {
    return this.#parts.store.load(gids).catch((cause: unknown) => {
      throw new HoldfastError('UNAVAILABLE', 'the store cannot be read now', { retryAfterMs: 1000, cause });
    });
  }

  async #purge(): Promise<void> {
    const beforeMs = this.#clock.nowMs() - this.#parts.settings.retentionMs;
    while (!this.#ended && (await this.#parts.store.purge(beforeMs, purgeRows)) === purgeRows) {
      // The next batch; each is small, and commits go between them.
    }
  }

  #failed(message: string, error: unknown): void {
    if (error instanceof StoreError && error.code === 'fatal') {
      this.#end();
      this.#parts.events.fatal(error);
    } else this.#parts.events.warned(message, error);
  }

  #after(delayMs: number, action: () => void): void {
    const timer = this.#parts.runtime.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  /** Again and again, each turn that long after the last has ended. */
  #every(delayMs: number, action: () => Promise<void>): void {
    this.#after(delayMs, () => {
      action().then(
        () => this.#every(delayMs, action),
        (error: unknown) => {
          this.#failed('a periodic task failed', error);
          if (!this.#ended) this.#every(delayMs, action);
        },
      );
    });
  }
}

interface Changed {
  readonly transaction: Transaction;
  /** Who drives it on this node, if anybody does. */
  readonly actor: Actor | undefined;
}

/** Undefined: the actor left before it could decide. */
function askActor(actor: Actor, change: (stored: Transaction) => Ruling, wake: boolean): Promise<Changed | undefined> {
  return new Promise((resolve, reject) => {
    actor.request({
      change,
      wake,
      done: (answer) => {
        if (answer instanceof HoldfastError) reject(answer);
        else resolve(answer === 'gone' ? undefined : { transaction: answer, actor });
      },
    });
  });
}

/** A prepared transaction is due at its time-out, not before. */
function preparedDueMs({ definition, plan }: Transaction): number {
  return definition.createdMs + (plan.timeoutMs || 35_000);
}

function unknownGid(): HoldfastError {
  return new HoldfastError('NOT_FOUND', 'gid: no such transaction', { field: 'gid' });
}

function isStored(stored: readonly BranchOperation[], branch: BranchOperation): boolean {
  const found = stored.find(({ branchId, op }) => branchId === branch.branchId && op === branch.op);
  if (found === undefined || found.url !== branch.url) return false;
  return Buffer.from(found.payload as string).equals(Buffer.from(branch.payload as string));
}
