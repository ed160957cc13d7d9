import {
  type AskedRollback,
  apply,
  type BranchOperation,
  branchesLeftPrepared,
  createTransaction,
  type Defaults,
  type Fact,
  fitProgress,
  HoldfastError,
  hasSecondPhase,
  isFinal,
  type Ruling,
  ruleAbort,
  ruleEnd,
  rulePrepare,
  rulePrepareWorkflow,
  ruleRollback,
  ruleStop,
  ruleSubmit,
  type Status,
  type Step,
  type Transaction,
  type TransactionType,
  topicsOf,
  type WorkflowEnd,
  withMoveAsked,
} from '@holdfast/core';
import type { Store, StoredTransaction, Write } from '../store/store.ts';
import type { Actor, Answer, Standing } from './actor.ts';
import { Admission, type AdmissionContext } from './admission.ts';
import type { EngineClock } from './clock.ts';
import type { AskedTransaction } from './coordinator.ts';
import type { Incarnation } from './incarnation.ts';
import type { NameBook, Runtime } from './ports.ts';
import { asRefusal, refuse, unknownGid } from './refusals.ts';
import { Registration } from './registration.ts';
import { type RolledBack, rolledBack } from './rolled-back.ts';
import { transactionBytes, updateBytes } from './row.ts';
import { againstOthers, StoredRows } from './stored-rows.ts';
import { uncallable, unknownName } from './targets.ts';
import type { Topics } from './topics.ts';
import { UnreadStop } from './unread-stop.ts';

export interface AcceptanceContext extends AdmissionContext {
  readonly runtime: Runtime;
  readonly store: Store;
  readonly clock: EngineClock;
  readonly defaults: Defaults;
  readonly topics: Topics;
  readonly names: NameBook;
  restore(stored: StoredTransaction): Transaction;
  created(transaction: Transaction): void;
  moved(transaction: Transaction, from: Status): void;
  written(now: Transaction, before: Transaction): void;
}

/**
 * What clients and operators ask for: creates transactions, changes stored ones by the rules of the core, and refuses.
 * Every method resolves after its effect is durable, and rejects with a HoldfastError where it has none.
 */
export class Acceptance {
  readonly #context: AcceptanceContext;
  readonly #rows: StoredRows;
  readonly #admission: Admission;
  readonly #registration: Registration;
  readonly #unreadStop: UnreadStop;

  constructor(context: AcceptanceContext) {
    this.#context = context;
    this.#rows = new StoredRows(context.store, context.journal, context.runtime);
    this.#admission = new Admission(context);
    this.#registration = new Registration({ ...context, rows: this.#rows });
    this.#unreadStop = new UnreadStop({ ...context, rows: this.#rows });
  }

  async prepare(asked: AskedTransaction): Promise<void> {
    await this.#createOr(asked, 'prepared', (stored) => rulePrepare(stored, asked.type));
  }

