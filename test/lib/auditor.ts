import type { Note } from './client.ts';
import type { Effect, Ledger } from './ledger.ts';
import type { SagaScenario } from './scenario.ts';

/** A transaction as `query` answers it. */
export interface Queried {
  readonly transaction: { readonly status: string; readonly trans_type: string } | null;
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
    if (effects.some(({ op }) => op !== 'msg' && op !== 'try')) wrong.push('is not known, but acted');
    return wrong;
  }
  const { status } = transaction;
  if (status !== 'succeed' && status !== 'failed') return [`did not end: ${status}`];
  const expected = expectedEnd(note);
  if (expected !== undefined && status !== expected) wrong.push(`ended as ${status} instead of ${expected}`);
  if (note.seenToSucceed && status !== 'succeed') wrong.push('was said to have succeeded');
  for (const branchId of note.registered) {
    const ops = branches.filter(({ branch_id }) => branch_id === branchId).map(({ op }) => op);
    if (ops.join() !== 'cancel,confirm') wrong.push(`branch ${branchId} was acknowledged and is stored as "${ops}"`);
  }
  return [...wrong, ...auditEffects(note, effects, status)].map((text) => `${text}`);
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
    case 'tcc':
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
    case 'tcc': {
      const tried = did.filter((text) => text.startsWith('try ')).map((text) => text.slice('try '.length));
      const second = status === 'succeed' ? 'confirm' : 'cancel';
      exactly(tried.flatMap((branchId) => [`try ${branchId}`, `${second} ${branchId}`]));
      break;
    }
    default:
      return scenario satisfies never;
  }
  return wrong;
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
