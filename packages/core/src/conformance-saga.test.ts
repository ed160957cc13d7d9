/** The rows of docs/compatibility.md that concern sagas, as far as they can be stated without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeHttp, operationAt, ruleAbort, rulePrepare, ruleStop, ruleSubmit } from './index.ts';
import { planOf } from './plan.ts';
import { defaults, error, failure, ongoing, saga, success } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

const concurrent = { customData: { concurrent: true } };

test('20: forceStop of a submitted saga: failed, no reason, nothing called', () => {
  const driver = Driver.submit(saga(2), { '01 action': [ongoing] });
  assert.equal(driver.ask(ruleStop(driver.transaction, driver.nowMs)), 'changed');
  assert.deepEqual([driver.status, driver.reason, driver.calls], ['failed', '', ['01 action']]);
});

test('21: forceStop of a succeeded saga is refused', () => {
  const driver = Driver.submit(saga(2));
  assert.match(String(driver.ask(ruleStop(driver.transaction, driver.nowMs))), /status: succeed\. error: FAILURE$/);
});

test('22: all actions succeed', () => {
  const driver = Driver.submit(saga(2));
  assert.deepEqual([driver.states, driver.status, driver.reason], ['PSPS', 'succeed', '']);
  assert.deepEqual(driver.calls, ['01 action', '02 action']);
});

test('23: a FAILURE compensates what ran, the failed step included, in mirror order', () => {
  const driver = Driver.submit(saga(2), { '02 action': [failure('Insufficient balance FAILURE')] });
  assert.deepEqual([driver.states, driver.status], ['SSSF', 'failed']);
  assert.equal(driver.reason, 'url:http://svc/02/action return failed: Insufficient balance FAILURE');
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 compensate', '01 compensate']);
  assert.deepEqual(driver.statuses, ['submitted', 'aborting', 'failed']);
});

test('24: ONGOING ends the run, and the next one goes on', () => {
  const driver = Driver.submit(saga(2), { '01 action': [ongoing] });
  assert.deepEqual([driver.states, driver.status, driver.dueInS], ['PPPP', 'submitted', 10]);
  assert.ok(driver.cron());
  assert.deepEqual([driver.states, driver.status], ['PSPS', 'succeed']);
});

test('25: a compensation that errors is called again when due', () => {
  const driver = Driver.submit(saga(2), { '02 action': [failure()], '01 compensate': [error()] });
  assert.equal(driver.status, 'aborting');
  assert.ok(driver.cron());
  assert.deepEqual([driver.states, driver.status], ['SSSF', 'failed']);
});

test('26, 27: submit again: fine while submitted, refused once it has ended', () => {
  const driver = Driver.submit(saga(2), { '01 action': [ongoing] });
  const again = () => driver.ask(ruleSubmit(driver.transaction, saga(2), defaults, driver.nowMs));
  assert.equal(again(), 'nothing');
  driver.apply({ kind: 'due', atMs: driver.nowMs });
  driver.run();
  assert.equal(driver.status, 'succeed');
  assert.equal(String(again()), "HoldfastError: current status 'succeed', cannot sumbmit. FAILURE");
});

test('28: empty URLs succeed without a call, forward and back', () => {
  const ok = Driver.submit(saga(2, { empty: ['01 action', '02 action'] }));
  assert.deepEqual([ok.states, ok.status, ok.calls], ['PSPS', 'succeed', []]);
  const back = Driver.submit(saga(2, { empty: ['01 compensate'] }), { '02 action': [failure()] });
  assert.deepEqual([back.states, back.status], ['SSSF', 'failed']);
  assert.deepEqual(back.calls, ['01 action', '02 action', '02 compensate']);
});

test('29: action and compensation of a step share its payload', () => {
  const definition = saga(2);
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => operationAt(definition, [], index)?.payload),
    ['{"step":0}', '{"step":0}', '{"step":1}', '{"step":1}'],
  );
});

test('30, 31, 32: a run ends final, or where it waits for a timer', () => {
  assert.equal(Driver.submit(saga(2)).status, 'succeed');
  const unfinished = Driver.submit(saga(2), { '01 action': [ongoing] });
  assert.deepEqual([unfinished.status, unfinished.rules.at(-1)], ['submitted', 'back-off']);
  const failed = Driver.submit(saga(2), { '01 action': [failure('no money FAILURE')] });
  assert.deepEqual([failed.status, failed.reason.includes('no money')], ['failed', true]);
});

test('33, B21: past timeout_to_fail it rolls back, whatever is ONGOING', () => {
  const driver = Driver.submit(saga(2, { options: { timeoutToFailMs: 1_800_000 } }), {
    '01 action': Array.from({ length: 200 }, () => ongoing),
  });
  assert.ok(driver.cron(3600));
  assert.deepEqual([driver.states, driver.status], ['SPPP', 'failed']);
  assert.equal(driver.reason, 'Timeout after 1800 seconds');
});

test('34: ONGOING keeps retry_interval', () => {
  const driver = Driver.submit(saga(2, { options: { retryIntervalMs: 150_000 } }), { '01 action': [ongoing] });
  assert.equal(driver.cron(149), false);
  assert.ok(driver.cron(180));
  assert.equal(driver.status, 'succeed');
});

test('35: after an error the first retry comes at twice retry_interval', () => {
  const driver = Driver.submit(saga(2, { options: { retryIntervalMs: 150_000 } }), { '01 action': [error()] });
  assert.equal(driver.cron(180), false);
  assert.ok(driver.cron(360));
  assert.equal(driver.status, 'succeed');
});

test('37: errors within retry_limit are retried within the run', () => {
  const driver = Driver.submit(saga(1, { options: { retryLimit: 3 } }), { '01 action': [error(), error(), error()] });
  assert.equal(driver.status, 'succeed');
  assert.equal(driver.nowMs - driver.transaction.definition.createdMs, 100 + 200 + 400);
});

test('38: beyond retry_limit it rolls back, with the text of the wire', () => {
  const driver = Driver.submit(saga(2, { options: { retryLimit: 1 } }), { '02 action': [error(), error(), error()] });
  assert.deepEqual([driver.states, driver.status], ['SSSP', 'failed']);
  assert.equal(driver.reason, 'RetryCount is greater than RetryLimit, RetryLimit: 1');
  assert.equal(driver.calls.filter((call) => call === '02 action').length, 2);
});

test('39: request_timeout is that of the transaction, else the default', () => {
  assert.equal(planOf(saga(1, { options: { requestTimeoutMs: 6000 } }), defaults).requestTimeoutMs, 6000);
  assert.equal(planOf(saga(1), defaults).requestTimeoutMs, 3000);
});

test('40: a concurrent saga calls all actions at once', () => {
  const driver = Driver.submit(saga(2, concurrent));
  assert.deepEqual([driver.states, driver.status, driver.mostInFlight], ['PSPS', 'succeed', 2]);
});

test('41: concurrent, a FAILURE while the other is out: both are compensated, the other after its answer', () => {
  const driver = Driver.submit(saga(2, concurrent), { '01 action': [failure()], '01 compensate': [ongoing] });
  assert.deepEqual([driver.status, driver.states], ['aborting', 'PFSP']);
  assert.deepEqual(driver.calls, ['01 action', '02 action', '01 compensate', '02 compensate']);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.states], ['failed', 'SFSP']);
});

const inOrder = { customData: { concurrent: true, orders: { 1: [0] } } };

test('42: orders {1:[0]}, step 1 FAILURE: step 2 never ran and is not compensated', () => {
  const driver = Driver.submit(saga(2, inOrder), { '01 action': [failure()] });
  assert.deepEqual([driver.states, driver.status], ['SFPP', 'failed']);
  assert.deepEqual(driver.calls, ['01 action', '01 compensate']);
});

test('43: orders {1:[0]}, step 2 FAILURE: both are compensated', () => {
  const driver = Driver.submit(saga(2, inOrder), { '02 action': [failure()] });
  assert.deepEqual([driver.states, driver.status], ['SSSF', 'failed']);
  assert.deepEqual(driver.calls, ['01 action', '02 action', '02 compensate', '01 compensate']);
});

test('44: concurrent, step 1 ONGOING once: the other succeeds in the same run', () => {
  const driver = Driver.submit(saga(2, concurrent), { '01 action': [ongoing] });
  assert.deepEqual([driver.states, driver.status], ['PPPS', 'submitted']);
  assert.ok(driver.cron());
  assert.deepEqual([driver.states, driver.status], ['PSPS', 'succeed']);
  assert.equal(driver.calls.filter((call) => call === '02 action').length, 1);
});

test('47: 500 with the text FAILURE fails an action', () => {
  const driver = Driver.submit(saga(1), { '01 action': [judgeHttp(500, 'xx FAILURE', 0)] });
  assert.deepEqual([driver.status, driver.reason], ['failed', 'url:http://svc/01/action return failed: xx FAILURE']);
});

test('48: 201 is an error: back-off 20 s', () => {
  const driver = Driver.submit(saga(1), { '01 action': [judgeHttp(201, '', 0)] });
  assert.deepEqual([driver.status, driver.dueInS, driver.intervalS], ['submitted', 20, 20]);
});

test('49: 200 with both words is ONGOING', () => {
  const driver = Driver.submit(saga(1), { '01 action': [judgeHttp(200, 'ONGOING FAILURE', 0)] });
  assert.deepEqual([driver.status, driver.dueInS, driver.intervalS], ['submitted', 10, 10]);
});

test('103: orders {2:[0,1]}, step 3 FAILURE: 1 and 2 together, then 3; back 3 first, then 1 and 2 together', () => {
  const driver = Driver.submit(saga(3, { customData: { concurrent: true, orders: { 2: [0, 1] } } }), {
    '03 action': [failure()],
    '03 compensate': ['out'],
  });
  assert.deepEqual(driver.calls, ['01 action', '02 action', '03 action', '03 compensate']);
  driver.answer(4, success);
  driver.run();
  assert.deepEqual(driver.calls.slice(4).toSorted(), ['01 compensate', '02 compensate']);
  assert.deepEqual([driver.status, driver.states, driver.mostInFlight], ['failed', 'SSSSSF', 2]);
});

test('104: the compensation of the failed step errors: earlier ones are not begun in this run', () => {
  const driver = Driver.submit(saga(2), { '02 action': [failure('no money FAILURE')], '02 compensate': [error()] });
  assert.deepEqual([driver.status, driver.calls.at(-1)], ['aborting', '02 compensate']);
  assert.match(driver.reason, /no money/);
  assert.ok(driver.cron());
  assert.equal(driver.status, 'failed');
});

test('a submitted saga cannot be aborted nor prepared; a prepared one can, and nothing is called', () => {
  const submitted = Driver.submit(saga(2), { '01 action': [ongoing] });
  assert.equal(
    String(submitted.ask(ruleAbort(submitted.transaction, 'saga', '', submitted.nowMs))),
    "HoldfastError: trans type: 'saga' current status 'submitted', cannot abort. FAILURE",
  );
  assert.match(
    String(submitted.ask(rulePrepare(submitted.transaction, 'saga'))),
    /'submitted', cannot prepare\. FAILURE/,
  );
  const prepared = Driver.prepare(saga(2));
  assert.equal(prepared.ask(ruleAbort(prepared.transaction, 'saga', 'changed my mind', prepared.nowMs)), 'changed');
  assert.deepEqual([prepared.status, prepared.reason, prepared.calls], ['failed', 'changed my mind', []]);
});

test('prepared past its time: an incident, neither sent nor failed; a human still can', () => {
  const definition = saga(2, { options: { timeoutToFailMs: 50_000 } });
  const driver = Driver.prepare(definition);
  assert.equal(driver.cron(49), false);
  assert.ok(driver.cron());
  assert.deepEqual([driver.status, driver.calls], ['prepared', []]);
  assert.equal(driver.durable.progress.incident, 'prepared-needs-human');
  driver.ask(ruleSubmit(driver.transaction, definition, defaults, driver.nowMs));
  assert.deepEqual([driver.status, driver.durable.progress.incident], ['succeed', '']);
});
