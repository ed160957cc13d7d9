import { type Address, askFor } from './ask.ts';
import { confirm } from './confirm.ts';
import { argument, plain } from './plain.ts';
import { segmentOf } from './segment.ts';

export interface RollbackOptions {
  readonly reason?: string;
  /** commander's name of `--do-not-wait`. */
  readonly doNotWait?: boolean;
  readonly yes?: boolean;
}

interface Call {
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
  readonly until: string | null;
}

interface RolledBack {
  readonly status: string;
  readonly isDrivenHere: boolean;
  readonly waitsFor: readonly Call[];
  readonly doesNotWaitFor: readonly Call[];
  readonly compensatesFrom: string | null;
}

/** What is said before an operator stops waiting. */
const warning = `--do-not-wait cuts the calls of actions that are out. Such an action may still run in its service
during its compensation, 10 s from now, or later. This is safe only if the service uses a barrier.`;

/** Rolls back a saga that runs: what has run is compensated. */
export async function rollback(address: Address, gid: string, options: RollbackOptions): Promise<void> {
  const { reason = '', doNotWait = false, yes = false } = options;
  const path = `/api/v1/transactions/${segmentOf(gid, 'gid')}/rollback`;
  if (doNotWait && !yes) await confirm(warning);
  const answer = await askFor(address, 'POST', path, { reason, doNotWait });
  for (const line of linesOf(gid, answer as unknown as RolledBack)) console.log(line);
}

function linesOf(gid: string, { status, ...told }: RolledBack): readonly string[] {
  const name = plain(gid);
  const isMoved = status !== 'submitted';
  const waits = told.waitsFor.map((call) => `  it waits for ${nameOf(call)}, until ${call.until} at the latest`);
  const left = told.doesNotWaitFor.map((call) => `  it has cut ${nameOf(call)}: that action may still run`);
  return [
    isMoved
      ? `${name} is ${status}: every branch that may have run is compensated`
      : `${name} will be rolled back: another node drives it, and learns of it within about a second`,
    ...waits,
    ...left,
    ...(told.compensatesFrom === null ? [] : [`  what was cut is compensated from ${told.compensatesFrom}`]),
    `holdfast show ${argument(gid)} shows how it goes on`,
  ];
}

const nameOf = ({ branchId, op, url }: Call) => `${plain(branchId)} ${plain(op)} ${plain(url)}`;
