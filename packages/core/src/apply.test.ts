import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from './fact.ts';
import { apply, createTransaction, decide, type Fact, ruleSubmit, type Transaction } from './index.ts';
import {
  createdMs,
  defaults,
  error,
  failure,
  message,
  ongoing,
  registered,
  saga,
  success,
  tcc,
  workflow,
} from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

const concurrent = { customData: { concurrent: true } };

function after(transaction: Transaction, ...facts: readonly Fact[]): Transaction {
  return facts.reduce(apply, transaction);
}

const called = (operation: number): Fact => ({ kind: 'called', operation });
const answered = (operation: number, outcome: Outcome, atMs = createdMs, jitter = 0): Fact => ({
  kind: 'answered',
  operation,
  outcome,
  atMs,
  durationMs: 5,
  jitter,
});
const aborting: Fact = { kind: 'moved', to: 'aborting', reason: 'because', atMs: createdMs };
const crashed: Fact = { kind: 'loaded', handedBack: false, atMs: createdMs };
const handedBack: Fact = { kind: 'loaded', handedBack: true, atMs: createdMs };
const submitted = (steps: number, asked = {}) => createTransaction(saga(steps, asked), 'submitted', defaults);

test('an action may have run from the call on, through error and ONGOING, until its own SUCCESS or FAILURE', () => {
  const out = after(submitted(1), called(1));
  assert.equal(out.progress.operations, 'pm');
  assert.equal(after(out, answered(1, error())).progress.operations, 'pm');
  assert.equal(after(out, answered(1, ongoing)).progress.operations, 'pm');
  assert.equal(after(out, answered(1, success)).progress.operations, 'ps');
  assert.equal(after(out, answered(1, failure())).progress.operations, 'pf');
  assert.equal(after(submitted(1), answered(1, error())).progress.operations, 'pm');
});

test('B3: a settled action stays settled, whatever else comes of it', () => {
  for (const [first, state] of [
    [success, 's'],
    [failure(), 'f'],
  ] as const) {
    for (const second of [success, failure(), ongoing, error()]) {
      assert.equal(after(submitted(1), answered(1, first), answered(1, second)).progress.operations, `p${state}`);
    }
  }
});

test('B3: loaded after a crash: every undecided action may have run, but for those behind a durable FAILURE', () => {
  assert.equal(after(submitted(3), crashed).progress.operations, 'pmpmpm');
  assert.equal(after(submitted(3), called(1), answered(1, success), crashed).progress.operations, 'pspmpm');
  const graph = { customData: { concurrent: true, orders: { 1: [0], 2: [1] } } };
  const failed = after(submitted(4, graph), called(1), answered(1, failure()));
  assert.equal(after(failed, crashed).progress.operations, 'pfpppppm');
});

test('loaded after a hand-back, or in aborting, nothing is assumed', () => {
  assert.equal(after(submitted(3), handedBack).progress.operations, 'pppppp');
  assert.equal(after(submitted(3), called(1), aborting, crashed).progress.operations, 'pmpppp');
  const msg = createTransaction(message(2), 'submitted', defaults);
  assert.equal(after(msg, crashed).progress.operations, 'pp');
});

test('Q27: in aborting, late answers and calls that were never sent change nothing about what is compensated', () => {
  const decided = after(submitted(3, concurrent), called(1), called(3), aborting);
  assert.equal(decided.progress.operations, 'pmpmpp');
  for (const fact of [
    called(5),
    answered(5, success),
    answered(1, success),
    answered(3, failure()),
    answered(3, error()),
  ]) {
    const late = after(decided, fact);
    assert.equal(late.progress.operations, 'pmpmpp');
    assert.deepEqual([late.progress.reason, late.progress.dueMs], ['because', decided.progress.dueMs]);
  }
  assert.equal(after(decided, answered(1, success)).progress.attemptCount, 1);
});

test('Q27: no action is retried once aborting', () => {
  const limited = submitted(2, { ...concurrent, options: { retryLimit: 5 } });
  const decided = after(limited, called(1), called(3), answered(1, failure()), aborting);
  const late = after(decided, answered(3, error()));
  assert.deepEqual(late.progress.retries, {});
  assert.deepEqual(decide(late, new Set(), createdMs + 200), {
    kind: 'call',
    operations: [2, 0],
    rule: 'backward',
  });
});

