import type { BranchOperation, Payload, Progress, Status, WorkflowEnd } from '@holdfast/core';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

/** A success that a node is about to answer to a client. */
export type Acknowledgement =
  | { readonly kind: 'prepare' | 'submit' | 'abort' | 'stop' | 'rollback' | 'due' }
  | { readonly kind: 'register'; readonly branches: readonly BranchOperation[] }
  /** How a workflow ended. */
  | { readonly kind: 'end'; readonly end: WorkflowEnd }
  /** What the client of a workflow is told of it. */
  | { readonly kind: 'workflow'; readonly stored: Told; readonly owed: Owed }
  | { readonly kind: 'subscribe'; readonly topic: string; readonly url: string }
  /** What wait_result told: the status it stood in. */
  | { readonly kind: 'standing'; readonly status: Status };

interface Told {
  readonly branches: readonly BranchOperation[];
  readonly progress: Progress;
}

/** What had been acknowledged when somebody asked. */
export interface Owed {
  readonly registered: readonly BranchOperation[];
  readonly end: WorkflowEnd | undefined;
}

/** P1: what a node says has been done is in the store when it says so; P3 and the store's own watch keep it there. */
export class AnswerAuditor {
  readonly #court: Court;

  constructor(court: Court) {
    this.#court = court;
  }

  acknowledged(gid: string, answer: Acknowledgement): void {
    const found = this.#court.cases.get(gid);
    if (answer.kind === 'subscribe') this.#subscribed(answer);
    if (found === undefined) return;
    const missing = missingOf(found, answer);
    if (missing !== undefined)
      accuse(this.#court, 'P1', gid, `a success was answered, and the store has no ${missing}`);
    if (answer.kind === 'register') found.registered.push(...answer.branches);
    if (answer.kind === 'rollback') found.isRolledBack = true;
    if (answer.kind === 'end') found.end = answer.end;
    const untold = answer.kind === 'workflow' ? untoldOf(answer.stored, answer.owed) : undefined;
    if (untold !== undefined) accuse(this.#court, 'P1', gid, `its client was not told of ${untold}`);
  }

  #subscribed({ topic, url }: Extract<Acknowledgement, { kind: 'subscribe' }>): void {
    const record = this.#court.database.values.get('topics', topic)?.value ?? '[]';
    const subscribers: { url: string }[] = JSON.parse(record);
    if (subscribers.some((subscriber) => subscriber.url === url)) return;
    accuse(this.#court, 'P1', topic, `a subscription of ${url} was acknowledged, and the store has none`);
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
    case 'rollback':
      return was('aborting', 'failed') || hasDecision(found) ? undefined : 'rollback of it';
    case 'standing':
      return was(answer.status) ? undefined : `${answer.status} transaction`;
    case 'register':
      return missingBranch(answer.branches, found.row?.branches ?? []);
    case 'end':
      return found.row !== undefined && isEnd(found.row.progress, answer.end) ? undefined : 'such an end';
    case 'workflow':
      return missingBranch(answer.stored.branches, found.row?.branches ?? []);
    case 'subscribe':
      return undefined;
    default:
      return answer satisfies never;
  }
}

/** Whoever drives it is to roll it back. */
function hasDecision({ row }: Case): boolean {
  return row?.progress.operatorDecisions?.some(({ kind }) => kind === 'rollback') === true;
}

/** A workflow resumes from what it is told: all that was acknowledged, as it was. */
function untoldOf({ branches, progress }: Told, { registered, end }: Owed): string | undefined {
  if (end !== undefined && !isEnd(progress, end)) return 'how it ended';
  return missingBranch(registered, branches);
}

export function isEnd({ status, reason, result = '' }: Progress, end: WorkflowEnd): boolean {
  return status === end.to && reason === end.reason && result === end.result;
}

function missingBranch(wanted: readonly BranchOperation[], given: readonly BranchOperation[]): string | undefined {
  const known = new Set(given.map(nameOf));
  const missing = wanted.find((branch) => !known.has(nameOf(branch)));
  return missing === undefined ? undefined : `${missing.op} of branch ${missing.branchId}`;
}

/** With its content: a registration that was changed is another one. */
export function nameOf({ branchId, op, url, payload, state }: BranchOperation): string {
  return JSON.stringify([branchId, op, url, textOf(payload), state]);
}

function textOf(payload: Payload): string {
  return typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
}
