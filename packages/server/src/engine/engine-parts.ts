import type { Defaults, OperatorDecision, Outcome, Status, Transaction } from '@holdfast/core';
import type { Store, UnreadableRow } from '../store/store.ts';
import type { ActiveLimits } from './active-room.ts';
import type { JournalLimits } from './journal.ts';
import type { NodeIdentity } from './lease-keeper.ts';
import type { Caller, DestinationView, MachineTime, NameBook, Runtime } from './ports.ts';
import type { WorkflowAnswerLimits } from './registration.ts';

export interface EngineSettings {
  readonly defaults: Defaults;
  readonly journal: JournalLimits;
  readonly active: ActiveLimits;
  /** Forward successes are flushed after this. */
  readonly flushDelayMs: number;
  /** How long a finished transaction is kept. */
  readonly retentionMs: number;
  readonly workflowAnswers: WorkflowAnswerLimits;
}

/** What the outside may watch. Told only of what is durable. */
export interface EngineEvents {
  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void;
  created(transaction: Transaction): void;
  moved(transaction: Transaction, from: Status): void;
  /** A request for a gid that was stored before brought these fields otherwise, and what is stored was kept. */
  ignored(transaction: Transaction, fields: readonly string[]): void;
  /** An operator decided so. */
  decided(transaction: Transaction, decision: OperatorDecision): void;
  /** It is an incident now, or not any more (`progress.incident` is empty), or another one. */
  incident(transaction: Transaction, former: string): void;
  /**
   * What is stored of it cannot be read: it waits for somebody.
   * @param isKnown it was told before, and is stored as an incident now
   */
  unreadable(row: UnreadableRow, isKnown: boolean): void;
  journalCommitted(rows: number, durationMs: number): void;
  /** Something went wrong that needs no answer: a claim, a purge, a pause of the store. */
  warned(message: string, error: unknown): void;
  /** The store is lost: the process must end. */
  fatal(error: unknown): void;
}

export interface EngineParts {
  readonly store: Store;
  readonly node: NodeIdentity;
  readonly caller: Caller;
  /** Absent: operators are not told what holds back calls. */
  readonly destinations?: DestinationView;
  readonly runtime: Runtime;
  /** Absent: `runtime` is the machine's time. */
  readonly machine?: MachineTime;
  readonly settings: EngineSettings;
  readonly events: EngineEvents;
  /** Absent: no name is known beforehand, and none is refused. */
  readonly names?: NameBook;
}
