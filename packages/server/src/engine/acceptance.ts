import {
  type AskedRollback,
  type BranchOperation,
  branchesLeftPrepared,
  type Defaults,
  hasSecondPhase,
  isFinal,
  ruleAbort,
  ruleEnd,
  rulePrepare,
  rulePrepareWorkflow,
  ruleRepeat,
  ruleRollback,
  ruleStop,
  ruleSubmit,
  type Status,
  type Transaction,
  type TransactionType,
  type WorkflowEnd,
} from '@holdfast/core';
import type { Store, StoredTransaction } from '../store/store.ts';
import { Admission, type AdmissionContext } from './admission.ts';
import { type Changed, Changes } from './changes.ts';
import type { EngineClock } from './clock.ts';
import type { AskedTransaction } from './coordinator.ts';
import { Creation } from './creation.ts';
import type { LongTurns } from './long-turns.ts';
import type { NameBook, Runtime } from './ports.ts';
import { unknownGid } from './refusals.ts';
import { Registration, type WorkflowAnswerLimits } from './registration.ts';
import { type RolledBack, rolledBack } from './rolled-back.ts';
import { type Standing, storedTrouble } from './standing.ts';
import { StoredRows } from './stored-rows.ts';
import type { Topics } from './topics.ts';
import { UnreadStop } from './unread-stop.ts';

export interface AcceptanceContext extends AdmissionContext {
  readonly runtime: Runtime;
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  readonly store: Store;
  readonly clock: EngineClock;
  readonly defaults: Defaults;
  readonly workflowAnswers: WorkflowAnswerLimits;
  readonly topics: Topics;
  readonly names: NameBook;
  readonly longTurns: LongTurns;
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
  readonly #changes: Changes;
  readonly #creation: Creation;
  readonly #registration: Registration;
  readonly #unreadStop: UnreadStop;

  constructor(context: AcceptanceContext) {
    this.#context = context;
    this.#rows = new StoredRows(context.store, context.journal, context.runtime);
    this.#admission = new Admission(context);
    const parts = { ...context, rows: this.#rows, admission: this.#admission };
    this.#changes = new Changes(parts);
    this.#creation = new Creation({ ...parts, changes: this.#changes });
    this.#registration = new Registration(parts);
    this.#unreadStop = new UnreadStop(parts);
  }

  async prepare(asked: AskedTransaction): Promise<void> {
    const changed = await this.#creation.createOr(asked, 'prepared', (stored) => rulePrepare(stored, asked.type));
    if (this.#isRepeat(asked, changed)) await this.#noteRepeat(asked, changed);
  }

  async submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined> {
    const rule = (stored: Transaction) =>
      ruleSubmit(stored, asked, this.#context.defaults, this.#context.clock.nowMs());
    // Only its prepare and its registrations tell its branches: it is never created by a submit.
    const changed = hasSecondPhase(asked.type)
      ? await this.#changes.change(asked.gid, rule, true)
      : await this.#creation.createOr(asked, 'submitted', rule, true);
    if (this.#isRepeat(asked, changed)) await this.#noteRepeat(asked, changed);
    return wait ? this.#standing(changed) : undefined;
  }

  async prepareWorkflow(asked: AskedTransaction): Promise<StoredTransaction> {
    const rule = (stored: Transaction) => rulePrepareWorkflow(stored, this.#context.clock.nowMs());
    const changed = await this.#creation.createOr(asked, 'prepared', rule);
    if (this.#isRepeat(asked, changed)) await this.#noteRepeat(asked, changed);
    const stored = await this.#rows.load(asked.gid, 'whole');
    if (stored === undefined) throw unknownGid();
    return stored;
  }

  async endWorkflow(gid: string, end: WorkflowEnd): Promise<void> {
    await this.#changes.change(gid, (stored) => ruleEnd(stored, end, this.#context.clock.nowMs()), false);
  }

  async abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined> {
    const rule = (stored: Transaction) => ruleAbort(stored, type, reason, this.#context.clock.nowMs());
    const changed = await this.#changes.change(gid, rule, true);
    return changed.transaction.definition.options.waitResult ? this.#standing(changed) : undefined;
  }

  async forceStop(gid: string): Promise<readonly string[]> {
    this.#admission.refuseWithoutJournal();
    if (await this.#unreadStop.stop(gid)) return [];
    const { transaction } = await this.#changes.change(
      gid,
      (stored) => ruleStop(stored, this.#context.clock.nowMs()),
      false,
    );
    if (transaction.definition.type !== 'xa') return [];
    const stored = await this.#rows.load(gid, 'whole');
    return stored === undefined ? [] : branchesLeftPrepared(stored);
  }

  /** An operator turns back a saga that runs. */
  async rollback(gid: string, asked: AskedRollback): Promise<RolledBack> {
    const rule = (stored: Transaction) => ruleRollback(stored, asked, this.#context.clock.nowMs());
    const { transaction, actor } = await this.#changes.change(gid, rule, false);
    return rolledBack(transaction, actor?.snapshot);
  }

  async registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void> {
    this.#admission.refuseWithoutJournal();
    await this.#registration.register(gid, type, branches);
  }

  /** A transaction that was created now holds the same steps object that was asked for. */
  #isRepeat({ steps }: AskedTransaction, { transaction }: Changed): boolean {
    return transaction.definition.steps !== steps;
  }

  /** The same gid was asked for again: the stored content wins, and people are told which fields differ. */
  async #noteRepeat(asked: AskedTransaction, { transaction }: Changed): Promise<void> {
    const rule = (stored: Transaction) => ruleRepeat(stored, asked, this.#context.clock.nowMs());
    if (rule(transaction) !== 'nothing') await this.#changes.change(asked.gid, rule, false);
  }

  #standing(changed: Changed): Promise<Standing> {
    const { transaction, actor, version } = changed;
    const known: Standing = { transaction, trouble: undefined };
    if (actor !== undefined)
      return new Promise((resolve) => actor.wait((standing) => resolve(standing === 'gone' ? known : standing)));
    const isWaitedFor =
      version !== undefined && !isFinal(transaction.progress.status) && !this.#context.store.exclusive;
    return isWaitedFor ? this.#standingElsewhere(known, version) : Promise.resolve(known);
  }

  /** Another node drives it, or will: where it stands once it has no owner any more, as the row tells. */
  async #standingElsewhere(known: Standing, version: number): Promise<Standing> {
    const { gid } = known.transaction.definition;
    const sinceMs = this.#context.clock.nowMs();
    const watched = await new Promise((resolve) => this.#context.live().wait(gid, version, resolve));
    if (watched === 'gone') return known;
    const stored = await this.#rows.load(gid, 'bare');
    if (stored === undefined) return known;
    const transaction = this.#context.restore(stored);
    return { transaction, trouble: storedTrouble(transaction.progress, sinceMs) };
  }
}
