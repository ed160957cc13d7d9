import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outage } from './outage.ts';

test('one line when the store goes, whoever finds it, and one when it is back', () => {
  const told: string[] = [];
  let nowMs = 0;
  const outage = new Outage({
    runtime: { monotonicMs: () => nowMs },
    warned: (message, error) => told.push(error === undefined ? message : `${message}: ${error}`),
  });
  outage.answered();
  outage.failed('the store cannot write', 'it is gone');
  outage.failed('the store cannot be read', 'it is gone');
  nowMs = 6000;
  outage.answered();
  // A heartbeat comes through, and a reading does not.
  outage.failed('the store cannot be read', 'it is slow');
  outage.answered();
  assert.deepEqual(told, ['the store cannot write: it is gone']);
  outage.answered();
  outage.answered();
  assert.deepEqual(told.splice(0), [
    'the store cannot write: it is gone',
    'the store answers again: it did not for up to 6 s',
  ]);
  outage.failed('the store cannot be read', 'it is gone again');
  assert.deepEqual(told, ['the store cannot be read: it is gone again']);
});
