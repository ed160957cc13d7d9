import type { BranchOperation, Status } from '@holdfast/core';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

/** A success that a node is about to answer to a client. */
export type Acknowledgement =
  | { readonly kind: 'prepare' | 'submit' | 'abort' | 'stop' | 'due' }
  | { readonly kind: 'register'; readonly branches: readonly BranchOperation[] }
  /** What wait_result told: the status it stood in. */
  | { readonly kind: 'standing'; readonly status: Status };

/** P1: what a node says has been done is in the store when it says so; P3 and the store's own watch keep it there. */
export class AnswerAuditor {
  readonly #court: Court;

  constructor(court: Court) {
    this.#court = court;
  }

  acknowledged(gid: string, answer: Acknowledgement): void {
    const found = this.#court.cases.get(gid);
    if (found === undefined) return;
    const missing = missingOf(found, answer);
    if (missing !== undefined)
      accuse(this.#court, 'P1', gid, `a success was answered, and the store has no ${missing}`);
  }

  /** Events, metrics and webhooks speak of a change only after it is durable. */
  told(gid: string, status: Status): void {
    const found = this.#court.cases.get(gid);
    if (found === undefined || found.statuses.includes(status)) return;
    accuse(this.#court, 'P1', gid, `an event told of ${status} before it was durable`);
  }
}

function missingOf(found: Case, answer: Acknowledgement): string | undefined {
  const was = (...statuses: Status[]) => found.statuses.some((status) => statuses.includes(status));
  switch (answer.kind) {
    case 'prepare':
      return was('prepared') ? undefined : 'prepared transaction';
    case 'submit':
      return was('submitted') ? undefined : 'submitted transaction';
    case 'abort':
      return was('aborting', 'failed') ? undefined : 'aborted transaction';
    case 'due':
      return undefined;
    case 'stop':
      return was('failed') ? undefined : 'failed transaction';
    case 'standing':
      return was(answer.status) ? undefined : `${answer.status} transaction`;
    case 'register': {
      const stored = found.row?.branches ?? [];
      const lost = answer.branches.find(
        (branch) => !stored.some(({ branchId, op }) => branchId === branch.branchId && op === branch.op),
      );
      return lost === undefined ? undefined : `${lost.op} of branch ${lost.branchId}`;
    }
    default:
      return answer satisfies never;
  }
}