test('a branch whose action is out is compensated only after that call answered', () => {
  const decided = after(submitted(2, concurrent), called(1), called(3), answered(1, failure()), aborting);
  const first = decide(decided, new Set([3]), createdMs);
  assert.deepEqual(first, { kind: 'call', operations: [0], rule: 'backward' });
  assert.equal(decide(after(decided, answered(0, success)), new Set([3]), createdMs).rule, 'in-flight');
  const last = decide(after(decided, answered(0, success), answered(3, success)), new Set(), createdMs);
  assert.deepEqual(last, { kind: 'call', operations: [2], rule: 'backward' });
});

test('mirror order also through a step that never ran', () => {
  // 1 before 2 before 3; the middle one is outside the set, as a crash of two steps' marks could leave it.
  const transaction = submitted(3);
  const progress = { ...transaction.progress, operations: 'pspppm' };
  const decided = after({ ...transaction, progress }, aborting);
  assert.deepEqual(decide(decided, new Set(), createdMs), { kind: 'call', operations: [4], rule: 'backward' });
  const next = after(decided, answered(4, success));
  assert.deepEqual(decide(next, new Set(), createdMs), { kind: 'call', operations: [0], rule: 'backward' });
  assert.deepEqual(decide(after(next, answered(0, success)), new Set(), createdMs).kind, 'move');
});

test('Q27: one doubling a run, however many branches fail; the latest due time counts', () => {
  const three = after(submitted(3, concurrent), called(1), called(3), called(5));
  const failedTwice = after(three, answered(1, error()), answered(3, error(30_000), createdMs + 1000));
  assert.deepEqual([failedTwice.progress.intervalMs, failedTwice.progress.dueMs - createdMs], [20_000, 31_000]);
  const andOngoing = after(failedTwice, answered(5, ongoing, createdMs + 2000));
  assert.deepEqual([andOngoing.progress.intervalMs, andOngoing.progress.dueMs - createdMs], [20_000, 31_000]);
  const nextRun = after(andOngoing, { kind: 'due', atMs: createdMs + 31_000 });
  assert.equal(after(nextRun, answered(1, error(), createdMs + 31_000)).progress.intervalMs, 40_000);
});

test('a success starts the interval anew, but not in a run in which a branch failed', () => {
  const backedOff = after(submitted(2, concurrent), answered(1, error()));
  assert.equal(after(backedOff, answered(3, success)).progress.intervalMs, 20_000);
  const nextRun = after(backedOff, { kind: 'due', atMs: createdMs });
  assert.equal(after(nextRun, answered(1, success)).progress.intervalMs, 10_000);
});

test('jitter makes only errors later', () => {
  const dueIn = (outcome: Outcome) =>
    after(submitted(1), answered(1, outcome, createdMs, 1)).progress.dueMs - createdMs;
  assert.deepEqual([dueIn(error()), dueIn(ongoing)], [22_000, 10_000]);
});

test('no due time lies past the time-out, whatever makes it', () => {
  const asked = { options: { timeoutToFailMs: 15_000, retryIntervalMs: 60_000 } };
  const created = submitted(2, asked);
  const untilMs = createdMs + 15_000;
  const blocked: Fact = { kind: 'blocked', operation: 1, untilMs: createdMs + 900_000, atMs: createdMs };
  for (const facts of [[], [answered(1, error())], [answered(1, ongoing)], [blocked]]) {
    assert.equal(after(created, ...facts).progress.dueMs, untilMs);
  }
  const prepared = createTransaction(saga(1, asked), 'prepared', defaults);
  assert.equal(prepared.progress.dueMs, untilMs);
  const later = after(prepared, { kind: 'submitted', atMs: createdMs + 9000 });
  assert.equal(later.progress.dueMs, createdMs + 9000 + 15_000);
});

test('Q28: a refused call uses nothing up, unless retry_limit counts', () => {
  const blocked: Fact = { kind: 'blocked', operation: 1, untilMs: createdMs + 3000, atMs: createdMs };
  const waiting = after(submitted(1), blocked).progress;
  assert.deepEqual([waiting.dueMs - createdMs, waiting.intervalMs, waiting.operations], [3000, 10_000, 'pp']);
  assert.deepEqual([waiting.retries, waiting.attemptCount], [{}, 0]);
  const limited = after(submitted(1, { options: { retryLimit: 1 } }), blocked, blocked);
  assert.deepEqual(limited.progress.retries, { 1: 2 });
  assert.equal(decide(limited, new Set(), createdMs).rule, 'retry-limit');
  assert.equal(after(limited, aborting).progress.operations, 'pp');
});

