import fc from 'fast-check';
import type { BranchOperation, Definition, Outcome } from '../index.ts';
import { error, failure, message, ongoing, registered, saga, success, tcc } from './definitions.ts';

/** A transaction to live through, with what the checks must know about it without asking the code under test. */
export interface Subject {
  readonly definition: Definition;
  readonly branches: readonly BranchOperation[];
  readonly startsAs: 'prepared' | 'submitted';
  /** Per step the steps before it, directly or not: the transitive closure of what was asked. */
  readonly ancestors: readonly ReadonlySet<number>[];
}

/** What happens next, from outside. `pick` chooses among what is there. */
export type Happening =
  | { readonly kind: 'answer'; readonly pick: number; readonly outcome: Outcome }
  /** A call that was not sent yet is given up by the destination. */
  | { readonly kind: 'blocked'; readonly pick: number; readonly forMs: number }
  /** From now on calls go out at once, or wait for a slot. */
  | { readonly kind: 'slots'; readonly areFree: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'pass-to-due' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'submit' }
  | { readonly kind: 'abort' }
  | { readonly kind: 'rollback'; readonly doNotWait: boolean }
  | { readonly kind: 'stop' };

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(success) },
  { weight: 1, arbitrary: fc.constant(failure('no FAILURE')) },
  { weight: 1, arbitrary: fc.constant(ongoing) },
  { weight: 2, arbitrary: fc.constantFrom(error(), error(5000), error(10_000_000)) },
);

const pick = fc.nat(20);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('answer' as const), pick, outcome }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('slots' as const), areFree: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('blocked' as const), pick, forMs: fc.nat(30_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(40_000) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'pass-to-due' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'wake' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'submit' as const }, { kind: 'abort' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const), doNotWait: fc.boolean() }) },
);

/** An operator's stop ends everything, so it is rare and comes last. */
export const happenings: fc.Arbitrary<readonly Happening[]> = fc
  .tuple(fc.array(happening, { maxLength: 60, size: 'max' }), fc.nat(7))
  .map(([all, chance]) => (chance === 0 ? [...all, { kind: 'stop' }] : all));

const options = fc.record({
  timeoutToFailMs: fc.constantFrom(0, 0, 7000, 20_000, 100_000),
  retryIntervalMs: fc.constantFrom(0, 0, 1000, 150_000, 900_000),
  retryLimit: fc.constantFrom(0, 0, 0, 1, 2),
  concurrent: fc.boolean(),
});

/** Random orders without a cycle: an edge leads from a step to one that is later in a random sequence of the steps. */
const graph = (steps: number, isSerial: boolean) => {
  const all = Array.from({ length: steps }, (_, step) => step);
  const sequence = isSerial ? fc.constant(all) : fc.shuffledSubarray(all, { minLength: steps });
  const pairs = fc.array(fc.tuple(fc.nat(steps), fc.nat(steps)), { maxLength: steps * 2 });
  return fc.tuple(sequence, pairs).map(([order, edges]) => {
    const orders: Record<number, number[]> = {};
    for (const [a, b] of edges) {
      const earlier = order[Math.min(a, b)];
      const later = order[Math.max(a, b)];
      if (earlier === undefined || later === undefined || earlier === later) continue;
      orders[later] = [...(orders[later] ?? []), earlier];
    }
    return orders;
  });
};

function closure(steps: number, orders: Readonly<Record<number, readonly number[]>>, isSerial: boolean): Set<number>[] {
  const ancestors = Array.from({ length: steps }, (_, step) => new Set(orders[step] ?? []));
  if (isSerial) for (const [step, set] of ancestors.entries()) if (step > 0) set.add(step - 1);
  for (let round = 0; round < steps; round += 1) {
    for (const set of ancestors)
      for (const step of [...set]) for (const further of ancestors[step] ?? []) set.add(further);
  }
  return ancestors;
}

const startsAs = fc.constantFrom('prepared' as const, 'submitted' as const, 'submitted' as const);

export const sagaSubject: fc.Arbitrary<Subject> = fc
  .tuple(
    fc.nat(6),
    fc.boolean(),
    options,
    startsAs,
    fc.array(fc.constantFrom('action', 'compensate'), { maxLength: 1 }),
  )
  .chain(([steps, isSerial, chosen, start, empty]) =>
    graph(steps, isSerial).map((orders) => ({
      definition: saga(steps, {
        options: chosen,
        customData: { concurrent: !isSerial, orders },
        empty: empty.map((op) => `02 ${op}`),
      }),
      branches: [],
      startsAs: start,
      ancestors: closure(steps, orders, isSerial),
    })),
  );

export const messageSubject: fc.Arbitrary<Subject> = fc
  .tuple(fc.nat(5), options, startsAs, fc.constantFrom(0, 0, 5, 60), fc.constantFrom('http://svc/query', ''))
  .map(([steps, chosen, start, delay, queryPrepared]) => ({
    definition: message(steps, { options: chosen, customData: { delay }, queryPrepared }),
    branches: [],
    startsAs: start,
    ancestors: closure(steps, {}, !chosen.concurrent),
  }));

export const tccSubject: fc.Arbitrary<Subject> = fc.tuple(fc.nat(5), options).map(([count, chosen]) => ({
  definition: tcc({ options: chosen }),
  branches: registered(...Array.from({ length: count }, (_, index) => String(index + 1))),
  startsAs: 'prepared',
  ancestors: [],
}));

export const anySubject: fc.Arbitrary<Subject> = fc.oneof(sagaSubject, sagaSubject, messageSubject, tccSubject);

/** Any text, with control characters, characters of one to four bytes, and halves of surrogate pairs. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff)), { maxLength })
    .map((points) => points.map((point) => String.fromCodePoint(point)).join(''))
    .map((text) => text.slice(0, maxLength));
