import { createTransaction, type Defaults, HoldfastError, type Step, type Transaction, topicsOf } from '@holdfast/core';
import type { Write } from '../store/store.ts';
import type { Admission } from './admission.ts';
import type { Changed, Changes, Rule } from './changes.ts';
import type { EngineClock } from './clock.ts';
import type { AskedTransaction } from './coordinator.ts';
import type { Incarnation } from './incarnation.ts';
import { isLong, type LongTurns } from './long-turns.ts';
import type { NameBook, Runtime } from './ports.ts';
import { asRefusal } from './refusals.ts';
import { transactionBytes } from './row.ts';
import type { StoredRows } from './stored-rows.ts';
import { uncallable, unknownName } from './targets.ts';
import type { Topics } from './topics.ts';

export interface CreationContext {
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  readonly clock: EngineClock;
  readonly defaults: Defaults;
  readonly topics: Topics;
  readonly names: NameBook;
  readonly rows: StoredRows;
  readonly admission: Admission;
  readonly changes: Changes;
  readonly longTurns: LongTurns;
  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation;
  created(transaction: Transaction): void;
}

/** Creates transactions. If the gid is stored already, that transaction is changed instead. */
export class Creation {
  readonly #context: CreationContext;

  constructor(context: CreationContext) {
    this.#context = context;
  }

  async createOr(
    asked: AskedTransaction,
    status: 'prepared' | 'submitted',
    rule: Rule,
    wake = false,
  ): Promise<Changed> {
    // It has just been read, which took long enough.
    if (isLong(asked)) await this.#context.longTurns.turn();
    const steps = topicsOf(asked.steps).length === 0 ? asked.steps : await this.#expanded(asked);
    const incarnation = this.#context.live();
    this.#context.admission.refuseWithoutJournal();
    const isKnown = incarnation.actor(asked.gid) !== undefined || incarnation.prepared.isStored(asked.gid);
    if (isKnown) return this.#context.changes.change(asked.gid, rule, wake);
    const created =
      steps instanceof HoldfastError
        ? steps
        : (unknownName(asked, this.#context.names) ?? this.#newTransaction({ ...asked, steps }, status));
    const refusal = created instanceof HoldfastError ? created : this.#context.admission.refusalOfNew();
    if (!(created instanceof HoldfastError) && refusal === undefined) {
      const changed = await incarnation.exclusively(asked.gid, () => this.#create(incarnation, created));
      if (changed !== undefined) return changed;
    } else if ((await this.#context.rows.load(asked.gid, 'bare')) === undefined) throw refusal;
    return this.#context.changes.change(asked.gid, rule, wake);
  }

  /** A request that cannot create a transaction may still fit a stored one, such as orders for the steps of its prepare. */
  #newTransaction(asked: AskedTransaction, status: 'prepared' | 'submitted'): Transaction | HoldfastError {
    try {
      const definition = { ...asked, createdMs: this.#context.clock.nowMs() };
      const created = createTransaction(definition, status, this.#context.defaults);
      return uncallable(created, this.#context.names) ?? created;
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
    const sentMs = this.#context.upkeep.monotonicMs();
    const created = () => {
      if (!isDriven) incarnation.prepared.created(transaction);
    };
    const result = await this.#context.rows.write(write, transactionBytes(transaction), created);
    if (result !== 'done') return undefined;
    this.#context.created(transaction);
    if (isDriven) return { transaction, actor: incarnation.activate(transaction, 1, sentMs) };
    incarnation.dueAt(progress.dueMs);
    return { transaction, actor: undefined };
  }
}
