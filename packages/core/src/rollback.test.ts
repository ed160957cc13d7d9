import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError, ruleRollback, ruleStop, rules, untoldOperations } from './index.ts';
import {
  error,
  failure,
  message,
  ongoing,
  registered,
  saga,
  success,
  tcc,
  workflow,
  xa,
} from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

const plain = { reason: '', doNotWait: false };

function rollBack(driver: Driver, asked: Partial<typeof plain> = {}) {
  return driver.ask(ruleRollback(driver.transaction, { ...plain, ...asked }, driver.nowMs));
}

test('a saga that runs is turned back, for the reason that the operator gave', () => {
  const driver = Driver.submit(saga(3), { '02 action': [error()] });
  assert.equal(rollBack(driver, { reason: 'the order was withdrawn' }), 'changed');
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 compensate', '01 compensate']);
  assert.deepEqual([driver.status, driver.reason], ['failed', 'the order was withdrawn']);
  assert.ok(driver.rules.includes('rollback-asked'));
  assert.deepEqual(driver.durable.progress.operatorDecisions, [
    { kind: 'rollback', atMs: driver.nowMs, status: 'submitted', reason: 'the order was withdrawn' },
  ]);
  assert.match(rules['rollback-asked'], /^An operator asked for the rollback/);
});

test('without a reason it says that an operator asked for it', () => {
  const driver = Driver.submit(saga(1), { '01 action': [ongoing] });
  rollBack(driver);
  assert.equal(driver.reason, 'an operator asked for the rollback');
});

test('an action that is out is compensated only after its answer, which changes nothing else', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  rollBack(driver);
  assert.deepEqual([driver.status, driver.calls], ['aborting', ['01 action', '02 action']]);
  driver.answer(3, success);
  driver.run();
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 compensate', '01 compensate']);
  assert.equal(driver.transaction.progress.attempts.filter(({ operation }) => operation === 3).length, 1);
});

test('what has succeeded meanwhile, and was not durable, is rolled back all the same', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  driver.apply({ kind: 'rollback-asked', ...plain, atMs: driver.nowMs });
  driver.answer(1, success);
  driver.run();
  assert.deepEqual([driver.status, driver.calls], ['failed', ['01 action', '01 compensate']]);
});

test('do not wait: what is out is compensated 10 s after the decision, and once', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  rollBack(driver, { doNotWait: true });
  assert.deepEqual([driver.status, driver.rules.at(-1)], ['aborting', 'not-waited-for']);
  driver.nowMs += 9_999;
  driver.run();
  assert.deepEqual(driver.calls, ['01 action', '02 action']);
  driver.nowMs += 1;
  driver.run();
  assert.deepEqual(driver.calls.slice(2), ['02 compensate', '01 compensate']);
  assert.equal(driver.status, 'failed');
  driver.answer(3, failure());
  assert.equal(driver.status, 'failed');
});

test('do not wait holds over a crash: nobody knows then which calls were out', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  rollBack(driver, { doNotWait: true });
  const decidedMs = driver.nowMs;
  driver.nowMs += 5_000;
  driver.restart();
  // The driver's clock goes on by itself where nothing is out.
  assert.deepEqual([driver.status, driver.nowMs - decidedMs], ['failed', 10_000]);
  assert.ok(driver.rules.includes('not-waited-for'));
});

test('a compensation that fails is tried again though an action is out that nobody waits for', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'], '02 compensate': [error()] });
  rollBack(driver, { doNotWait: true });
  driver.nowMs += 10_000;
  driver.run();
  assert.deepEqual([driver.status, driver.rules.at(-1), driver.inFlight.size], ['aborting', 'back-off', 1]);
});

test('it can be decided later not to wait; the same again is fine', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  rollBack(driver);
  driver.nowMs += 60_000;
  assert.equal(rollBack(driver), 'nothing');
  assert.equal(rollBack(driver, { doNotWait: true }), 'changed');
  assert.equal(rollBack(driver, { doNotWait: true }), 'nothing');
  assert.deepEqual(
    driver.durable.progress.operatorDecisions?.map(({ kind, status }) => [kind, status]),
    [
      ['rollback', 'submitted'],
      ['do-not-wait', 'aborting'],
    ],
  );
  driver.nowMs += 10_000;
  driver.run();
  assert.equal(driver.status, 'failed');
});

test('refused: what has ended, what is only prepared, and what is no saga, with what to do instead', () => {
  const refusal = (driver: Driver) => {
    const ruling = rollBack(driver);
    assert.ok(ruling instanceof HoldfastError);
    return [ruling.code, ruling.message];
  };
  assert.deepEqual(refusal(Driver.submit(saga(1))), [
    'WRONG_STATUS',
    'the saga has already succeeded: it cannot be rolled back',
  ]);
  assert.match(refusal(Driver.prepare(saga(1))).join(), /^WRONG_STATUS,.*abort it instead$/);
  for (const other of [tcc(), xa(), message(1), workflow()]) {
    const [code, text] = refusal(Driver.prepare(other));
    assert.equal(code, 'INVALID_INPUT');
    assert.match(String(text), /^gid: must be the gid of a saga; .*\bstop\b/);
  }
});

/** Names of the operations that nobody was told by, after a stop. */
function untold(driver: Driver): string[] {
  assert.deepEqual(untoldOperations(driver.transaction), []);
  driver.ask(ruleStop(driver.transaction, driver.nowMs));
  assert.deepEqual(
    driver.durable.progress.operatorDecisions?.map(({ kind }) => kind),
    ['stop'],
  );
  return untoldOperations(driver.durable).map((operation) => driver.nameOf(operation));
}

test('a stop: who was not told how it ended', () => {
  const forward = Driver.submit(saga(4, { empty: ['01 compensate'] }), { '03 action': [error()] });
  assert.deepEqual(untold(forward), ['03 compensate', '02 compensate']);
  const backward = Driver.submit(saga(2), { '02 action': [failure()], '01 compensate': [error()] });
  assert.deepEqual(untold(backward), ['01 compensate']);
  assert.deepEqual(untold(Driver.prepare(workflow())), ['query']);
  assert.deepEqual(untold(Driver.prepare(saga(2))), []);
  assert.deepEqual(untold(Driver.submit(message(3), { '02 action': [error()] })), ['02 action', '03 action']);
  assert.deepEqual(untold(Driver.prepare(tcc(), {}, registered('01', '02'))), ['01 cancel', '02 cancel']);
});
