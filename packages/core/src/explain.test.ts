import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';
import { error, failure, message, ongoing, saga } from './testing/definitions.ts';
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
