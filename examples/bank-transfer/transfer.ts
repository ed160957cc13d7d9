import { askCoordinator, type CoordinatorAnswer, callCoordinator } from './coordinator-client.ts';
import type { BankHandle, World } from './world.ts';

/** One side of a transfer: whose account, at which bank, and how much. */
export interface Side {
  readonly bank: BankHandle;
  readonly owner: string;
  readonly amount: number;
}

/** Submits a saga: first every withdrawal, then every deposit; each with the call that undoes it. */
export function submitSaga(
  world: World,
  gid: string,
  from: readonly Side[],
  to: readonly Side[],
  waitResult: boolean,
): Promise<CoordinatorAnswer> {
  const step = ({ bank }: Side, path: string) => ({
    action: `${bank.url}${path}`,
    compensate: `${bank.url}${path}/undo`,
  });
  return askCoordinator(world.coordinatorUrl, 'submit', {
    gid,
    trans_type: 'saga',
    wait_result: waitResult,
    request_timeout: 20,
    retry_interval: 1,
    steps: [...from.map((side) => step(side, '/saga/withdraw')), ...to.map((side) => step(side, '/saga/deposit'))],
    payloads: [...from, ...to].map(payload),
  });
}

/**
 * A TCC from the side of the one who starts it: prepare; per side register, then try; at the end submit or abort.
 * @returns what was refused, or undefined where all was tried and submitted
 */
export async function runTcc(
  world: World,
  gid: string,
  from: Side,
  to: Side,
  afterTries: () => void,
): Promise<string | undefined> {
  const global = { gid, trans_type: 'tcc', retry_interval: 1 };
  await callCoordinator(world.coordinatorUrl, 'prepare', global);
  const refusal =
    (await tryBranch(world, gid, '01', from, '/tcc/withdraw')) ??
    (await tryBranch(world, gid, '02', to, '/tcc/deposit'));
  afterTries();
  if (refusal === undefined) await callCoordinator(world.coordinatorUrl, 'submit', { ...global, wait_result: true });
  else await callCoordinator(world.coordinatorUrl, 'abort', { ...global, rollback_reason: refusal });
  return refusal;
}

/** Registered before it is tried, so that the coordinator cancels whatever may have been tried. */
async function tryBranch(
  world: World,
  gid: string,
  branchId: string,
  side: Side,
  path: string,
): Promise<string | undefined> {
  const target = `${side.bank.url}${path}`;
  await callCoordinator(world.coordinatorUrl, 'registerBranch', {
    gid,
    trans_type: 'tcc',
    branch_id: branchId,
    data: payload(side),
    confirm: `${target}/confirm`,
    cancel: `${target}/cancel`,
  });
  const query = new URLSearchParams({ gid, trans_type: 'tcc', branch_id: branchId, op: 'try' });
  const response = await fetch(`${target}/try?${query}`, { method: 'POST', body: payload(side) });
  const { message } = (await response.json()) as { message?: string };
  return response.ok ? undefined : (message ?? `answered ${response.status}`);
}

function payload({ owner, amount }: Side): string {
  return JSON.stringify({ owner, amount });
}
