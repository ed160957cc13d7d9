import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, createTransaction, type Definition, decide } from './index.ts';
import { createdMs, defaults, error, saga, success, tcc } from './testing/definitions.ts';

/** The calls that are out, and how many questions about single ones were asked. */
class CountedCalls extends Set<number> {
  questions = 0;

  override has(operation: number): boolean {
    this.questions += 1;
    return super.has(operation);
  }
}

/** Drives it to its end with all calls out at once, answered in turn; counts what is asked for each call. */
function questionsPerCall(definition: Definition, isFailing = false): number {
  let transaction = createTransaction(definition, 'submitted', defaults);
  const out = new CountedCalls();
  let calls = 0;
  for (;;) {
    const decision = decide(transaction, out, createdMs);
    if (decision.kind === 'call') {
      for (const operation of decision.operations) {
        out.add(operation);
        calls += 1;
        transaction = apply(transaction, { kind: 'called', operation });
      }
    } else if (decision.kind === 'move') {
      transaction = apply(transaction, { kind: 'moved', to: decision.to, reason: '', atMs: createdMs });
    } else if (decision.kind === 'wait') {
      const [operation = -1] = out;
      out.delete(operation);
      const isLast = operation === definition.steps.length * 2 - 1;
      const outcome = isFailing && isLast ? { kind: 'failure' as const, message: '' } : success;
      transaction = apply(transaction, {
        ...{ kind: 'answered', operation, outcome, atMs: createdMs, durationMs: 1, jitter: 0 },
      });
    } else break;
  }
  assert.equal(transaction.progress.status, isFailing ? 'failed' : 'succeed');
  assert.equal(calls, definition.steps.length * (isFailing ? 2 : 1));
  return out.questions / calls;
}

const concurrent = { customData: { concurrent: true } };

for (const isFailing of [false, true]) {
  test(`a step of a concurrent saga ${isFailing ? 'and its compensation cost' : 'costs'} as much among thousands as among ten`, () => {
    for (const steps of [10, 300, 3000]) {
      const questions = questionsPerCall(saga(steps, concurrent), isFailing);
      assert.ok(questions <= 4, `${questions} questions for each call of a saga of ${steps} steps`);
    }
  });
}

test('a step costs as much while another waits for its retry', () => {
  const steps = 3000;
  let transaction = createTransaction(
    saga(steps, { ...concurrent, options: { retryLimit: 3 } }),
    'submitted',
    defaults,
  );
  const out = new CountedCalls();
  let nowMs = createdMs;
  let hasFailed = false;
  for (let decision = decide(transaction, out, nowMs); decision.kind !== 'move'; ) {
    if (decision.kind === 'call') {
      for (const operation of decision.operations) {
        out.add(operation);
        transaction = apply(transaction, { kind: 'called', operation });
      }
    } else if (out.size > 0) {
      const [operation = -1] = out;
      out.delete(operation);
      const outcome = hasFailed ? success : error();
      hasFailed = true;
      transaction = apply(transaction, {
        ...{ kind: 'answered', operation, outcome, atMs: nowMs, durationMs: 1, jitter: 0 },
      });
    } else if (decision.kind === 'wait') nowMs = decision.untilMs;
    decision = decide(transaction, out, nowMs);
  }
  assert.equal(decide(transaction, out, nowMs).rule, 'all-succeeded');
  assert.ok(out.questions / steps <= 4, `${out.questions / steps} questions for each call`);
});

test('a step of a serial saga costs as much among thousands as among ten', () => {
  for (const steps of [10, 3000]) assert.ok(questionsPerCall(saga(steps)) <= 4);
});

test('the next branch of a second phase is found without going through all that were told', () => {
  let reads = 0;
  const branch = (index: number) => ({
    branchId: String(index),
    get op() {
      reads += 1;
      return index % 2 === 0 ? 'cancel' : 'confirm';
    },
    url: 'http://h/a',
    payload: '',
  });
  for (const status of ['submitted', 'aborting'] as const) {
    const branches = Array.from({ length: 4000 }, (_, index) => branch(index));
    const created = { ...createTransaction(tcc(), 'prepared', defaults), branches };
    let transaction = apply(created, { kind: 'moved', to: status, reason: '', atMs: createdMs });
    reads = 0;
    let told = 0;
    for (let next = decide(transaction, new Set(), createdMs); next.kind === 'call'; told += 1) {
      const [operation = -1] = next.operations;
      transaction = apply(transaction, {
        ...{ kind: 'answered', operation, outcome: success, atMs: createdMs, durationMs: 1, jitter: 0 },
      });
      next = decide(transaction, new Set(), createdMs);
    }
    assert.equal(told, 2000);
    assert.ok(reads / told < 20, `${reads / told} branches were looked at for each one that was told`);
  }
});