test('Q28: ONGOING is not counted against retry_limit, and counters are per branch', () => {
  const limited = after(submitted(2, { ...concurrent, options: { retryLimit: 1 } }), called(1), called(3));
  const asked = after(limited, answered(1, ongoing), answered(1, error()), answered(3, error()));
  assert.deepEqual(asked.progress.retries, { 1: 1, 3: 1 });
});

test('Q28: retries counted before a crash count after it', () => {
  const driver = Driver.submit(saga(1, { options: { retryLimit: 2 } }), {
    '01 action': [error(), error(), ongoing, error()],
  });
  assert.deepEqual(driver.durable.progress.retries, { 1: 2 });
  driver.restart();
  assert.deepEqual([driver.status, driver.calls.filter((call) => call === '01 action').length], ['failed', 4]);
});

test('a time-out counts for nothing once all actions succeeded; a FAILURE comes before it', () => {
  const late = createdMs + 60_000;
  const asked = { options: { timeoutToFailMs: 7000 } };
  assert.equal(decide(after(submitted(1, asked), answered(1, success)), new Set(), late).rule, 'all-succeeded');
  assert.equal(decide(after(submitted(1, asked), answered(1, failure())), new Set(), late).rule, 'action-failed');
  assert.equal(decide(submitted(1, asked), new Set([1]), late).rule, 'saga-timeout');
});

test('a move that is not legal changes nothing: the same transaction comes back', () => {
  const transaction = submitted(1);
  for (const to of ['prepared', 'submitted', 'failed'] as const) {
    assert.equal(apply(transaction, { kind: 'moved', to, reason: '', atMs: createdMs }), transaction);
  }
  assert.equal(apply(transaction, { kind: 'abort-asked', reason: '', atMs: createdMs }), transaction);
  assert.equal(apply(transaction, { kind: 'submitted', atMs: createdMs }), transaction);
});

test('a stop ends it at any moment, with what it was about', () => {
  const stopped: Fact = { kind: 'stopped', atMs: createdMs + 1 };
  for (const facts of [[], [called(1)], [answered(1, failure('no FAILURE'))], [called(1), aborting]]) {
    const { progress } = after(submitted(2), ...facts, stopped);
    assert.deepEqual([progress.status, progress.finishedMs, progress.incident], ['failed', createdMs + 1, '']);
  }
});

test('Q24: a long FAILURE is cut in the reason', () => {
  const { progress } = after(submitted(1), answered(1, failure(`${'€'.repeat(20_000)} FAILURE`)));
  assert.ok(Buffer.byteLength(progress.reason) <= 8192);
  assert.ok(progress.reason.startsWith('url:http://svc/01/action return failed: €'));
});

test('what the query URL said is forgotten by a submit that comes before its move', () => {
  const prepared = createTransaction(message(1), 'prepared', defaults);
  const asked = after(prepared, answered(-1, failure()));
  assert.equal(decide(asked, new Set(), createdMs).rule, 'query-said-failure');
  const ruling = ruleSubmit(asked, message(1), defaults, createdMs);
  assert.ok(ruling !== 'nothing' && !(ruling instanceof Error));
  const { progress } = after(asked, ruling);
  assert.deepEqual([progress.status, progress.reason], ['submitted', '']);
});

test('a front that was swapped out from under it is derived anew', () => {
  const ahead = after(submitted(2), answered(1, success));
  const swapped = { ...ahead, progress: submitted(2).progress };
  assert.deepEqual(decide(swapped, new Set(), createdMs), { kind: 'call', operations: [1], rule: 'forward' });
});

test('what comes for a workflow changes nothing else', () => {
  const running = submitted(1);
  assert.equal(apply(running, { kind: 'alive', atMs: createdMs + 1 }), running);
  assert.equal(apply(running, { kind: 'ended', to: 'succeed', reason: '', result: 'r', atMs: createdMs }), running);
  const woken = apply(running, { kind: 'due', atMs: createdMs + 1 });
  assert.equal(woken.progress.dueMs, running.progress.dueMs);
});

test('a workflow that is woken is due now, never later than it was', () => {
  const asleep = createTransaction(workflow(), 'prepared', defaults);
  const atMs = asleep.progress.dueMs - 1000;
  const woken = apply(asleep, { kind: 'due', atMs });
  assert.equal(woken.progress.dueMs, atMs);
  assert.equal(apply(woken, { kind: 'due', atMs: atMs + 500 }).progress.dueMs, atMs);
});

