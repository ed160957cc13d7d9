import type { Note } from './client.ts';
import type { Effect, Ledger } from './ledger.ts';
import type { SagaScenario, WorkflowScenario } from './scenario.ts';

/** A transaction as `query` answers it. */
export interface Queried {
  readonly transaction: {
    readonly status: string;
    readonly trans_type: string;
    readonly result?: string;
    readonly rollback_reason?: string;
  } | null;
  readonly branches: readonly { readonly branch_id: string; readonly op: string; readonly status: string }[];
}

/**
 * Judges one transaction at the end: by what its client was told, what the ledger booked, and what `query` says. Knows
 * nothing of how the coordinator works.
 * @returns what is wrong, in sentences
 */
export function audit(note: Note, ledger: Ledger, { transaction, branches }: Queried): string[] {
  const effects = ledger.effects(note.scenario.gid);
  const wrong: string[] = [];
  if (transaction === null) {
    if (note.prepared || note.submitted || note.aborted) wrong.push('was acknowledged and is not known any more');
    if (effects.some(({ op }) => !['msg', 'try', 'xa'].includes(op))) wrong.push('is not known, but acted');
    return wrong;
  }
  const { status } = transaction;
  if (status !== 'succeed' && status !== 'failed') return [`did not end: ${status}`];
  const expected = expectedEnd(note);
  if (expected !== undefined && status !== expected) wrong.push(`ended as ${status} instead of ${expected}`);
  if (note.seenToSucceed && status !== 'succeed') wrong.push('was said to have succeeded');
  wrong.push(...auditRegistered(note, branches));
  if (note.scenario.kind === 'workflow') wrong.push(...auditEnd(note.scenario, transaction));
  return [...wrong, ...auditEffects(note, effects, status)].map((text) => `${text}`);
}

function auditRegistered({ scenario: { kind }, registered }: Note, branches: Queried['branches']): string[] {
  if (kind === 'workflow') {
    const stored = new Set(branches.map(({ branch_id, op }) => `${branch_id} ${op}`));
    return registered.filter((name) => !stored.has(name)).map((name) => `${name} was acknowledged and is not stored`);
  }
  const expected = kind === 'xa' ? 'rollback,commit' : 'cancel,confirm';
  return registered.flatMap((branchId) => {
    const ops = branches.filter(({ branch_id }) => branch_id === branchId).map(({ op }) => op);
    return ops.join() === expected ? [] : [`branch ${branchId} was acknowledged and is stored as "${ops}"`];
  });
}

/** A workflow's result and reason come back as they were submitted: both name its gid. */
function auditEnd({ gid, failing }: WorkflowScenario, transaction: NonNullable<Queried['transaction']>): string[] {
  const { result = '', rollback_reason: reason = '' } = transaction;
  const said = failing === undefined ? Buffer.from(result, 'base64').toString() : reason;
  return said === gid ? [] : [`its result is "${result}" and its reason "${reason}"`];
}

/** Undefined: either end is right, as the client does not know what it asked for. */
function expectedEnd(note: Note): 'succeed' | 'failed' | undefined {
  const { scenario } = note;
  switch (scenario.kind) {
    case 'saga':
      return scenario.end;
    case 'msg':
      if (scenario.plan === 'submit-only') return 'succeed';
      return note.committed ? 'succeed' : 'failed';
    case 'workflow':
      return scenario.failing === undefined ? 'succeed' : 'failed';
    case 'tcc':
    case 'xa':
      if (note.submitted) return 'succeed';
      return note.submitAsked && !note.aborted ? undefined : 'failed';
    default:
      return scenario satisfies never;
  }
}

function auditEffects(note: Note, effects: readonly Effect[], status: 'succeed' | 'failed'): string[] {
  const { scenario } = note;
  const did = effects.map(({ branchId, op }) => `${op} ${branchId}`);
  const wrong: string[] = [];
  const exactly = (wanted: readonly string[]) => {
    if ([...did].sort().join() !== [...wanted].sort().join()) {
      wrong.push(`${status}: did [${did.join(', ')}] instead of [${wanted.join(', ')}]`);
    }
  };
  switch (scenario.kind) {
    case 'saga':
      if (status === 'succeed') exactly(scenario.steps.map((_, index) => `action ${branchName(index)}`));
      else wrong.push(...auditUndone(did));
      wrong.push(...auditOrder(scenario, did));
      break;
    case 'msg':
      if (status === 'succeed') {
        const actions = scenario.steps.map((_, index) => `action ${branchName(index)}`);
        exactly(scenario.plan === 'submit-only' ? actions : ['msg 00', ...actions]);
      } else exactly([]);
      break;
    case 'tcc':
      exactly(bothPhases(did, 'try', status === 'succeed' ? 'confirm' : 'cancel'));
      break;
    case 'xa':
      exactly(bothPhases(did, 'xa', status === 'succeed' ? 'commit' : 'rollback'));
      break;
    case 'workflow': {
      const names = scenario.deltas.slice(0, scenario.failing).map((_, index) => branchName(index));
      const undone = scenario.failing === undefined ? [] : names.map((name) => `undo ${name}`);
      exactly([...names.map((name) => `step ${name}`), ...undone]);
      break;
    }
    default:
      return scenario satisfies never;
  }
  return wrong;
}

/** What did its first phase must have done its second, and nothing else. */
function bothPhases(did: readonly string[], first: string, second: string): string[] {
  const names = did.filter((text) => text.startsWith(`${first} `)).map((text) => text.slice(first.length + 1));
  return names.flatMap((branchId) => [`${first} ${branchId}`, `${second} ${branchId}`]);
}

/** Every action that had an effect was undone after it, and nothing else was. */
function auditUndone(did: readonly string[]): string[] {
  const actions = did.filter((text) => text.startsWith('action '));
  const wrong = actions.flatMap((action) => {
    const undone = did.indexOf(action.replace('action', 'compensate'));
    return undone < did.indexOf(action) ? [`failed: ${action} was not undone after it: [${did.join(', ')}]`] : [];
  });
  if (did.length !== actions.length * 2) wrong.push(`failed: did [${did.join(', ')}]`);
  return wrong;
}

/** Forward along every edge; back along every edge turned round. */
function auditOrder({ steps, concurrent, orders }: SagaScenario, did: readonly string[]): string[] {
  const wrong: string[] = [];
  const check = (first: string, second: string) => {
    const [one, two] = [did.indexOf(first), did.indexOf(second)];
    if (two >= 0 && one > two) wrong.push(`${second} came before ${first}: [${did.join(', ')}]`);
  };
  for (const [before, after] of edges(steps.length, concurrent, orders)) {
    const needed = `action ${branchName(before)}`;
    if (did.includes(`action ${branchName(after)}`) && !did.includes(needed)) {
      wrong.push(`action ${branchName(after)} without ${needed}: [${did.join(', ')}]`);
    }
    check(needed, `action ${branchName(after)}`);
    check(`compensate ${branchName(after)}`, `compensate ${branchName(before)}`);
  }
  return wrong;
}

function edges(count: number, concurrent: boolean, orders: SagaScenario['orders']): [number, number][] {
  const serial = Array.from({ length: count - 1 }, (_, index): [number, number] => [index, index + 1]);
  const ordered = Object.entries(orders).flatMap(([after, befores]) =>
    befores.map((before): [number, number] => [before, Number(after)]),
  );
  return concurrent ? ordered : [...serial, ...ordered];
}

function branchName(index: number): string {
  return String(index + 1).padStart(2, '0');
}
