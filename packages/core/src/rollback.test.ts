import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError, ruleRollback, ruleStop, rules, stateOf, untoldOperations } from './index.ts';
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

test('do not wait: what is out is cut, and compensated 10 s after the decision', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  const decidedMs = driver.nowMs;
  rollBack(driver, { doNotWait: true });
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 compensate', '01 compensate']);
  assert.deepEqual([driver.status, driver.nowMs - decidedMs], ['failed', 10_000]);
  assert.ok(driver.rules.includes('not-waited-for'));
  assert.equal(driver.transaction.progress.attempts.filter(({ operation }) => operation === 3).length, 1);
  driver.answer(3, failure());
  assert.equal(driver.status, 'failed');
});

test('do not wait: what is not out is compensated at once', () => {
  const driver = Driver.submit(saga(2), { '02 action': [error()] });
  const decidedMs = driver.nowMs;
  rollBack(driver, { doNotWait: true });
  assert.deepEqual([driver.status, driver.nowMs], ['failed', decidedMs]);
  assert.deepEqual(driver.calls.slice(2), ['02 compensate', '01 compensate']);
});

test('do not wait: after a crash nothing is out, and nothing is waited for', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  driver.apply({ kind: 'rollback-asked', reason: '', doNotWait: true, atMs: driver.nowMs });
  driver.durable = driver.transaction;
  const decidedMs = driver.nowMs;
  driver.nowMs += 5_000;
  driver.restart();
  assert.deepEqual([driver.status, driver.nowMs - decidedMs], ['failed', 5_000]);
  assert.deepEqual(driver.calls.slice(2), ['02 compensate', '01 compensate']);
});

test('a wake does not make the compensation of what was cut come sooner', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  rollBack(driver);
  driver.apply({ kind: 'rollback-asked', reason: '', doNotWait: true, atMs: driver.nowMs });
  driver.answer(1, error(), { isCut: true });
  driver.apply({ kind: 'due', atMs: driver.nowMs });
  const decidedMs = driver.nowMs;
  driver.run();
  assert.deepEqual([driver.status, driver.nowMs - decidedMs], ['failed', 10_000]);
});

test('it can be decided later not to wait; the same again is fine', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'], '01 compensate': ['out'] });
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
  assert.deepEqual(driver.calls.slice(2), ['02 compensate', '01 compensate']);
});

test('a stop ends what is out: the attempt says so, and that it may have run', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  const ruling = ruleStop(driver.transaction, driver.nowMs + 70);
  assert.ok(ruling !== 'nothing' && !(ruling instanceof HoldfastError) && ruling.kind === 'stopped');
  driver.ask({ ...ruling, cut: [{ operation: 3, sentMs: driver.nowMs }] });
  const { attempts } = driver.durable.progress;
  assert.deepEqual(attempts.at(-1), {
    ...{ operation: 3, atMs: driver.nowMs, durationMs: 70, outcome: 'error' },
    reason: 'cut: an operator stopped the transaction; it may have run',
  });
  assert.deepEqual([driver.status, stateOf(driver.durable.progress, 3)], ['failed', 'm']);
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