  async submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined> {
    const rule = (stored: Transaction) =>
      ruleSubmit(stored, asked, this.#context.defaults, this.#context.clock.nowMs());
    // Without its prepare its branches are not known: to say that they were told would be a lie.
    const changed = hasSecondPhase(asked.type)
      ? await this.#change(asked.gid, rule, true)
      : await this.#createOr(asked, 'submitted', rule, true);
    return wait ? this.#standing(changed) : undefined;
  }

  async prepareWorkflow(asked: AskedTransaction): Promise<StoredTransaction> {
    const rule = (stored: Transaction) => rulePrepareWorkflow(stored, this.#context.clock.nowMs());
    await this.#createOr(asked, 'prepared', rule);
    const stored = await this.#rows.load(asked.gid, 'whole');
    if (stored === undefined) throw unknownGid();
    return stored;
  }

  async endWorkflow(gid: string, end: WorkflowEnd): Promise<void> {
    await this.#change(gid, (stored) => ruleEnd(stored, end, this.#context.clock.nowMs()), false);
  }

  async abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined> {
    const rule = (stored: Transaction) => ruleAbort(stored, type, reason, this.#context.clock.nowMs());
    const changed = await this.#change(gid, rule, true);
    return changed.transaction.definition.options.waitResult ? this.#standing(changed) : undefined;
  }

  async forceStop(gid: string): Promise<readonly string[]> {
    this.#admission.refuseWithoutJournal();
    if (await this.#unreadStop.stop(gid)) return [];
    const { transaction } = await this.#change(gid, (stored) => ruleStop(stored, this.#context.clock.nowMs()), false);
    if (transaction.definition.type !== 'xa') return [];
    const stored = await this.#rows.load(gid, 'whole');
    return stored === undefined ? [] : branchesLeftPrepared(stored);
  }

  /** An operator turns back a saga that runs. */
  async rollback(gid: string, asked: AskedRollback): Promise<RolledBack> {
    // Handed back: nothing is out. What need not be waited for is then compensated at once, and not 10 s later.
    const rule = (stored: Transaction, handedBack = false) =>
      ruleRollback(stored, handedBack ? { ...asked, doNotWait: false } : asked, this.#context.clock.nowMs());
    const { transaction, actor } = await this.#change(gid, rule, false);
    return rolledBack(transaction, actor?.snapshot);
  }

  async registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    this.#admission.refuseWithoutJournal();
    await this.#registration.register(gid, type, branches);
  }

  async #createOr(
    asked: AskedTransaction,
    status: 'prepared' | 'submitted',
    rule: (stored: Transaction) => Ruling,
    wake = false,
  ): Promise<Changed> {
    const steps = topicsOf(asked.steps).length === 0 ? asked.steps : await this.#expanded(asked);
    const incarnation = this.#context.live();
    this.#admission.refuseWithoutJournal();
    if (incarnation.actor(asked.gid) !== undefined) return this.#change(asked.gid, rule, wake);
    const created =
      steps instanceof HoldfastError
        ? steps
        : (unknownName(asked, this.#context.names) ?? this.#newTransaction({ ...asked, steps }, status));
    const refusal = created instanceof HoldfastError ? created : this.#admission.refusalOfNew();
    if (!(created instanceof HoldfastError) && refusal === undefined) {
      const changed = await incarnation.exclusively(asked.gid, () => this.#create(incarnation, created));
      if (changed !== undefined) return changed;
    } else if ((await this.#rows.load(asked.gid, 'bare')) === undefined) throw refusal;
    return this.#change(asked.gid, rule, wake);
  }

  /** What cannot be created may still be asked of a stored gid, such as orders that fit the steps of its prepare. */
  #newTransaction(asked: AskedTransaction, status: 'prepared' | 'submitted'): Transaction | HoldfastError {
    try {
      const definition = { ...asked, createdMs: this.#context.clock.nowMs() };
      const created = createTransaction(definition, status, this.#context.defaults);
      return uncallable(created) ?? created;
    } catch (error) {
      return asRefusal(error);
    }
  }

  /** Topics count at the creation alone: for a stored gid it does not matter that one is gone. */
  async #expanded({ steps, protocol }: AskedTransaction): Promise<readonly Step[] | HoldfastError> {
    try {
      return await this.#context.topics.expand(steps, protocol);
    } catch (error) {
      return asRefusal(error);
    }
  }

  /** Undefined: the gid exists. A submitted one is ours from the start; a prepared one sleeps without owner. */
  async #create(incarnation: Incarnation, transaction: Transaction): Promise<Changed | undefined> {
    const { definition, progress } = transaction;
    if (incarnation.actor(definition.gid) !== undefined) return undefined;
    const isDriven = progress.status === 'submitted';
    const write: Write = {
      kind: 'create',
      gid: definition.gid,
      token: incarnation.newToken(),
      definition,
      progress,
      owner: isDriven ? incarnation.id : null,
    };
    const sentMs = this.#context.runtime.monotonicMs();
    const result = await this.#rows.write(write, transactionBytes(transaction));
    if (result !== 'done') return undefined;
    this.#context.created(transaction);
    if (isDriven) return { transaction, actor: incarnation.activate(transaction, 1, sentMs) };
    incarnation.dueAt(progress.dueMs);
    return { transaction, actor: undefined };
  }

  /** Applies a rule to what is stored, on whoever drives it here, and retries where somebody else was faster. */
  async #change(gid: string, rule: Rule, wake: boolean): Promise<Changed> {
    this.#admission.refuseWithoutJournal();
    return againstOthers(async () => {
      const incarnation = this.#context.live();
      const actor = incarnation.actor(gid);
      return actor === undefined
        ? await incarnation.exclusively(gid, () => this.#changeStored(incarnation, gid, rule, wake))
        : await this.#askActor(actor, rule, wake);
    });
  }

  /** Undefined: the actor left before it could decide. */
  #askActor(actor: Actor, change: (stored: Transaction) => Ruling, wake: boolean): Promise<Changed | undefined> {
    return new Promise((resolve, reject) => {
      const done = (answer: Answer) => {
        if (answer instanceof HoldfastError) reject(answer);
        else if (answer === 'given-up') reject(this.#rows.cannotWriteNow());
        else resolve(answer === 'gone' ? undefined : { transaction: answer, actor });
      };
      actor.request({ change, wake, done });
    });
  }

  /**
   * Undefined: somebody else was faster. A row without owner becomes ours, or waits for a driver where no more may be
   * active; another owner's stays its own.
   */
  async #changeStored(incarnation: Incarnation, gid: string, rule: Rule, wake: boolean): Promise<Changed | undefined> {
    if (this.#context.live() !== incarnation) return undefined;
    const row = await this.#rows.load(gid, 'bare');
    if (row === undefined) throw unknownGid();
    if (incarnation.actor(gid) !== undefined) return undefined;
    const stored = this.#context.restore(row);
    const isBroken = row.owner === incarnation.id && incarnation.isBroken(gid);
    const handedBack = row.handedBack && !isBroken;
    const ruling = rule(stored, handedBack && row.owner === null);
    if (ruling instanceof HoldfastError) throw ruling;
    const isAnothers = row.owner !== null && row.owner !== incarnation.id;
    if (ruling === 'nothing' && (!wake || isFinal(stored.progress.status) || isAnothers)) {
      if (wake && isAnothers) await this.#context.store.makeDue(gid, this.#context.clock.nowMs()).catch(refuse);
      return { transaction: stored, actor: undefined };
    }
    const atMs = this.#context.clock.nowMs();
    const loaded = apply(stored, { kind: 'loaded', handedBack, atMs });
    const fact = ruling === 'nothing' ? ({ kind: 'due', atMs } as const) : ruling;
    const next = isAnothers ? changedElsewhere(stored, fact, atMs) : withMoveAsked(apply(loaded, fact), none, atMs);
    // A workflow that has just given a sign of life has nothing to be driven for before its next callback.
    const isAsleep = next.definition.type === 'workflow' && next.progress.dueMs > atMs;
    const isWaiting = !isAnothers && !isFinal(next.progress.status) && (isAsleep || !this.#admission.hasRoom());
    const owner = isFinal(next.progress.status) || isWaiting ? null : isAnothers ? row.owner : incarnation.id;
    const progress = fitProgress(isWaiting && !isAsleep ? { ...next.progress, dueMs: atMs } : next.progress);
    const write: Write = {
      kind: 'update',
      gid,
      token: incarnation.newToken(),
      expectOwner: row.owner,
      expectVersion: row.version,
      owner,
      progress,
      ...(next.definition === stored.definition ? {} : { definition: next.definition }),
    };
    const sentMs = this.#context.runtime.monotonicMs();
    const result = await this.#rows.write(write, updateBytes(progress));
    if (result !== 'done') return undefined;
    this.#context.written(next, stored);
    if (next.progress.status !== stored.progress.status) this.#context.moved(next, stored.progress.status);
    if (isWaiting) incarnation.dueAt(progress.dueMs);
    if (owner !== incarnation.id) return { transaction: next, actor: undefined };
    return { transaction: next, actor: await this.#drive(incarnation, next, row.version + 1, sentMs) };
  }

  /** The branches to drive are loaded after the move is committed: none that was acknowledged is missed. */
  async #drive(
    incarnation: Incarnation,
    transaction: Transaction,
    version: number,
    sentMs: number,
  ): Promise<Actor | undefined> {
    if (!hasSecondPhase(transaction.definition.type)) return incarnation.activate(transaction, version, sentMs);
    const { gid } = transaction.definition;
    const [row] = await this.#context.store.load([gid]).catch(() => {
      // The change is durable, whatever becomes of reading it.
      incarnation.takeWhenReadable(gid);
      return [];
    });
    if (row === undefined || row.owner !== incarnation.id) return undefined;
    if (row.version !== version) return incarnation.activate(this.#context.restore(row), row.version, sentMs);
    return incarnation.activate({ ...transaction, branches: row.branches }, version, sentMs);
  }

  #standing({ transaction, actor }: Changed): Promise<Standing> {
    const known: Standing = { transaction, trouble: undefined };
    if (actor === undefined) return Promise.resolve(known);
    return new Promise((resolve) => actor.wait((standing) => resolve(standing === 'gone' ? known : standing)));
  }
}

/** @param handedBack nobody drives it and nothing is out; absent: that is not known */
type Rule = (stored: Transaction, handedBack?: boolean) => Ruling;

interface Changed {
  readonly transaction: Transaction;
  /** Who drives it on this node, if anybody does. */
  readonly actor: Actor | undefined;
}

const none: ReadonlySet<number> = new Set();

/**
 * What another node drives. A rollback is only recorded: that node moves it, since it knows which actions may have run.
 * A stop ends it at once; what may have run is then not known.
 */
function changedElsewhere(stored: Transaction, fact: Fact, atMs: number): Transaction {
  const known = fact.kind === 'stopped' ? apply(stored, { kind: 'loaded', handedBack: false, atMs }) : stored;
  return apply(known, fact);
}
