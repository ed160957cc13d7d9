import type { Behaviour } from './participant.ts';
import type { Random } from './random.ts';

export interface StepPlan {
  readonly action: Behaviour;
  readonly compensate: Behaviour;
}

export interface SagaScenario {
  readonly kind: 'saga';
  readonly gid: string;
  readonly steps: readonly StepPlan[];
  readonly concurrent: boolean;
  /** Step index to the indexes that must have succeeded before it. */
  readonly orders: Readonly<Record<number, readonly number[]>>;
  readonly waitResult: boolean;
  readonly timeoutSeconds: number;
  readonly retryLimit: number;
  readonly end: 'succeed' | 'failed';
}

export interface MessageScenario {
  readonly kind: 'msg';
  readonly gid: string;
  /** What the sender does: only submits; or prepares and then commits or rolls back, and says so or leaves. */
  readonly plan: 'submit-only' | 'commit' | 'commit-and-leave' | 'rollback' | 'rollback-and-leave';
  readonly steps: readonly Behaviour[];
  readonly query: Behaviour;
  readonly concurrent: boolean;
}

export interface TccScenario {
  readonly kind: 'tcc';
  readonly gid: string;
  readonly plan: 'submit' | 'abort' | 'leave';
  readonly branches: readonly { readonly delta: number; readonly confirm: Behaviour; readonly cancel: Behaviour }[];
}

export interface XaScenario {
  readonly kind: 'xa';
  readonly gid: string;
  readonly plan: 'submit' | 'abort' | 'leave';
  readonly branches: readonly Behaviour[];
}

export interface WorkflowScenario {
  readonly kind: 'workflow';
  readonly gid: string;
  readonly deltas: readonly number[];
  /** The index of the step that fails, so that those before it are undone; undefined: none. */
  readonly failing: number | undefined;
  /** The client leaves before this step: its callback goes on. */
  readonly leavesBefore: number | undefined;
}

export type Scenario = SagaScenario | MessageScenario | TccScenario | XaScenario | WorkflowScenario;

/** What clients may ask for, with services that are slow, busy, broken for a while, or refuse; some of each. */
export function randomScenario(random: Random, gid: string): Scenario {
  const kind = random.weighted([
    [5, 'saga'],
    [3, 'msg'],
    [3, 'tcc'],
    [2, 'xa'],
    [2, 'workflow'],
  ] as const);
  switch (kind) {
    case 'saga':
      return randomSaga(random, gid);
    case 'msg':
      return randomMessage(random, gid);
    case 'tcc':
      return randomTcc(random, gid);
    case 'xa':
      return randomXa(random, gid);
    case 'workflow':
      return randomWorkflow(random, gid);
    default:
      return kind satisfies never;
  }
}

function randomSaga(random: Random, gid: string): SagaScenario {
  const deltas = zeroSum(random, random.whole(1, 5));
  const trouble = random.weighted([
    [60, 'none'],
    [30, 'refused'],
    [5, 'times-out'],
    [5, 'retry-limit'],
  ] as const);
  const troubled = random.whole(0, deltas.length - 1);
  const steps = deltas.map((delta, index): StepPlan => {
    const action = { ...mood(random), ...body(random), delta };
    const compensate = { ...mood(random), delta };
    const withBody = action.body === undefined ? compensate : { ...compensate, body: action.body };
    return { action: index === troubled ? { ...action, ...troubles[trouble] } : action, compensate: withBody };
  });
  const concurrent = random.chance(0.4);
  return {
    kind: 'saga',
    gid,
    steps,
    concurrent,
    orders: random.chance(0.5) ? randomOrders(random, steps.length) : {},
    waitResult: random.chance(0.2),
    timeoutSeconds: trouble === 'times-out' ? 1 : 0,
    retryLimit: trouble === 'retry-limit' ? random.whole(1, 2) : 0,
    end: trouble === 'none' ? 'succeed' : 'failed',
  };
}

const troubles = {
  none: {},
  refused: { fail: true },
  'times-out': { ongoing: 1_000_000 },
  'retry-limit': { errors: 1_000_000 },
} as const;

function randomMessage(random: Random, gid: string): MessageScenario {
  const plan = random.weighted([
    [2, 'submit-only'],
    [3, 'commit'],
    [2, 'commit-and-leave'],
    [1, 'rollback'],
    [1, 'rollback-and-leave'],
  ] as const);
  const count = random.whole(1, 3);
  // With a local transaction the money comes from there.
  const deltas =
    plan === 'submit-only' ? zeroSum(random, count) : Array.from({ length: count }, () => random.whole(1, 100));
  return {
    kind: 'msg',
    gid,
    plan,
    steps: deltas.map((delta) => ({ ...mood(random), ...body(random), delta })),
    query: mood(random),
    concurrent: random.chance(0.5),
  };
}

function randomTcc(random: Random, gid: string): TccScenario {
  const withBody = body(random);
  return {
    kind: 'tcc',
    gid,
    plan: randomEnd(random),
    branches: zeroSum(random, random.whole(1, 4)).map((delta) => ({
      delta,
      confirm: { ...mood(random), ...withBody, delta },
      cancel: { ...mood(random), ...withBody, delta },
    })),
  };
}

/** Phase 2 has no body. */
function randomXa(random: Random, gid: string): XaScenario {
  const branches = zeroSum(random, random.whole(1, 4)).map((delta) => ({ ...mood(random), delta }));
  return { kind: 'xa', gid, plan: randomEnd(random), branches };
}

function randomWorkflow(random: Random, gid: string): WorkflowScenario {
  const deltas = zeroSum(random, random.whole(1, 4));
  const failing = random.chance(0.3) ? random.whole(0, deltas.length - 1) : undefined;
  const leavesBefore = random.chance(0.4) ? random.whole(0, deltas.length - 1) : undefined;
  return { kind: 'workflow', gid, deltas, failing, leavesBefore };
}

function randomEnd(random: Random): 'submit' | 'abort' | 'leave' {
  return random.weighted([
    [5, 'submit'],
    [3, 'abort'],
    [2, 'leave'],
  ] as const);
}

/** Mostly well; now and then slow, busy for one call, or broken for one or two. */
function mood(random: Random): Behaviour {
  const slow = random.chance(0.5) ? { slowMs: random.whole(1, 40) } : {};
  const roll = random.next();
  if (roll < 0.06) return { ...slow, ongoing: 1 };
  if (roll < 0.12) return { ...slow, errors: random.whole(1, 2) };
  return slow;
}

function body(random: Random): Behaviour {
  return random.chance(0.7) ? { body: JSON.stringify({ amount: random.whole(1, 1000), text: 'Straße & <b>' }) } : {};
}

function zeroSum(random: Random, count: number): number[] {
  const deltas = Array.from({ length: count - 1 }, () => random.whole(-100, 100));
  return [...deltas, -deltas.reduce((sum, delta) => sum + delta, 0)];
}

/** Edges from earlier steps to later ones, so that there is no cycle. */
function randomOrders(random: Random, count: number): Record<number, number[]> {
  const orders: Record<number, number[]> = {};
  for (let step = 1; step < count; step += 1) {
    const before = Array.from({ length: step }, (_, index) => index).filter(() => random.chance(0.4));
    if (before.length > 0) orders[step] = before;
  }
  return orders;
}
