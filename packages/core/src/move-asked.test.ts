import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moveAsked, withMoveAsked } from './move-asked.ts';
import { error, saga } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

const none: ReadonlySet<number> = new Set();

test('a rollback that was asked for is the move that its driver makes durable with it', () => {
  const { transaction, nowMs } = Driver.submit(saga(2), { '02 action': [error()] });
  assert.equal(moveAsked(transaction, none, nowMs), undefined, 'nobody asked');
  assert.equal(withMoveAsked(transaction, none, nowMs), transaction);
  const driver = new Driver(transaction);
  driver.apply({ kind: 'rollback-asked', reason: 'why', doNotWait: false, atMs: nowMs });
  const asked = driver.transaction;
  assert.deepEqual(moveAsked(asked, none, nowMs), { kind: 'moved', to: 'aborting', reason: 'why', atMs: nowMs });
  const moved = withMoveAsked(asked, none, nowMs).progress;
  assert.deepEqual([moved.status, moved.reason], ['aborting', 'why']);
});

test('another move is not its business', () => {
  const { transaction, nowMs } = Driver.submit(saga(1), { '01 action': ['out'] });
  const driver = new Driver(transaction);
  driver.answer(1, { kind: 'success' });
  assert.equal(moveAsked(driver.transaction, none, nowMs), undefined, 'all have succeeded');
});
