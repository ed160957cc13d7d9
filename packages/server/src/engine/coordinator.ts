import type { AskedRollback, BranchOperation, Definition, TransactionType, WorkflowEnd } from '@holdfast/core';
import type { KeyValue, ListFilter, ListPage, StoredTransaction } from '../store/store.ts';
import type { ClockState } from './clock-state.ts';
import type { ExplainedDestination } from './destinations.ts';
import type { Explained } from './explained.ts';
import type { LongTurns } from './long-turns.ts';
import type { ShownNode } from './nodes.ts';
import type { RolledBack } from './rolled-back.ts';
import type { Standing } from './standing.ts';
import type { Topics } from './topics.ts';

/** A transaction as a client asks for it: checked and normalised by the transport, not yet created. */
export type AskedTransaction = Omit<Definition, 'createdMs'>;

/**
 * What transports ask of the engine. Every method that changes state resolves after the change is durable, and rejects
 * with a HoldfastError where it is refused.
 */
export interface Coordinator {
  newGid(): string;
  /** Creates it as prepared; fine if it is prepared already. */
  prepare(asked: AskedTransaction): Promise<void>;
  /**
   * Creates or moves it to submitted and drives it. With `wait` it resolves with where it stands once it is final or
   * waits for a timer, about a second later at most where another node drives it; without, with undefined as soon as the
   * submit is durable.
   */
  submit(asked: AskedTransaction, wait: boolean): Promise<Standing | undefined>;
  /** As submit; `wait` follows the stored wait_result. */
  abort(gid: string, type: TransactionType, reason: string): Promise<Standing | undefined>;
  /** Creates a workflow as prepared, or finds it and takes this as a sign of life; with the steps it has registered. */
  prepareWorkflow(asked: AskedTransaction): Promise<StoredTransaction>;
  /** The submit of a workflow: it has ended so. */
  endWorkflow(gid: string, end: WorkflowEnd): Promise<void>;
  /** All or none; the same content again is fine. */
  registerBranch(gid: string, type: TransactionType, branches: readonly BranchOperation[]): Promise<void>;
  /**
   * An operator ends it as failed; no branch is called. Resolves with the branches of an xa that stay prepared in their
   * databases, for whoever ends them there.
   */
  forceStop(gid: string): Promise<readonly string[]>;
  /**
   * An operator rolls back a saga that runs. Resolves with the calls that it waits for.
   * @throws HoldfastError INVALID_INPUT where it is no saga, WRONG_STATUS where it is prepared or has ended
   */
  rollback(gid: string, asked: AskedRollback): Promise<RolledBack>;
  query(gid: string): Promise<StoredTransaction | undefined>;
  /** What happened, what comes next and why, and what would happen. */
  explain(gid: string): Promise<Explained | undefined>;
  /** Origins with calls, or where something is or was wrong, and the calls that hold their places. */
  destinations(): readonly ExplainedDestination[];
  /** The coordinators on the same store, this one among them. */
  nodes(): readonly ShownNode[];
  /**
   * Asks a coordinator on the same store to take nothing new and to hand over what it drives.
   * @throws HoldfastError WRONG_STATUS where it is the only one that can have its store open, NOT_FOUND for an unknown id
   */
  drain(id: string): Promise<void>;
  list(filter: ListFilter): Promise<ListPage>;
  /** Makes it due now; fine for a final one. */
  makeDue(gid: string): Promise<void>;
  /** Makes up to `limit` transactions that are due more than `afterMs` from now due now. */
  makeManyDue(afterMs: number, limit: number): Promise<{ readonly changed: number; readonly hasMore: boolean }>;
  /** What messages may name instead of URLs. */
  readonly topics: Pick<Topics, 'subscribe' | 'unsubscribe' | 'delete'>;
  /** Records of a category in the order of their keys, after `afterKey`. Topics are the category `topics`. */
  listValues(category: string, afterKey: string, limit: number): Promise<readonly KeyValue[]>;
  getValue(category: string, key: string): Promise<KeyValue | undefined>;
  /** Where time stands, and whether it is held back from a clock that has jumped. */
  clockState(): ClockState;
  /** A clock that has jumped is right: time follows it. False: it does already. */
  acceptClock(): Promise<boolean>;
  /** Where a transport reads long requests, and makes long answers. */
  readonly longTurns: LongTurns;
  /** Of a transport whose requests take turns: how long they wait now. Where that is long, nothing new is created. */
  heedTurns(waitedMs: () => number): void;
  /** Why it cannot serve, or undefined where it can. */
  unready(): string | undefined;
}
