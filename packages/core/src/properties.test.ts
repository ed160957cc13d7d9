import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { apply, createTransaction, decide, type Fact, isFinal, restoreTransaction } from './index.ts';
import { anySubject, happenings, messageSubject, sagaSubject, tccSubject } from './testing/arbitrary.ts';
import { createdMs, defaults, error, failure, ongoing, success } from './testing/definitions.ts';
import { Life } from './testing/life.ts';

/** The seed is printed; `SEED=n` replays it. */
const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

function check<T>(context: TestContext, property: fc.IProperty<T>, numRuns: number): void {
  context.diagnostic(`seed ${seed}`);
  fc.assert(property, { seed, numRuns });
}

for (const [name, subject, runs] of [
  ['saga', sagaSubject, 3000],
  ['message', messageSubject, 1000],
  ['tcc', tccSubject, 1000],
] as const) {
  test(`${name}: whatever happens, every rule holds at every step, and it ends`, (context) => {
    check(
      context,
      fc.property(subject, happenings, (asked, all) => new Life(asked).through(all)),
      runs,
    );
  });
}

test('the same facts give the same life', (context) => {
  check(
    context,
    fc.property(anySubject, happenings, (subject, all) => {
      const lives = [new Life(subject), new Life(subject)].map((life) => {
        life.through(all);
        return [life.log, life.transaction.progress];
      });
      assert.deepEqual(lives[0], lives[1]);
    }),
    300,
  );
});

const operation = fc.integer({ min: -3, max: 14 });
const atMs = fc.integer({ min: createdMs, max: createdMs + 200_000 });
const anyStatus = fc.constantFrom('prepared', 'submitted', 'aborting', 'succeed', 'failed');
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ kind: fc.constant('loaded'), handedBack: fc.boolean(), atMs }),
  fc.record({ kind: fc.constant('due'), atMs }),
  fc.record({ kind: fc.constant('submitted'), atMs }),
  fc.record({ kind: fc.constant('abort-asked'), reason: fc.constantFrom('', 'asked'), atMs }),
  fc.record({ kind: fc.constant('called'), operation }),
  fc.record({
    kind: fc.constant('answered'),
    operation,
    outcome: fc.constantFrom(success, failure(), ongoing, error()),
    atMs,
    durationMs: fc.nat(5000),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('blocked'), operation, untilMs: atMs, atMs }),
  fc.record({ kind: fc.constant('moved'), to: anyStatus, reason: fc.constantFrom('', 'moved'), atMs }),
  fc.record({ kind: fc.constant('incident'), incident: fc.constantFrom('', 'human'), untilMs: atMs, atMs }),
);

test('any facts in any order: nothing throws, no operation is invented, final is final', (context) => {
  const inFlights = fc.uniqueArray(operation).map((all) => new Set(all));
  check(
    context,
    fc.property(
      anySubject,
      fc.array(anyFact, { maxLength: 40 }),
      inFlights,
      atMs,
      (subject, facts, inFlight, nowMs) => {
        const created = createTransaction(subject.definition, subject.startsAs, defaults);
        let transaction = { ...created, branches: subject.branches };
        const count = transaction.definition.steps.length * 2 + subject.branches.length;
        for (const fact of facts) {
          const next = apply(transaction, fact);
          if (isFinal(transaction.progress.status)) assert.equal(next, transaction);
          assert.match(next.progress.operations, /^[pmsf]*$/);
          assert.ok(next.progress.operations.length <= count);
          const decision = decide(next, inFlight, nowMs);
          if (decision.kind === 'call') for (const called of decision.operations) assert.ok(!inFlight.has(called));
          transaction = next;
        }
      },
    ),
    1500,
  );
});

test('what is stored decides: restored, the same front and the same next step come out', (context) => {
  check(
    context,
    fc.property(anySubject, happenings, (subject, all) => {
      const life = new Life(subject);
      life.through(all);
      const { definition, branches, progress } = life.transaction;
      const restored = restoreTransaction(definition, branches, JSON.parse(JSON.stringify(progress)), defaults);
      assert.deepEqual(decide(restored, new Set(), createdMs), decide(life.transaction, new Set(), createdMs));
    }),
    200,
  );
});
