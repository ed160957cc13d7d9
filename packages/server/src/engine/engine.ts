import {
  type AskedRollback,
  type BranchOperation,
  HoldfastError,
  restoreTransaction,
  type Transaction,
  type TransactionType,
  type WorkflowEnd,
} from '@holdfast/core';
import type { KeyValue, ListFilter, ListPage, StoredTransaction } from '../store/store.ts';
import { Acceptance } from './acceptance.ts';
import type { EngineClock } from './clock.ts';
import type { ClockState } from './clock-state.ts';
import type { AskedTransaction, Coordinator } from './coordinator.ts';
import { type ExplainedDestination, explainedDestination } from './destinations.ts';
import type { EngineParts } from './engine-parts.ts';
import { type Explained, explained } from './explained.ts';
import { isLong, LongTurns } from './long-turns.ts';
import { NodeLife } from './node-life.ts';
import type { ShownNode } from './nodes.ts';
import { cannotDrive, refuse, unknownGid } from './refusals.ts';
import type { RolledBack } from './rolled-back.ts';
import type { Standing } from './standing.ts';
import { withoutStuck } from './stuck-incident.ts';
import { noNames } from './targets.ts';
import { Topics } from './topics.ts';
import { Unreadables } from './unreadables.ts';

/** A transaction that changes during every read is shown as it was at the last of so many reads. */
const explainReads = 5;

/** The coordinator: accepts, drives, recovers. The store is open when it starts, and stays its caller's to close. */
export class Engine implements Coordinator {
  readonly #parts: EngineParts;
  readonly #life: NodeLife;
  readonly #acceptance: Acceptance;
  readonly topics: Topics;
  readonly longTurns: LongTurns;
  readonly #turns: (() => number)[] = [];

