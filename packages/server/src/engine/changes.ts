import {
  apply,
  type Fact,
  fitProgress,
  HoldfastError,
  hasSecondPhase,
  isFinal,
  type Ruling,
  type Status,
  type Transaction,
  withMoveAsked,
} from '@holdfast/core';
import type { Store, StoredTransaction, UpdateWrite } from '../store/store.ts';
import type { Actor } from './actor.ts';
import type { Admission } from './admission.ts';
import type { EngineClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';
import type { Runtime } from './ports.ts';
import type { PreparedRow } from './prepared-rows.ts';
import { refuse, unknownGid } from './refusals.ts';
import type { Answer } from './requests.ts';
import { updateBytes } from './row.ts';
import { againstOthers, type StoredRows } from './stored-rows.ts';

export interface ChangesContext {
  readonly upkeep: Pick<Runtime, 'monotonicMs'>;
  readonly store: Store;
  readonly clock: EngineClock;
  readonly rows: StoredRows;
  readonly admission: Admission;
  /** @throws HoldfastError UNAVAILABLE where this node has no lease now */
  live(): Incarnation;
  restore(stored: StoredTransaction): Transaction;
  moved(transaction: Transaction, from: Status): void;
  written(now: Transaction, before: Transaction): void;
}

export type Rule = (stored: Transaction) => Ruling;

export interface Changed {
  readonly transaction: Transaction;
  /** The driver on this node. Undefined: no driver on this node. */
  readonly actor: Actor | undefined;
  /** Of the row, where no driver here knows it. */
  readonly version?: number;
}

/** What a change is decided on. */
interface RowBefore {
  readonly owner: string | null;
  readonly version: number;
  readonly handedBack: boolean;
  /** Where it was not read. */
  readonly known: PreparedRow | undefined;
}

const none: ReadonlySet<number> = new Set();

/** Changes stored transactions by the rules of the core, whoever drives them. */
export class Changes {
  readonly #context: ChangesContext;

  constructor(context: ChangesContext) {
    this.#context = context;
  }

  /** Applies a rule to what is stored, on whoever drives it here, and retries where somebody else was faster. */
  async change(gid: string, rule: Rule, wake: boolean): Promise<Changed> {
    this.#context.admission.refuseWithoutJournal();
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
        else if (answer === 'given-up') reject(this.#context.rows.cannotWriteNow());
        else resolve(answer === 'gone' ? undefined : { transaction: answer, actor });
      };
      actor.request({ change, wake, done });
    });
  }

  /** Undefined: somebody else was faster. */
  async #changeStored(incarnation: Incarnation, gid: string, rule: Rule, wake: boolean): Promise<Changed | undefined> {
    if (this.#context.live() !== incarnation) return undefined;
    const known = incarnation.prepared.get(gid);
    const ruling = known === undefined ? 'nothing' : rule(known.transaction);
    if (known !== undefined && ruling !== 'nothing' && !(ruling instanceof HoldfastError)) {
      const row = { owner: null, version: known.version, handedBack: true, known };
      return this.#write(incarnation, known.transaction, row, ruling, rule);
    }
    // What is refused, or is so already, leads to no write that would show whether others have changed the row.
    return this.#changeRead(incarnation, gid, rule, wake);
  }

  async #changeRead(incarnation: Incarnation, gid: string, rule: Rule, wake: boolean): Promise<Changed | undefined> {
    const row = await this.#context.rows.load(gid, 'bare');
    if (row === undefined) throw unknownGid();
    if (incarnation.actor(gid) !== undefined) return undefined;
    const stored = this.#context.restore(row);
    const { owner, version } = row;
    const isBroken = owner === incarnation.id && incarnation.isBroken(gid);
    const handedBack = row.handedBack && !isBroken;
    const ruling = rule(stored);
    if (ruling instanceof HoldfastError) throw ruling;
    const isAnothers = owner !== null && owner !== incarnation.id;
    if (ruling === 'nothing' && (!wake || isFinal(stored.progress.status) || isAnothers)) {
      if (wake && isAnothers) await this.#context.store.makeDue(gid, this.#context.clock.nowMs()).catch(refuse);
      return { transaction: stored, actor: undefined, version };
    }
    const fact = ruling === 'nothing' ? ({ kind: 'due', atMs: this.#context.clock.nowMs() } as const) : ruling;
    return this.#write(incarnation, stored, { owner, version, handedBack, known: undefined }, fact, rule);
  }

  /**
   * Undefined: somebody else was faster. A row without owner becomes ours, or waits for a driver where no more may be
   * active; another owner's stays its own.
   */
  async #write(
    incarnation: Incarnation,
    stored: Transaction,
    row: RowBefore,
    fact: Fact,
    rule: Rule,
  ): Promise<Changed | undefined> {
    const { gid } = stored.definition;
    const atMs = this.#context.clock.nowMs();
    const isAnothers = row.owner !== null && row.owner !== incarnation.id;
    const loaded = apply(stored, { kind: 'loaded', handedBack: row.handedBack, atMs });
    const next = isAnothers ? changedElsewhere(stored, fact, atMs) : withMoveAsked(apply(loaded, fact), none, atMs);
    // A workflow that has just given a sign of life has nothing to be driven for before its next callback.
    const isAsleep = next.definition.type === 'workflow' && next.progress.dueMs > atMs;
    const isWaiting = !isAnothers && !isFinal(next.progress.status) && (isAsleep || !this.#context.admission.hasRoom());
    const owner = isFinal(next.progress.status) || isWaiting ? null : isAnothers ? row.owner : incarnation.id;
    const progress = fitProgress(isWaiting && !isAsleep ? { ...next.progress, dueMs: atMs } : next.progress);
    const expectBranches = row.known && incarnation.prepared.expectedBranches(row.known);
    const write: UpdateWrite = {
      kind: 'update',
      gid,
      token: incarnation.newToken(),
      expectOwner: row.owner,
      expectVersion: row.version,
      ...(expectBranches === undefined ? {} : { expectBranches }),
      owner,
      progress,
      ...(next.definition === stored.definition ? {} : { definition: next.definition }),
    };
    const sentMs = this.#context.upkeep.monotonicMs();
    const result = await this.#context.rows.update(write, updateBytes(progress));
    const registered = incarnation.prepared.allBranches(gid, row.known);
    incarnation.prepared.forget(gid);
    if (result === 'overtaken') return this.#overtaken(incarnation, gid, fact, rule);
    if (result !== 'done') return undefined;
    this.#context.written(next, stored);
    if (next.progress.status !== stored.progress.status) this.#context.moved(next, stored.progress.status);
    if (isWaiting) incarnation.dueAt(progress.dueMs);
    if (owner !== incarnation.id) return { transaction: next, actor: undefined, version: row.version + 1 };
    const branches = hasSecondPhase(next.definition.type) ? registered : next.branches;
    const actor =
      branches === undefined
        ? await this.#driveRead(incarnation, next, row.version + 1, sentMs)
        : incarnation.activate({ ...next, branches }, row.version + 1, sentMs);
    return { transaction: next, actor };
  }

  /**
   * Where the change was made and another node has gone on from there, or somebody has made the same one, it is made.
   * Undefined: it was surely not made, and is decided anew.
   */
  async #overtaken(incarnation: Incarnation, gid: string, fact: Fact, rule: Rule): Promise<Changed | undefined> {
    const row = await this.#context.rows.loadSurely(gid, 'bare');
    if (row === undefined) throw unknownGid();
    const stored = this.#context.restore(row);
    const ruling = rule(stored);
    if (ruling !== 'nothing' && !(ruling instanceof HoldfastError)) return undefined;
    if (ruling instanceof HoldfastError && !isMade(fact, stored)) throw ruling;
    // It was made ours, and nobody drives it yet.
    if (row.owner === incarnation.id) incarnation.takeWhenReadable(gid);
    return { transaction: stored, actor: undefined, version: row.version };
  }

  /** The branches to drive are loaded after the move is committed: none that was acknowledged is missed. */
  async #driveRead(
    incarnation: Incarnation,
    transaction: Transaction,
    version: number,
    sentMs: number,
  ): Promise<Actor | undefined> {
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
}

/**
 * The change of a transaction that another node drives. A rollback is only recorded: the other node moves it, because it
 * knows which actions may have run. A stop ends it at once; then it is not known which actions may have run.
 */
function changedElsewhere(stored: Transaction, fact: Fact, atMs: number): Transaction {
  const known = fact.kind === 'stopped' ? apply(stored, { kind: 'loaded', handedBack: false, atMs }) : stored;
  return apply(known, fact);
}

/** Whether what is stored comes after such a change, whoever made it. */
function isMade({ kind }: Fact, { progress: { status, submittedMs } }: Transaction): boolean {
  if (kind === 'submitted') return submittedMs > 0;
  return kind === 'abort-asked' && submittedMs === 0 && (status === 'aborting' || status === 'failed');
}
