import type { Bank, Effect } from '../network/bank.ts';
import { callbackOf, flowStepsOf } from '../network/flow.ts';
import type { Ledger } from '../network/ledger.ts';
import { hostOf } from '../network/request.ts';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

const opposites: Readonly<Record<string, readonly string[]>> = { action: ['compensate', 'rollback'], try: ['cancel'] };

/**
 * At the end, when nothing is under way any more: what really happened at the banks is what the statuses say. A bank
 * without barrier may have done things twice: there only decisions are judged.
 */
export function judgeEffects(court: Court, banks: ReadonlyMap<string, Bank>, ledger: Ledger): void {
  const effects = effectsByBranch(banks);
  for (const found of court.cases.values()) {
    if (found.row === undefined || found.wasStopped) continue;
    judgeCase(court, found, banks, effects);
    if (found.asked.type === 'msg') judgeMessage(court, found, ledger);
  }
}

function judgeCase(court: Court, found: Case, banks: ReadonlyMap<string, Bank>, effects: Effects): void {
  switch (found.asked.type) {
    case 'tcc':
      judgeRegistered(court, found, banks, effects, ['try', 'confirm']);
      break;
    case 'xa':
      judgeRegistered(court, found, banks, effects, ['action', 'commit']);
      break;
    case 'workflow':
      judgeWorkflow(court, found, banks, effects);
      break;
    case 'saga':
    case 'msg':
      judgeSteps(court, found, banks, effects);
      break;
    default:
      found.asked.type satisfies never;
  }
}

type Effects = ReadonlyMap<string, readonly string[]>;

function effectsByBranch(banks: ReadonlyMap<string, Bank>): Effects {
  const byBranch = new Map<string, string[]>();
  const add = ({ gid, branchId, op }: Effect) => {
    const key = `${gid}/${branchId}`;
    const known = byBranch.get(key);
    if (known === undefined) byBranch.set(key, [op]);
    else known.push(op);
  };
  for (const bank of banks.values()) if (bank.hasBarrier) bank.effects.forEach(add);
  return byBranch;
}

function hasBarrier(banks: ReadonlyMap<string, Bank>, url: string): boolean {
  return banks.get(hostOf(url))?.hasBarrier ?? false;
}

/** succeed: every action once. failed: nothing, or the action and its compensation once each. */
function judgeSteps(court: Court, found: Case, banks: ReadonlyMap<string, Bank>, effects: Effects): void {
  for (const { branchId, action, compensate } of found.asked.steps) {
    // What has no compensation stays as it is.
    if (!hasBarrier(banks, action) || (compensate === '' && found.status === 'failed')) continue;
    const happened = effects.get(`${found.gid}/${branchId}`) ?? [];
    judgeBranch(court, found, branchId, happened, found.status === 'succeed' ? ['action'] : undefined);
  }
}

/** succeed: both phases once. failed: nothing, or the first and its opposite once each. A note is only told. */
function judgeRegistered(
  court: Court,
  found: Case,
  banks: ReadonlyMap<string, Bank>,
  effects: Effects,
  phases: readonly [string, string],
): void {
  for (const { branchId, op, url } of found.row?.branches ?? []) {
    if (op !== phases[1] || !hasBarrier(banks, url) || url.endsWith('/note')) continue;
    const happened = effects.get(`${found.gid}/${branchId}`) ?? [];
    judgeBranch(court, found, branchId, happened, found.status === 'succeed' ? phases : undefined);
  }
}

/** succeed: every step once. failed: nothing, or the step and its rollback once each. */
function judgeWorkflow(court: Court, found: Case, banks: ReadonlyMap<string, Bank>, effects: Effects): void {
  for (const { branchId, url } of flowStepsOf(callbackOf(found.asked).input)) {
    if (!hasBarrier(banks, url)) continue;
    const happened = effects.get(`${found.gid}/${branchId}`) ?? [];
    judgeBranch(court, found, branchId, happened, found.status === 'succeed' ? ['action'] : undefined);
  }
}

function judgeBranch(
  court: Court,
  found: Case,
  branchId: string,
  happened: readonly string[],
  expected: readonly string[] | undefined,
): void {
  const isAsDecided = expected === undefined ? isNothing(happened) : isSame(happened, expected);
  // A transaction that waits for a human has decided nothing yet.
  if (!isAsDecided && found.isFinal) {
    accuse(court, 'money', found.gid, `it is ${found.status}, but at branch ${branchId} happened: [${happened}]`);
  }
}

function isNothing(happened: readonly string[]): boolean {
  const [first, second, third] = happened;
  return (
    first === undefined || (second !== undefined && opposites[first]?.includes(second) === true && third === undefined)
  );
}

function isSame(happened: readonly string[], expected: readonly string[]): boolean {
  return happened.length === expected.length && happened.every((op, index) => op === expected[index]);
}

/** A message is delivered if and only if the local transaction committed; one submitted unprepared has none. */
function judgeMessage(court: Court, found: Case, ledger: Ledger): void {
  if (!found.statuses.includes('prepared')) return;
  const hasCommitted = ledger.hasCommitted(found.gid);
  if (found.status === 'succeed' && !hasCommitted) {
    accuse(court, 'money', found.gid, 'it was delivered, but its local transaction did not commit');
  }
  if (found.status === 'failed' && hasCommitted && !found.askings.has('abort')) {
    accuse(court, 'money', found.gid, 'it was dropped, but its local transaction had committed');
  }
}
