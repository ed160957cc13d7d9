import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveFront, frontOf, readyOperations } from './front.ts';
import {
  apply,
  createTransaction,
  type Definition,
  type Fact,
  type Front,
  type Outcome,
  type Transaction,
} from './index.ts';
import { lookUp } from './table.ts';
import { createdMs, defaults, failure, message, saga, success, tcc } from './testing/definitions.ts';

const diamond = { concurrent: true, orders: { 1: [0], 2: [0], 3: [1, 2] } };
const definitions: Readonly<Record<string, Definition>> = {
  serial: saga(4),
  concurrent: saga(4, { customData: { concurrent: true } }),
  'in a diamond': saga(4, { customData: diamond }),
  'a message': message(3),
};

function told(front: Front | undefined, steps: number) {
  assert.ok(front !== undefined);
  const { open, hasFailed, operations, status } = front;
  const waits = Array.from({ length: steps }, (_, step) => lookUp(front.waitsFor, step));
  return { open, hasFailed, ready: readyOperations(front), operations, status, waits };
}

/** Applied, the front is kept up: not derived anew, and the same as if it had been. */
function next(transaction: Transaction, fact: Fact): Transaction {
  const applied = apply(transaction, fact);
  const steps = applied.definition.steps.length;
  assert.equal(frontOf(applied), applied.front, 'it is current');
  assert.deepEqual(told(applied.front, steps), told(deriveFront(applied), steps));
  return applied;
}

function answered(operation: number, outcome: Outcome): Fact {
  return { kind: 'answered', operation, outcome, atMs: createdMs, durationMs: 1, jitter: 0 };
}

const lastReady = ({ front }: Transaction) => front && readyOperations(front).at(-1);

/** Does what is ready, the last first, until nothing is open or so many were done. */
function goOn(begun: Transaction, most = Number.POSITIVE_INFINITY): Transaction {
  let transaction = begun;
  for (let done = 0; done < most && (transaction.front?.open ?? 0) > 0; done += 1) {
    const operation = lastReady(transaction) ?? assert.fail('nothing is ready');
    transaction = next(next(transaction, { kind: 'called', operation }), answered(operation, success));
  }
  return transaction;
}

for (const [name, definition] of Object.entries(definitions)) {
  test(`the front of steps that are ${name} is kept up to the end`, () => {
    const ended = goOn(createTransaction(definition, 'submitted', defaults));
    assert.equal(ended.front?.open, 0);
  });
}

for (const [name, definition] of Object.entries(definitions).filter(([, { type }]) => type === 'saga')) {
  test(`the front of steps that are ${name} is kept up through a failure, and back`, () => {
    for (let done = 0; done < 4; done += 1) {
      const begun = goOn(createTransaction(definition, 'submitted', defaults), done);
      const operation = lastReady(begun) ?? assert.fail('nothing is ready');
      const failed = next(begun, answered(operation, failure()));
      assert.equal(failed.front?.hasFailed, true);
      const back = goOn(next(failed, { kind: 'moved', to: 'aborting', reason: 'because', atMs: createdMs }));
      assert.equal(back.front?.open, 0);
    }
  });
}

test('what has no steps to drive now has no front', () => {
  const prepared = createTransaction(saga(2), 'prepared', defaults);
  const branches = [{ branchId: '01', op: 'confirm', url: '', payload: '' }];
  const confirming = { ...createTransaction(tcc(), 'submitted', defaults), branches };
  assert.deepEqual([prepared.front, confirming.front, frontOf(confirming)], [undefined, undefined, undefined]);
  assert.equal(apply(confirming, answered(0, success)).front, undefined);
});

test('a front of another plan or status is derived anew', () => {
  const transaction = createTransaction(saga(2), 'submitted', defaults);
  const { plan } = createTransaction(saga(2, { customData: { concurrent: true } }), 'submitted', defaults);
  const front = frontOf({ ...transaction, plan });
  assert.deepEqual(front && readyOperations(front), [1, 3]);
  const back = { ...transaction, progress: { ...transaction.progress, status: 'aborting' as const } };
  assert.equal(frontOf(back)?.open, 0, 'nothing has run: nothing is to be compensated');
});