test('a workflow ends with its result, and keeps the one it has where it brings none', () => {
  const asleep = createTransaction(workflow(), 'prepared', defaults);
  const { progress } = apply(asleep, { kind: 'ended', to: 'succeed', reason: '', result: 'r', atMs: createdMs });
  assert.deepEqual([progress.status, progress.result], ['succeed', 'r']);
  const silent = apply(asleep, { kind: 'ended', to: 'failed', reason: 'why', result: '', atMs: createdMs }).progress;
  assert.deepEqual([silent.status, silent.reason, 'result' in silent], ['failed', 'why', false]);
});

test('when it was submitted and why it failed stay known to its end', () => {
  const sent = apply(createTransaction(saga(1), 'prepared', defaults), { kind: 'submitted', atMs: createdMs + 5 });
  const back = apply(sent, { kind: 'moved', to: 'aborting', reason: 'because', atMs: createdMs + 50 });
  assert.deepEqual(
    [back.progress.submittedMs, back.progress.reason, back.progress.finishedMs],
    [createdMs + 5, 'because', 0],
  );
  const ended = apply(back, { kind: 'moved', to: 'failed', reason: '', atMs: createdMs + 60 }).progress;
  assert.deepEqual([ended.submittedMs, ended.reason, ended.finishedMs], [createdMs + 5, 'because', createdMs + 60]);
});

test('a call is recorded from when it went out', () => {
  const [attempt] = after(submitted(1), answered(1, error(), createdMs + 100)).progress.attempts;
  assert.deepEqual([attempt?.atMs, attempt?.durationMs], [createdMs + 95, 5]);
});

test('a call that cannot go out is due again after now, though its slot was said to be free before', () => {
  const blocked: Fact = { kind: 'blocked', operation: 1, atMs: createdMs + 100, untilMs: createdMs };
  assert.equal(after(submitted(1), blocked).progress.dueMs, createdMs + 101);
});

test('of a settled or unknown operation a refused call changes nothing', () => {
  const blocked = (operation: number): Fact => ({
    kind: 'blocked',
    operation,
    atMs: createdMs,
    untilMs: createdMs + 1,
  });
  const done = after(submitted(2), answered(1, success));
  for (const operation of [1, 0, 4, -1, 0.5]) assert.equal(apply(done, blocked(operation)), done, String(operation));
});

test('only an action may have run: a compensation that errs is still to be called', () => {
  const back = after(submitted(1), called(1), answered(1, failure()), aborting, called(0), answered(0, error()));
  assert.equal(back.progress.operations, 'pf');
  assert.equal(after(back, answered(0, failure())).progress.operations, 'pf');
});

test('the failure of a compensation is an incident, and retry_limit does not end it', () => {
  const limited = submitted(1, { options: { retryLimit: 1 } });
  const back = after(limited, called(1), answered(1, failure()), aborting);
  const failing = after(back, answered(0, error()), answered(0, error()), answered(0, failure()));
  assert.deepEqual([failing.progress.status, failing.progress.retries], ['aborting', {}]);
  assert.equal(failing.progress.incident, 'failure-retried: compensate of branch 01');
  assert.equal(after(failing, answered(0, success)).progress.incident, '');
});

test('the first failure is the reason, whatever fails after it', () => {
  const two = after(
    submitted(2, concurrent),
    called(1),
    called(3),
    answered(3, failure('no room')),
    answered(1, failure('no money')),
  );
  assert.equal(two.progress.reason, 'url:http://svc/02/action return failed: no room');
});

test('errors of runs in a row are counted until one succeeds, and are an incident from the third on', () => {
  let failing = submitted(1);
  const incidents: string[] = [];
  for (let run = 0; run < 4; run += 1) {
    failing = after(failing, { kind: 'due', atMs: createdMs }, called(1), answered(1, error()));
    incidents.push(failing.progress.incident);
  }
  const named = 'failing: action of branch 01';
  assert.deepEqual(incidents, ['', '', named, named]);
  const better = after(failing, { kind: 'due', atMs: createdMs }, called(1), answered(1, success)).progress;
  assert.deepEqual([better.errorRuns, better.incident], [0, '']);
});

test('retry_limit is for actions of a saga: what was decided is told without an end', () => {
  const prepared = createTransaction(tcc({ options: { retryLimit: 1 } }), 'prepared', defaults);
  const confirming = apply({ ...prepared, branches: registered('01') }, { kind: 'submitted', atMs: createdMs });
  const failing = after(confirming, answered(1, error()), answered(1, error()), answered(1, error()));
  assert.deepEqual([failing.progress.retries, failing.progress.status], [{}, 'submitted']);
  assert.ok(failing.progress.dueMs > createdMs, 'it is called again when it is due, not within the run');
});
