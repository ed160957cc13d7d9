import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Foreseen,
  foreseeAbort,
  foreseenCalls,
  foreseeRollback,
  foreseeTimeout,
  HoldfastError,
  operationAt,
} from './index.ts';
import { createdMs, message, ongoing, registered, saga, tcc, workflow } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

function told({ transaction }: Driver, foreseen: Foreseen | HoldfastError | undefined): string {
  if (foreseen === undefined) return 'nothing';
  if (foreseen instanceof HoldfastError) return `refused: ${foreseen.message}`;
  const names = foreseen.calls.map((operation) => {
    const branch = operationAt(transaction.definition, transaction.branches, operation);
    return `${branch?.branchId ?? '00'} ${branch?.op ?? 'query'}`;
  });
  return `${foreseen.status} after ${(foreseen.atMs - createdMs) / 1000} s: ${names.join(', ')}`;
}

test('the abort of a tcc would cancel what is registered, the last first', () => {
  const driver = Driver.prepare(tcc(), {}, registered('01', '02'));
  assert.equal(told(driver, foreseeAbort(driver.transaction, createdMs)), 'failed after 0 s: 02 cancel, 01 cancel');
  assert.equal(told(driver, foreseeTimeout(driver.transaction, createdMs)), 'failed after 35 s: 02 cancel, 01 cancel');
  assert.equal(driver.status, 'prepared', 'nothing has happened');
});

test('the time-out of a saga would compensate what ran and what may have run', () => {
  const driver = Driver.submit(saga(3, { options: { timeoutToFailMs: 60_000 } }), { '02 action': ['out'] });
  assert.equal(
    told(driver, foreseeTimeout(driver.transaction, createdMs)),
    'failed after 60 s: 02 compensate, 01 compensate',
  );
  assert.match(told(driver, foreseeAbort(driver.transaction, createdMs)), /^refused: .*cannot abort\. FAILURE$/);
});

test('the time-out of a prepared message would ask; if that says yes everything is sent', () => {
  const driver = Driver.prepare(message(2));
  assert.equal(
    told(driver, foreseeTimeout(driver.transaction, createdMs)),
    'succeed after 35 s: 00 query, 01 action, 02 action',
  );
  assert.equal(told(driver, foreseeAbort(driver.transaction, createdMs)), 'failed after 0 s: ');
});

test('without query URL nothing would happen at its time', () => {
  const driver = Driver.prepare(message(1, { queryPrepared: '' }));
  assert.equal(told(driver, foreseeTimeout(driver.transaction, createdMs)), 'prepared after 35 s: ');
});

test('past its time-out a message that asks again, or waits for a human, has none to come; an abort still comes', () => {
  const asking = Driver.prepare(message(1), { query: [ongoing] });
  const stuck = Driver.prepare(message(1, { queryPrepared: '' }));
  for (const driver of [asking, stuck]) {
    driver.cron();
    assert.equal(told(driver, foreseeTimeout(driver.durable, driver.nowMs)), 'nothing');
  }
  const late = Driver.prepare(tcc(), {}, registered('01'));
  assert.equal(
    told(late, foreseeTimeout(late.transaction, createdMs + 50_000)),
    'failed after 50 s: 01 cancel',
    'nobody has come to it yet',
  );
});

test('a message with a delay would be sent after it', () => {
  const driver = Driver.prepare(message(1, { customData: { delay: 60 } }));
  assert.equal(told(driver, foreseeTimeout(driver.transaction, createdMs)), 'succeed after 35 s: 00 query, 01 action');
});

test('what has no time-out, or has ended, foresees none', () => {
  for (const driver of [
    Driver.submit(saga(1)),
    Driver.prepare(workflow()),
    Driver.submit(saga(2), { '01 action': ['out'] }),
  ]) {
    assert.equal(told(driver, foreseeTimeout(driver.transaction, createdMs)), 'nothing');
  }
});

test('no more calls are named than somebody would read', () => {
  const driver = Driver.prepare(tcc(), {}, registered(...Array.from({ length: 150 }, (_, index) => String(index))));
  const foreseen = foreseeAbort(driver.transaction, createdMs);
  assert.ok(!(foreseen instanceof HoldfastError));
  assert.deepEqual([foreseen.calls.length, foreseen.hasMoreCalls], [foreseenCalls, true]);
  assert.equal(foreseen.status, 'failed', 'where it would end all the same');
});

test('a hundred calls are named; of more it says that there are more, and where they lead', () => {
  for (const [steps, hasMoreCalls] of [
    [foreseenCalls, false],
    [foreseenCalls + 1, true],
  ] as const) {
    const ids = Array.from({ length: steps }, (_, index) => String(index + 1));
    const { transaction } = Driver.prepare(tcc(), {}, registered(...ids));
    const foreseen = foreseeAbort(transaction, createdMs);
    assert.ok(!(foreseen instanceof HoldfastError));
    assert.deepEqual([foreseen.calls.length, foreseen.hasMoreCalls, foreseen.status], [100, hasMoreCalls, 'failed']);
  }
});

test('a message of many steps would be asked about, and then succeed', () => {
  const { transaction } = Driver.prepare(message(foreseenCalls + 1));
  const foreseen = foreseeTimeout(transaction, createdMs);
  assert.deepEqual([foreseen?.calls.length, foreseen?.hasMoreCalls, foreseen?.status], [100, true, 'succeed']);
});

test('a rollback would compensate what ran; where it is refused, that is told', () => {
  const driver = Driver.submit(saga(3), { '02 action': [ongoing] });
  const rollback = () => told(driver, foreseeRollback(driver.transaction, createdMs));
  assert.equal(rollback(), 'failed after 0 s: 02 compensate, 01 compensate');
  driver.apply({ kind: 'moved', to: 'aborting', reason: 'because', atMs: createdMs });
  assert.equal(rollback(), 'failed after 0 s: 02 compensate, 01 compensate', 'it is on its way back already');
  assert.match(told(driver, foreseeRollback(Driver.prepare(tcc()).transaction, createdMs)), /^refused: /);
});

test('a rollback that does not wait for a call compensates it in the end', () => {
  const driver = Driver.submit(saga(1), { '01 action': ['out'] });
  driver.apply({ kind: 'rollback-asked', reason: '', doNotWait: true, atMs: createdMs });
  const foreseen = foreseeRollback(driver.transaction, createdMs);
  assert.equal(told(driver, foreseen), 'failed after 0 s: 01 compensate');
});
