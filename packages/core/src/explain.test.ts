import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, explainOperation } from './explain.ts';
import { ruleRollback, ruleStop } from './index.ts';
import { createdMs, error, failure, message, ongoing, saga, tcc, workflow } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

/** All went out a second ago. */
const callsOut = ({ inFlight, nowMs }: Driver) =>
  new Map([...inFlight].map((operation) => [operation, { askedMs: nowMs - 1500, sentMs: nowMs - 1000 }]));

test('driven: what is out, and that it waits for it', () => {
  const driver = Driver.submit(saga(2), { '02 action': ['out'] });
  const told = explain(driver.transaction, callsOut(driver), driver.nowMs);
  const times = { askedMs: driver.nowMs - 1500, sentMs: driver.nowMs - 1000, untilMs: driver.nowMs + 2000 };
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
  assert.equal(told.sentence, 'The last call failed: it is made again when the retry interval has passed.');
  assert.deepEqual([told.rule, told.sooner, told.trouble?.reason], ['back-off', 'retry', 'HTTP 500: oops']);
  assert.equal(told.attempts.at(-1)?.reason, 'HTTP 500: oops');
});

test('a rollback that waits for an action goes on sooner where an operator does not wait, unless it answers before', () => {
  const driver = Driver.submit(
    { ...saga(1), options: { ...saga(1).options, requestTimeoutMs: 60_000 } },
    { '01 action': ['out'] },
  );
  const soonerAfter = (ms: number) => {
    const out = new Map([[1, { askedMs: driver.nowMs - ms, sentMs: driver.nowMs - ms }]]);
    return explain(driver.transaction, out, driver.nowMs).sooner;
  };
  assert.equal(soonerAfter(0), undefined, 'it is not rolled back');
  const ask = (doNotWait: boolean) =>
    driver.ask(ruleRollback(driver.transaction, { reason: '', doNotWait }, driver.nowMs));
  ask(false);
  assert.deepEqual([soonerAfter(49_999), soonerAfter(50_000)], ['do-not-wait', undefined]);
  ask(true);
  assert.equal(soonerAfter(0), undefined, 'it does not wait');
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
      ...{ askedMs: asking.nowMs - 1500, sentMs: asking.nowMs - 1000, untilMs: asking.nowMs + 2000 },
    },
  ]);
  const stuck = Driver.prepare(message(1, { queryPrepared: '' }));
  stuck.cron();
  const told = explain(stuck.durable, undefined, stuck.nowMs);
  assert.deepEqual([told.incident, told.rule], ['prepared-needs-human', 'prepared-needs-human']);
  assert.equal(told.nextAtMs, stuck.durable.progress.dueMs, 'it is looked at again when it is due, not later');
});

/** The rule that decides the time, what comes then, and whether an operator can have it sooner. */
function waits(driver: Driver, nowMs = driver.nowMs): unknown[] {
  const { rule, next, sooner, trouble } = explain(driver.durable, undefined, nowMs);
  return [rule, next.kind, sooner === 'retry', trouble?.outcome];
}

test('asleep: the rule that decides the time is true now, not then', () => {
  assert.deepEqual(waits(Driver.submit(saga(1), { '01 action': [ongoing] })), [
    'answered-ongoing',
    'call',
    true,
    'ongoing',
  ]);
  const late = Driver.submit(saga(1, { options: { timeoutToFailMs: 15_000 } }), { '01 action': [error()] });
  assert.deepEqual(waits(late), ['time-out-first', 'move', true, 'error']);
  assert.deepEqual(waits(Driver.prepare(tcc())), ['prepared-waits', 'move', false, undefined]);
  assert.deepEqual(waits(Driver.prepare(message(1))), ['prepared-waits', 'call', false, undefined]);
  assert.deepEqual(waits(Driver.submit(message(1, { customData: { delay: 60 } }))), [
    'delay',
    'call',
    false,
    undefined,
  ]);
  assert.deepEqual(waits(Driver.prepare(workflow())), ['workflow-runs', 'call', true, undefined]);
  const asked = Driver.prepare(message(1), { query: [error()] });
  asked.cron();
  assert.deepEqual(waits(asked), ['back-off', 'call', true, 'error']);
  const back = Driver.submit(saga(2), { '02 action': [failure()], '02 compensate': [error()] });
  assert.deepEqual(waits(back), ['back-off', 'call', true, 'error']);
  assert.deepEqual(waits(back, back.durable.progress.dueMs)[0], 'due');
});

test('asleep after a call that was not made: no failure is told', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  driver.inFlight.clear();
  driver.apply({ kind: 'blocked', operation: 1, untilMs: driver.nowMs + 5000, atMs: driver.nowMs });
  driver.run();
  assert.deepEqual(waits(driver), ['not-called', 'call', true, undefined]);
});

test('while one call is out, what has failed in this run is not said to be called again', () => {
  const driver = Driver.submit(saga(2, { customData: { concurrent: true } }), {
    '01 action': [error()],
    '02 action': ['out'],
  });
  const told = explain(driver.transaction, new Map([[3, { askedMs: createdMs, sentMs: createdMs }]]), driver.nowMs);
  assert.deepEqual([told.rule, told.calls], ['in-flight', []]);
  assert.deepEqual(
    told.inFlight.map(({ operation, sentMs, untilMs }) => [operation, sentMs, untilMs]),
    [[3, createdMs, createdMs + 3000]],
  );
});

test('a call that waits for its slot has no time-out yet', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  const [call] = explain(
    driver.transaction,
    new Map([[1, { askedMs: createdMs, sentMs: undefined }]]),
    driver.nowMs,
  ).inFlight;
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