  constructor(given: EngineParts) {
    const { runtime, settings, events, names = noNames } = given;
    const unreadables = new Unreadables({
      tell: (row) => events.unreadable(row, false),
      stored: (row) => events.unreadable(row, true),
      claimSoon: (gid) => {
        this.makeDue(gid).catch((error: unknown) =>
          this.#life.failed('what cannot be read was not made an incident', error),
        );
      },
    });
    const store = unreadables.watch(given.store);
    const restore = (stored: StoredTransaction) => this.#restore(stored);
    const written = (now: Transaction, before: Transaction) => this.#written(now, before);
    this.#parts = { ...given, store };
    this.longTurns = new LongTurns((action) => runtime.soon(action));
    this.#life = new NodeLife(this.#parts, { longTurns: this.longTurns, restore, written });
    const { clock, journal } = this.#life;
    this.topics = new Topics(store, names, () => clock.nowMs(), given.machine?.store ?? runtime);
    this.#acceptance = new Acceptance({
      runtime,
      upkeep: given.machine?.upkeep ?? runtime,
      store,
      journal,
      clock,
      defaults: settings.defaults,
      limits: settings.active,
      workflowAnswers: settings.workflowAnswers,
      topics: this.topics,
      names,
      longTurns: this.longTurns,
      live: () => this.#life.live(),
      isStopping: () => this.#life.isStopping,
      turnMs: () => Math.max(0, ...this.#turns.map((waitedMs) => waitedMs())),
      restore,
      created: (transaction) => events.created(transaction),
      moved: (...told) => events.moved(...told),
      written,
    });
  }

  get clock(): EngineClock {
    return this.#life.clock;
  }

  get activeCount(): number {
    return this.#life.incarnation?.activeCount ?? 0;
  }

  /** Bytes of the definitions and branches being driven. */
  get activeBytes(): number {
    return this.#life.incarnation?.activeBytes ?? 0;
  }

  /** Transactions that cannot be written, each for the sake of its own row. */
  get stuckCount(): number {
    return this.#life.journal.stuckCount;
  }

  /** Things that must not happen and were noticed since the start; each was warned of. */
  get defectCount(): number {
    return this.#life.defectCount;
  }

  start(): Promise<void> {
    return this.#life.start();
  }

  /** Hands back what can be handed back within `graceMs`; the rest is left to takeover. */
  stop(graceMs: number): Promise<void> {
    return this.#life.stop(graceMs);
  }

  /** Refuses what would create a transaction, and goes on with what is stored. The first step of a shutdown. */
  refuseNew(): void {
    this.#life.refuseNew();
  }

  heedTurns(waitedMs: () => number): void {
    this.#turns.push(waitedMs);
  }

  /** Why it cannot start yet; undefined: now it can. */
  waits(reason: string | undefined): void {
    this.#life.waits(reason);
  }

  /** The store notices, without a write, that it may not be the right one any more; undefined: it is. */
  doubts(reason: string | undefined): void {
    this.#life.doubts(reason);
  }

  unready(): string | undefined {
    return this.#life.unready();
  }

  clockState(): ClockState {
    return this.#life.clockState();
  }

  acceptClock(): Promise<boolean> {
    return this.#life.acceptClock();
  }

  /** Deletes what has been finished for longer than it is kept. By itself it does so every minute. */
  purge(): Promise<void> {
    return this.#life.purge();
  }

  async listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]> {
    return await this.#parts.store.listValues(category, afterKey, limit).catch(refuse);
  }

  async getValue(category: string, key: string): Promise<KeyValue | undefined> {
    return await this.#parts.store.getValue(category, key).catch(refuse);
  }

  newGid(): string {
    return this.#parts.runtime.newId();
  }

  prepare(asked: AskedTransaction): Promise<void> {
    return this.#acceptance.prepare(asked);
  }

  submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined> {
    return this.#acceptance.submit(asked, wait);
  }

  abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined> {
    return this.#acceptance.abort(gid, type, reason);
  }

  prepareWorkflow(asked: AskedTransaction): Promise<StoredTransaction> {
    return this.#acceptance.prepareWorkflow(asked);
  }

  endWorkflow(gid: string, end: WorkflowEnd): Promise<void> {
    return this.#acceptance.endWorkflow(gid, end);
  }

  forceStop(gid: string): Promise<readonly string[]> {
    return this.#acceptance.forceStop(gid);
  }

  rollback(gid: string, asked: AskedRollback): Promise<RolledBack> {
    return this.#acceptance.rollback(gid, asked);
  }

  registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    return this.#acceptance.registerBranch(gid, type, branches);
  }

  async query(gid: string): Promise<StoredTransaction | undefined> {
    const [stored] = await this.#parts.store.load([gid]).catch(refuse);
    return stored;
  }

  async explain(gid: string): Promise<Explained | undefined> {
    const { upkeep = this.#parts.runtime } = this.#parts.machine ?? {};
    for (let reads = 1; ; reads += 1) {
      const sentMs = upkeep.monotonicMs();
      const before = this.#life.incarnation?.actor(gid);
      const [stored] = await this.#parts.store.load([gid]).catch(refuse);
      if (stored === undefined) return undefined;
      const actor = this.#life.incarnation?.actor(gid);
      // Taken, handed back or ended while it was read: what was read is old. Ours without a driver is about to have one.
      const isOurs = stored.owner !== null && stored.owner === this.#life.incarnation?.id;
      // Another node has changed it: its driver, whose word is told, hears of it now.
      const isBehind = actor !== undefined && actor.version < stored.version;
      if (isBehind) actor.looked(stored.version, sentMs);
      const isOld = actor !== before || isBehind || (actor === undefined && isOurs);
      if (isOld && reads < explainReads) continue;
      if (isLong(stored.definition, stored.branches.length)) await this.longTurns.turn();
      const by = { clock: this.#life.clock, destinations: this.#parts.destinations };
      const ownerName = this.nodes().find(({ id }) => id === stored.owner)?.name;
      return { ...explained(stored, this.#restore(stored), actor?.snapshot, by), ownerName };
    }
  }

  destinations(): readonly ExplainedDestination[] {
    const shown = this.#parts.destinations?.shown() ?? [];
    return shown.map((destination) => explainedDestination(destination, this.#life.clock));
  }

  nodes(): readonly ShownNode[] {
    return this.#life.nodes();
  }

  async drain(id: string): Promise<void> {
    const { store } = this.#parts;
    if (store.exclusive) throw new HoldfastError('WRONG_STATUS', 'the store has one coordinator: stop it instead');
    if (!(await store.drain(id).catch(refuse))) throw new HoldfastError('NOT_FOUND', 'there is no such coordinator');
  }

  list(filter: ListFilter): Promise<ListPage> {
    return this.#parts.store.list(filter).catch(refuse);
  }

  async makeDue(gid: string): Promise<void> {
    const incarnation = this.#life.live();
    const actor = incarnation.actor(gid);
    // A transaction that is being handed back is made due on the store: it may have no owner when this is answered.
    if (actor !== undefined && !actor.isReleasing) {
      actor.wake();
      return;
    }
    const nowMs = this.#life.clock.nowMs();
    if (!(await this.#parts.store.makeDue(gid, nowMs).catch(refuse))) throw unknownGid();
    incarnation.dueAt(nowMs);
  }

  async makeManyDue(afterMs: number, limit: number): Promise<{ changed: number; hasMore: boolean }> {
    const nowMs = this.#life.clock.nowMs();
    const made = await this.#parts.store.makeManyDue(nowMs + afterMs, limit, nowMs).catch(refuse);
    this.#life.live().dueAt(nowMs);
    return made;
  }

  #restore({ definition, branches, progress }: StoredTransaction): Transaction {
    try {
      return restoreTransaction(definition, branches, withoutStuck(progress), this.#parts.settings.defaults);
    } catch (cause) {
      throw cannotDrive(cause);
    }
  }

  #written(now: Transaction, { progress }: Transaction): void {
    const { incident, operatorDecisions = [], ignoredFields = [] } = now.progress;
    const ignored = ignoredFields.slice(progress.ignoredFields?.length ?? 0);
    if (ignored.length > 0) this.#parts.events.ignored(now, ignored);
    const news = operatorDecisions.slice(progress.operatorDecisions?.length ?? 0);
    for (const decision of news) this.#parts.events.decided(now, decision);
    if (incident !== progress.incident) this.#parts.events.incident(now, progress.incident);
  }
}
