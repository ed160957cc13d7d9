/** The rows of docs/compatibility.md that concern tcc, as far as they can be stated without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleAbort, rulePrepare, ruleSubmit } from './index.ts';
import { defaults, error, failure, ongoing, registered, tcc } from './testing/definitions.ts';
import { Driver, type Script } from './testing/driver.ts';

const prepared = (script: Script = {}, ids = ['01', '02']) => Driver.prepare(tcc(), script, registered(...ids));
const submit = (driver: Driver) => driver.ask(ruleSubmit(driver.transaction, tcc(), defaults, driver.nowMs));
const abort = (driver: Driver, reason = '') => driver.ask(ruleAbort(driver.transaction, 'tcc', reason, driver.nowMs));

test('70: submit confirms, the last branch first', () => {
  const driver = prepared();
  assert.equal(submit(driver), 'changed');
  assert.deepEqual([driver.status, driver.states], ['succeed', 'PSPS']);
  assert.deepEqual(driver.calls, ['02 confirm', '01 confirm']);
});

test('71: abort cancels; ONGOING is asked again; the reason is that of the request', () => {
  const driver = prepared({ '02 cancel': [ongoing] });
  abort(driver, 'user cancelled');
  assert.deepEqual([driver.status, driver.calls, driver.dueInS], ['aborting', ['02 cancel'], 10]);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states, driver.reason], ['failed', 'SPSP', 'user cancelled']);
});

test('72: past its time a prepared one is cancelled, and says after how many seconds', () => {
  const driver = prepared();
  assert.equal(driver.cron(34.9), false);
  assert.ok(driver.cron(300));
  assert.deepEqual([driver.status, driver.states, driver.reason], ['failed', 'SPSP', 'Timeout after 35 seconds']);
  assert.deepEqual(driver.statuses, ['prepared', 'aborting', 'failed']);
});

test('73, 74: after the time-out abort is refused', () => {
  const driver = prepared();
  driver.cron(300);
  assert.match(
    String(abort(driver)),
    /^HoldfastError: trans type: 'tcc' current status 'failed', cannot abort\. FAILURE$/,
  );
});

test('75: nested branches are confirmed like the others', () => {
  const driver = prepared({}, ['01', '0101', '02']);
  submit(driver);
  assert.deepEqual([driver.status, driver.states], ['succeed', 'PSPSPS']);
  assert.deepEqual(driver.calls, ['02 confirm', '0101 confirm', '01 confirm']);
});

test('76: an empty confirm URL succeeds without a call', () => {
  const branches = registered('01', '02').map((branch) => (branch.op === 'confirm' ? { ...branch, url: '' } : branch));
  const driver = Driver.prepare(tcc(), {}, branches);
  submit(driver);
  assert.deepEqual([driver.status, driver.states, driver.calls], ['succeed', 'PSPS', []]);
});

test('78: submitted, abort and prepare are refused; submit again is fine', () => {
  const driver = prepared({ '02 confirm': [ongoing] });
  submit(driver);
  assert.match(String(abort(driver)), /'submitted', cannot abort\. FAILURE$/);
  assert.match(String(driver.ask(rulePrepare(driver.transaction, 'tcc'))), /'submitted', cannot prepare\. FAILURE$/);
  assert.equal(submit(driver), 'nothing');
});

test('79: a confirm that is ONGOING leaves it submitted', () => {
  const driver = prepared({ '02 confirm': [ongoing] });
  submit(driver);
  assert.deepEqual([driver.status, driver.calls], ['submitted', ['02 confirm']]);
});

test('80: a cancel that answers FAILURE is retried: aborting, interval 20', () => {
  const driver = prepared({ '02 cancel': [failure()] });
  abort(driver);
  assert.deepEqual([driver.status, driver.intervalS, driver.dueInS], ['aborting', 20, 20]);
  assert.equal(driver.transaction.progress.incident, 'failure-retried: cancel of branch 02');
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.transaction.progress.incident], ['failed', '']);
});

test('abort again while it is cancelling: fine, and runs nothing twice', () => {
  const driver = prepared({ '02 cancel': [error()] });
  abort(driver, 'first');
  assert.equal(abort(driver, 'second'), 'nothing');
  assert.deepEqual([driver.reason, driver.calls], ['first', ['02 cancel']]);
});

test('without branches it goes straight to its end', () => {
  const submitted = prepared({}, []);
  submit(submitted);
  const aborted = prepared({}, []);
  abort(aborted);
  assert.deepEqual([submitted.status, aborted.status], ['succeed', 'failed']);
});
