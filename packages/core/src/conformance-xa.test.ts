/** The rows of docs/compatibility.md that concern xa, as far as they can be stated without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { branchesLeftPrepared, ruleAbort, ruleStop, ruleSubmit } from './index.ts';
import { defaults, error, failure, ongoing, registeredXa, xa } from './testing/definitions.ts';
import { Driver, type Script } from './testing/driver.ts';

const prepared = (script: Script = {}, ids = ['01', '02']) => Driver.prepare(xa(), script, registeredXa(...ids));
const submit = (driver: Driver) => driver.ask(ruleSubmit(driver.transaction, xa(), defaults, driver.nowMs));
const abort = (driver: Driver, reason = '') => driver.ask(ruleAbort(driver.transaction, 'xa', reason, driver.nowMs));

test('81: submit commits, the first branch first', () => {
  const driver = prepared();
  assert.equal(submit(driver), 'changed');
  assert.deepEqual([driver.status, driver.states], ['succeed', 'PSPS']);
  assert.deepEqual(driver.calls, ['01 commit', '02 commit']);
  assert.deepEqual(driver.statuses, ['prepared', 'submitted', 'succeed']);
});

test('82: abort rolls back what is registered', () => {
  const driver = prepared({}, ['01']);
  assert.equal(abort(driver, 'no funds'), 'changed');
  assert.deepEqual([driver.status, driver.states, driver.reason], ['failed', 'SP', 'no funds']);
  assert.deepEqual(driver.calls, ['01 rollback']);
});

test('83: without branches, past its time, it fails at once; then submit is refused', () => {
  const driver = prepared({}, []);
  assert.ok(driver.cron(300));
  assert.deepEqual([driver.status, driver.states, driver.reason], ['failed', '', 'Timeout after 35 seconds']);
  assert.match(String(submit(driver)), /current status 'failed', cannot sumbmit\. FAILURE/);
});

test('84: a commit that is ONGOING is asked again', () => {
  const driver = prepared({ '01 commit': [ongoing] }, ['01']);
  submit(driver);
  assert.deepEqual([driver.status, driver.states, driver.dueInS], ['submitted', 'PP', 10]);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states], ['succeed', 'PS']);
});

test('B23: what was decided is told until it is heard: errors and FAILURE back off', () => {
  const driver = prepared({ '01 commit': [error(), failure()] });
  submit(driver);
  assert.deepEqual([driver.status, driver.calls, driver.intervalS], ['submitted', ['01 commit'], 20]);
  driver.cron();
  assert.deepEqual(
    [driver.intervalS, driver.transaction.progress.incident],
    [40, 'failure-retried: commit of branch 01'],
  );
  driver.cron();
  assert.deepEqual([driver.status, driver.transaction.progress.incident], ['succeed', '']);
});

test('a second abort is fine; an operator ends it without a call', () => {
  const driver = prepared({ '01 rollback': [ongoing] });
  abort(driver);
  assert.equal(abort(driver), 'nothing');
  driver.ask(ruleStop(driver.transaction, driver.nowMs));
  assert.deepEqual([driver.status, driver.calls], ['failed', ['01 rollback']]);
  assert.deepEqual(branchesLeftPrepared(driver.transaction), ['01', '02']);
});

test('what has been rolled back is not left prepared', () => {
  const driver = prepared({ '02 rollback': [ongoing] });
  abort(driver);
  driver.ask(ruleStop(driver.transaction, driver.nowMs));
  assert.deepEqual([driver.status, branchesLeftPrepared(driver.transaction)], ['failed', ['02']]);
});
