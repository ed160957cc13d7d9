/** The rows of docs/compatibility.md that concern messages, as far as they can be stated without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleAbort, rulePrepare, ruleSubmit } from './index.ts';
import { defaults, error, failure, message, ongoing, success } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

test('53: the query says ONGOING: stays prepared, asked again after the interval', () => {
  const driver = Driver.prepare(message(2), { query: [ongoing, ongoing] });
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.calls, driver.dueInS], ['prepared', ['query'], 10]);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.dueInS], ['prepared', 10]);
});

test('the query cannot be reached: asked again by back-off, never sent nor failed', () => {
  const driver = Driver.prepare(message(2), { query: [error(), error(), error()] });
  for (const seconds of [20, 40, 80]) {
    assert.ok(driver.cron());
    assert.deepEqual([driver.status, driver.dueInS], ['prepared', seconds]);
  }
});

test('54: the query says SUCCESS: submitted, and sent', () => {
  const driver = Driver.prepare(message(2), { query: [success], '01 action': [ongoing] });
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states], ['submitted', 'PP']);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states], ['succeed', 'SS']);
  assert.deepEqual(driver.calls, ['query', '01 action', '01 action', '02 action']);
});

test('55: the query says FAILURE: failed, nothing sent', () => {
  const driver = Driver.prepare(message(2), { query: [failure('rolled back FAILURE')] });
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states, driver.calls], ['failed', 'PP', ['query']]);
  assert.match(driver.reason, /rolled back FAILURE$/);
});

test('56: before its time-out a prepared message is not looked at', () => {
  const driver = Driver.prepare(message(2));
  assert.equal(driver.cron(34.999), false);
  assert.deepEqual([driver.status, driver.calls, driver.rules], ['prepared', [], ['prepared-waits']]);
  assert.ok(driver.cron(35));
  assert.equal(driver.status, 'succeed');
});

test('57: timeout_to_fail 120', () => {
  const driver = Driver.prepare(message(2, { options: { timeoutToFailMs: 120_000 } }));
  assert.equal(driver.cron(60), false);
  assert.ok(driver.cron(180));
  assert.equal(driver.status, 'succeed');
});

test('58: prepared, prepare again: fine', () => {
  const driver = Driver.prepare(message(2));
  assert.equal(driver.ask(rulePrepare(driver.transaction, 'msg')), 'nothing');
});

test('59: submitted, prepare: refused', () => {
  const driver = Driver.submit(message(2), { '01 action': [ongoing] });
  assert.equal(
    String(driver.ask(rulePrepare(driver.transaction, 'msg'))),
    "HoldfastError: current status 'submitted', cannot prepare. FAILURE",
  );
});

test('61: a delay of 10 s counts from the submit; the interval stays', () => {
  const driver = Driver.submit(message(1, { customData: { delay: 10 } }));
  assert.deepEqual([driver.status, driver.calls, driver.rules], ['submitted', [], ['delay']]);
  assert.equal(driver.cron(0), false);
  assert.equal(driver.cron(8), false);
  assert.equal(driver.intervalS, 10);
  assert.ok(driver.cron(12));
  assert.equal(driver.status, 'succeed');
});

test('a delay brought by the submit counts from there, not from the prepare', () => {
  const driver = Driver.prepare(message(1));
  driver.nowMs += 30_000;
  driver.ask(ruleSubmit(driver.transaction, message(1, { customData: { Delay: 60 } }), defaults, driver.nowMs));
  assert.deepEqual([driver.status, driver.calls, driver.dueInS], ['submitted', [], 60]);
  assert.equal(driver.cron(89), false);
  assert.ok(driver.cron(90));
  assert.equal(driver.status, 'succeed');
});

test('64: a concurrent message calls all branches at once', () => {
  const driver = Driver.submit(message(2, { options: { concurrent: true } }));
  assert.deepEqual([driver.status, driver.states, driver.mostInFlight], ['succeed', 'SS', 2]);
});

test('not concurrent: one after the other, and the run ends at the first that does not succeed', () => {
  const driver = Driver.submit(message(3), { '02 action': [error()] });
  assert.deepEqual([driver.calls, driver.mostInFlight], [['01 action', '02 action'], 1]);
  assert.ok(driver.cron());
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 action', '03 action']);
});

test('65: abort a prepared one; abort and submit again are refused', () => {
  const driver = Driver.prepare(message(2));
  const abort = () => driver.ask(ruleAbort(driver.transaction, 'msg', 'no order', driver.nowMs));
  assert.equal(abort(), 'changed');
  assert.deepEqual([driver.status, driver.reason, driver.calls], ['failed', 'no order', []]);
  assert.equal(String(abort()), "HoldfastError: trans type: 'msg' current status 'failed', cannot abort. FAILURE");
  assert.equal(
    String(driver.ask(ruleSubmit(driver.transaction, message(2), defaults, driver.nowMs))),
    "HoldfastError: current status 'failed', cannot sumbmit. FAILURE",
  );
});

test('a branch that answers FAILURE never fails a message: retried, and an incident until it succeeds', () => {
  const driver = Driver.submit(message(2), { '01 action': [failure(), failure()] });
  for (const seconds of [20, 40]) {
    assert.deepEqual([driver.status, driver.dueInS], ['submitted', seconds]);
    assert.equal(driver.transaction.progress.incident, 'failure-retried: action of branch 01');
    assert.ok(driver.cron());
  }
  assert.deepEqual([driver.status, driver.transaction.progress.incident, driver.reason], ['succeed', '', '']);
});

test('several that answer FAILURE are one incident, in whatever order their answers come', () => {
  const out = { '01 action': ['out' as const], '02 action': ['out' as const] };
  const driver = Driver.submit(message(2, { options: { concurrent: true } }), out);
  const incidentAfter = (...operations: number[]) => {
    for (const operation of operations) driver.answer(operation, failure());
    return driver.transaction.progress.incident;
  };
  const incident = 'failure-retried: action of branch 01';
  assert.equal(incidentAfter(0, 1), incident);
  driver.apply({ kind: 'due', atMs: driver.nowMs });
  assert.equal(incidentAfter(1, 0), incident);
  assert.equal(incidentAfter(1), incident);
  driver.answer(0, success);
  assert.equal(driver.transaction.progress.incident, '');
  assert.equal(incidentAfter(1), 'failure-retried: action of branch 02');
});

test('prepared past its time and nobody to ask: an incident, neither sent nor failed; a human still can', () => {
  const definition = message(2, { queryPrepared: '' });
  const driver = Driver.prepare(definition);
  assert.ok(driver.cron());
  for (let looks = 0; looks < 3; looks += 1) {
    assert.deepEqual([driver.status, driver.calls], ['prepared', []]);
    assert.equal(driver.durable.progress.incident, 'prepared-needs-human');
    assert.ok(driver.durable.progress.dueMs > driver.nowMs);
    assert.ok(driver.cron());
  }
  driver.ask(ruleSubmit(driver.transaction, definition, defaults, driver.nowMs));
  assert.deepEqual([driver.status, driver.transaction.progress.incident], ['succeed', '']);
});

test('submitted while the query is out: its answer comes too late and changes nothing', () => {
  const driver = Driver.prepare(message(1), { query: ['out'], '01 action': ['out'] });
  assert.ok(driver.cron());
  driver.ask(ruleSubmit(driver.transaction, message(1), defaults, driver.nowMs));
  assert.deepEqual(driver.calls, ['query', '01 action']);
  driver.answer(-1, failure());
  driver.run();
  assert.deepEqual([driver.status, driver.reason], ['submitted', '']);
  driver.answer(0, success);
  driver.run();
  assert.equal(driver.status, 'succeed');
});

test('62: the third run in a row that ends with an error is an incident; a success ends it', () => {
  const driver = Driver.submit(message(2), { '01 action': [error(), error(), ongoing, error(), error()] });
  const seen: [number, string][] = [];
  do seen.push([driver.durable.progress.errorRuns ?? 0, driver.durable.progress.incident]);
  while (driver.cron());
  const incident = 'failing: action of branch 01';
  assert.deepEqual(seen.slice(0, 5), [
    [1, ''],
    [2, ''],
    [2, ''],
    [3, incident],
    [4, incident],
  ]);
  assert.deepEqual([driver.status, driver.durable.progress.incident], ['succeed', '']);
});
