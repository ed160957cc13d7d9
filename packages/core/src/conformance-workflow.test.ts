/** The rows of docs/compatibility.md that concern workflows, as far as they can be stated without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  planOf,
  queryOperation,
  ruleAbort,
  ruleEnd,
  rulePrepareWorkflow,
  ruleStop,
  ruleSubmit,
  type WorkflowEnd,
} from './index.ts';
import { createdMs, defaults, error, failure, ongoing, tcc, workflow } from './testing/definitions.ts';
import { Driver, type Script } from './testing/driver.ts';

const started = (script: Script = {}) => Driver.prepare(workflow(), script);
const succeeded: WorkflowEnd = { to: 'succeed', reason: '', result: 'b2s=' };
const end = (driver: Driver, how = succeeded) => driver.ask(ruleEnd(driver.transaction, how, driver.nowMs));

test('86: it ends as its submit says, with its result', () => {
  const driver = started();
  assert.equal(end(driver), 'changed');
  const { status, result, reason, finishedMs } = driver.durable.progress;
  assert.deepEqual([status, result, reason, finishedMs], ['succeed', 'b2s=', '', createdMs]);
  assert.deepEqual(driver.calls, []);
});

test('87: it is called back one interval after its last sign of life; ONGOING keeps the interval', () => {
  const driver = started({ query: [ongoing] });
  assert.equal(driver.dueInS, 10);
  assert.equal(driver.cron(9.9), false);
  assert.ok(driver.cron(10));
  assert.deepEqual([driver.calls, driver.dueInS, driver.intervalS], [['query'], 10, 10]);
  assert.ok(driver.cron());
  assert.deepEqual([driver.calls.length, driver.status], [2, 'prepared']);
  assert.equal(end(driver), 'changed');
});

test('88: prepareWorkflow of a running one is a sign of life', () => {
  const driver = started();
  driver.nowMs += 6000;
  assert.equal(driver.ask(rulePrepareWorkflow(driver.transaction, driver.nowMs)), 'changed');
  assert.deepEqual([driver.dueInS, driver.calls], [10, []]);
  end(driver);
  assert.equal(rulePrepareWorkflow(driver.transaction, driver.nowMs), 'nothing');
});

test('89: it fails as its submit says; the reason stays whole', () => {
  const driver = started();
  const reason = 'x'.repeat(1_000_000);
  assert.equal(end(driver, { to: 'failed', reason, result: '' }), 'changed');
  assert.deepEqual(
    [driver.status, driver.reason === reason, driver.durable.progress.result],
    ['failed', true, undefined],
  );
});

test('90: the same submit again is fine, another one is refused', () => {
  const driver = started();
  end(driver);
  assert.equal(end(driver), 'nothing');
  for (const other of [
    { ...succeeded, result: 'bm8=' },
    { ...succeeded, to: 'failed' as const },
  ]) {
    assert.match(String(end(driver, other)), /current status 'succeed', cannot sumbmit\. FAILURE/);
  }
});

test('errors of the callback back off, and so does a FAILURE, which decides nothing', () => {
  const driver = started({ query: [error(), failure(), ongoing] });
  driver.cron();
  assert.deepEqual([driver.intervalS, driver.dueInS], [20, 20]);
  driver.cron();
  assert.deepEqual([driver.intervalS, driver.dueInS, driver.status], [40, 40, 'prepared']);
  driver.cron();
  assert.deepEqual([driver.intervalS, driver.dueInS, driver.transaction.progress.incident], [40, 40, '']);
  driver.cron();
  assert.deepEqual([driver.intervalS, driver.dueInS], [10, 10], 'a callback that ends well is a sign of life');
});

test('while a callback is out nothing else is called, and the end may come before its answer', () => {
  const driver = started({ query: ['out'] });
  driver.cron();
  driver.nowMs += 60_000;
  driver.run();
  assert.deepEqual(driver.calls, ['query']);
  end(driver);
  driver.answer(queryOperation, error());
  assert.deepEqual([driver.status, driver.calls], ['succeed', ['query']]);
});

test('a wake calls it back now', () => {
  const driver = started();
  driver.nowMs += 1000;
  driver.apply({ kind: 'due', atMs: driver.nowMs });
  driver.run();
  assert.deepEqual(driver.calls, ['query']);
});

test('it has no time-out; abort is refused, an operator can end it', () => {
  const driver = started({ query: Array.from({ length: 9 }, () => ongoing) });
  driver.cron(24 * 3600);
  assert.equal(driver.status, 'prepared');
  assert.match(
    String(ruleAbort(driver.transaction, 'workflow', '', driver.nowMs)),
    /'prepared', cannot abort\. FAILURE/,
  );
  driver.ask(ruleStop(driver.transaction, driver.nowMs));
  assert.equal(driver.status, 'failed');
});

test("a submit that is not a workflow's, or a workflow's of another type, names the type", () => {
  const driver = started();
  assert.match(String(ruleSubmit(driver.transaction, tcc(), defaults, createdMs)), /trans_type: must be the type/);
  const other = Driver.prepare(tcc());
  assert.match(String(end(other)), /trans_type: must be the type/);
  assert.match(String(rulePrepareWorkflow(other.transaction, createdMs)), /trans_type: must be the type/);
});

test('name and input come from custom data, whatever the case of its keys', () => {
  const callbackOf = (customData: object) => planOf(workflow({ customData }), defaults).callback;
  assert.deepEqual(callbackOf({ Name: 'wf', DATA: 'AP8=' }), { op: 'wf', payload: new Uint8Array([0, 255]) });
  assert.deepEqual(callbackOf({}), { op: '', payload: new Uint8Array() });
  for (const bad of [{ name: 1 }, { data: 1 }, { data: 'a' }, { data: 'a b=' }, { data: '====' }]) {
    assert.throws(() => callbackOf(bad), /custom_data\.(name|data): must be/, JSON.stringify(bad));
  }
  assert.equal(planOf(workflow(), defaults).requestTimeoutMs, 60_000);
});
