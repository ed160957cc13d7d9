import type { BranchOperation, Status, WorkflowEnd } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Row } from '../store/row.ts';
import { stepsBefore } from './order.ts';

/** What is known of the calls of one operation of one branch. */
export interface OperationCase {
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
  readonly payload: string;
  readonly headers: string;
  sends: number;
  /** Calls without an answer, by the incarnation that made them. */
  readonly out: Map<string, number>;
  /** What processes were told about it. */
  successes: number;
  failures: number;
  /** Neither success nor FAILURE nor ONGOING. */
  errors: number;
}

/** What clients and operators have asked for, whether or not an answer came. */
export type Asking = 'prepare' | 'submit' | 'abort' | 'end' | 'stop' | 'rollback';

/** Another node changed the status under this ownership, as clients asked it to: the driver learns of it a little later. */
export interface ChangeElsewhere {
  readonly owner: string;
  /** Monotonic time of each machine when the change became durable. */
  readonly monotonicMs: ReadonlyMap<string, number>;
}

/** All that the auditor knows of one transaction. */
export class Case {
  readonly gid: string;
  readonly asked: AskedTransaction;
  readonly before: readonly ReadonlySet<number>[];
  readonly operations = new Map<string, OperationCase>();
  /** How often a call of a branch was kept back by a limit or a breaker. */
  readonly heldBack = new Map<string, number>();
  /** Calls that went out or were kept back. */
  activity = 0;
  readonly askings = new Set<Asking>();
  /** Requests that may create it: those that may have done so or still may, and those that were refused for now. */
  readonly creations = { open: 0, refused: 0 };
  /** As stored now. */
  row: Row | undefined;
  /** Every status that was ever durable, in order. */
  readonly statuses: Status[] = [];
  /** An operator ended it, whatever it had done by then. */
  wasStopped = false;
  /** An operator's rollback was acknowledged. */
  isRolledBack = false;
  /** True time when an operator first asked not to wait for the calls that are out. */
  waitsNoMoreSinceMs: number | undefined;
  changedElsewhere: ChangeElsewhere | undefined;
  /** It was taken from an owner that had not handed it back, while forward marks could be lost. */
  marksMayBeLost = false;
  /** True times of the creation, of the first durable submitted, and of the end. */
  createdMs: number | undefined;
  submittedMs: number | undefined;
  finishedMs: number | undefined;

  /** Registrations that were acknowledged. */
  readonly registered: BranchOperation[] = [];
  /** workflow: the ends that were asked for, and the one that was acknowledged. */
  readonly endsAsked: WorkflowEnd[] = [];
  end: WorkflowEnd | undefined;
  /** workflow: true time of the last sign of life that puts its callback off. */
  signMs: number | undefined;
  /** Somebody has asked to make it due. */
  wasWoken = false;

  constructor(asked: AskedTransaction) {
    this.gid = asked.gid;
    this.asked = asked;
    this.before = stepsBefore(asked);
  }

  get status(): Status | undefined {
    return this.row?.progress.status;
  }

  get isFinal(): boolean {
    return this.status === 'succeed' || this.status === 'failed';
  }

  /** Nobody can tell how it is to go on but a human, who can see that it waits. */
  get isForHuman(): boolean {
    return this.asked.type !== 'workflow' && this.status === 'prepared' && this.row?.progress.incident !== '';
  }

  operation(branchId: string, op: string): OperationCase | undefined {
    return this.operations.get(`${branchId}/${op}`);
  }

  ofStep(step: number, op: 'action' | 'compensate'): OperationCase | undefined {
    return this.operation(this.asked.steps[step]?.branchId ?? '', op);
  }

  stepOf(branchId: string): number {
    return this.asked.steps.findIndex((step) => step.branchId === branchId);
  }

  /** Whether the operation of a step was ever called; one without URL never is. */
  wasSent(step: number, op: 'action' | 'compensate'): boolean {
    return (this.ofStep(step, op)?.sends ?? 0) > 0;
  }

  /** Whether the operation of a step is known to have succeeded; one without URL always does. */
  hasSucceeded(step: number, op: 'action' | 'compensate'): boolean {
    const asked = this.asked.steps[step];
    if (asked === undefined) return false;
    if ((op === 'action' ? asked.action : asked.compensate) === '') return true;
    return (this.ofStep(step, op)?.successes ?? 0) > 0;
  }
}
