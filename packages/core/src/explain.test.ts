import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, explainOperation } from './explain.ts';
import { ruleStop } from './index.ts';
import { createdMs, error, failure, message, ongoing, saga, tcc } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

/** All went out a second ago. */
const callsOut = ({ inFlight, nowMs }: Driver) => new Map([...inFlight].map((operation) => [operation, nowMs - 1000]));

test('driven: what is out, and that it waits for it', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  const told = explain(driver.transaction, callsOut(driver), driver.nowMs);
  const times = { sentMs: driver.nowMs - 1000, untilMs: driver.nowMs + 2000 };
  assert.deepEqual(told.inFlight, [
    { operation: 3, branchId: '02', op: 'action', url: 'http://svc/02/action', ...times },
  ]);
  assert.deepEqual([told.rule, told.nextAtMs], ['in-flight', Number.POSITIVE_INFINITY]);
  assert.deepEqual(
    told.attempts.map(({ branchId, op, outcome }) => [branchId, op, outcome]),
    [['01', 'action', 'success']],
  );
});

test('handed back: what is called next, and when it is due', () => {
  const driver = Driver.submit(saga(2), { '02 action': [error()] });
  const told = explain(driver.durable, undefined, driver.nowMs);
  assert.deepEqual(
    told.calls.map(({ branchId, op }) => `${branchId} ${op}`),
    ['02 action'],
  );
  assert.equal(told.nextAtMs, driver.nowMs + 20_000);
  assert.equal(told.sentence, 'Every operation before these has succeeded: they are called.');
  assert.equal(told.attempts.at(-1)?.reason, 'HTTP 500: oops');
});

test('what was dropped is counted', () => {
  const driver = Driver.submit(saga(1), { '01 action': Array.from({ length: 100 }, () => ongoing) });
  while (driver.calls.length < 100) driver.cron();
  const told = explain(driver.durable, undefined, driver.nowMs);
  assert.deepEqual([told.attempts.length, told.droppedAttempts], [64, 36]);
});

test('final: nothing comes any more, and why it was rolled back', () => {
  const driver = Driver.submit(saga(1), { '01 action': [failure('no money FAILURE')] });
  const told = explain(driver.durable, undefined, driver.nowMs);
  assert.deepEqual([told.status, told.rule, told.nextAtMs], ['failed', 'final', Number.POSITIVE_INFINITY]);
  assert.match(told.reason, /no money FAILURE$/);
});

test('the query of a message has a name too; an incident is told', () => {
  const asking = Driver.prepare(message(1), { query: ['out'] });
  asking.cron();
  assert.deepEqual(explain(asking.transaction, callsOut(asking), asking.nowMs).inFlight, [
    {
      ...{ operation: -1, branchId: '00', op: 'msg', url: 'http://svc/query' },
      ...{ sentMs: asking.nowMs - 1000, untilMs: asking.nowMs + 2000 },
    },
  ]);
  const stuck = Driver.prepare(message(1, { queryPrepared: '' }));
  stuck.cron();
  const told = explain(stuck.durable, undefined, stuck.nowMs);
  assert.deepEqual([told.incident, told.rule], ['prepared-needs-human', 'prepared-needs-human']);
  assert.equal(told.nextAtMs, stuck.durable.progress.dueMs, 'it is looked at again when it is due, not later');
});

test('while one call is out, what has failed in this run is not said to be called again', () => {
  const driver = Driver.submit(saga(2, { customData: { concurrent: true } }), {
    '01 action': [error()],
    '02 action': ['out'],
  });
  const told = explain(driver.transaction, new Map([[3, createdMs]]), driver.nowMs);
  assert.deepEqual([told.rule, told.calls], ['in-flight', []]);
  assert.deepEqual(
    told.inFlight.map(({ operation, sentMs, untilMs }) => [operation, sentMs, untilMs]),
    [[3, createdMs, createdMs + 3000]],
  );
});

test('a call that waits for its slot has no time-out yet', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  const [call] = explain(driver.transaction, new Map([[1, undefined]]), driver.nowMs).inFlight;
  assert.deepEqual([call?.sentMs, call?.untilMs], [undefined, undefined]);
});

test('what a stop left untold is named with its branch', () => {
  const driver = Driver.submit(saga(1), { '01 action': [error()] });
  driver.ask(ruleStop(driver.transaction, driver.nowMs));
  const told = explain(driver.transaction, undefined, driver.nowMs);
  assert.deepEqual(told.untold, [{ operation: 0, branchId: '01', op: 'compensate', url: 'http://svc/01/compensate' }]);
  assert.equal(told.nextAtMs, Number.POSITIVE_INFINITY);
});

test('an operation that is not known, and the call of a query', () => {
  const { transaction } = Driver.prepare(tcc());
  assert.deepEqual(explainOperation(transaction, 7), { operation: 7, branchId: '', op: '', url: '' });
  const { op, url } = explainOperation(Driver.prepare(message(1)).transaction, -1);
  assert.deepEqual([op, url], ['msg', 'http://svc/query']);
});
