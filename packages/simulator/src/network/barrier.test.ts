import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Barrier } from './barrier.ts';

const request = (op: string, branchId = '01') => ({
  gid: 'g',
  type: 'saga',
  branchId,
  op,
  url: 'http://bank/in',
  payload: '',
});

const verdicts = (...ops: string[]) => {
  const barrier = new Barrier();
  return ops.map((op) => barrier.enter(request(op)).verdict);
};

test('the truth tables of the barrier', () => {
  assert.deepEqual(verdicts('action', 'action'), ['run', 'repeated']);
  assert.deepEqual(verdicts('action', 'compensate', 'compensate'), ['run', 'run', 'repeated']);
  assert.deepEqual(verdicts('compensate', 'compensate'), ['null-compensation', 'repeated']);
  assert.deepEqual(verdicts('compensate', 'action'), ['null-compensation', 'too-late']);
  assert.deepEqual(verdicts('action', 'compensate', 'action'), ['run', 'run', 'repeated']);
  assert.deepEqual(verdicts('cancel', 'try'), ['null-compensation', 'too-late']);
  assert.deepEqual(verdicts('try', 'cancel'), ['run', 'run']);
  assert.deepEqual(verdicts('confirm', 'confirm'), ['run', 'repeated']);
});

test('a business that refuses takes its row back: what comes then finds nothing to undo', () => {
  const barrier = new Barrier();
  barrier.enter(request('action')).undo();
  assert.equal(barrier.enter(request('compensate')).verdict, 'null-compensation');
  const other = new Barrier();
  other.enter(request('action')).undo();
  assert.equal(other.enter(request('action')).verdict, 'run');
});

test('a compensation that fails takes both rows back', () => {
  const barrier = new Barrier();
  barrier.enter(request('compensate')).undo();
  assert.equal(barrier.enter(request('action')).verdict, 'run');
});

test('branches do not know each other', () => {
  const barrier = new Barrier();
  assert.equal(barrier.enter(request('action', '01')).verdict, 'run');
  assert.equal(barrier.enter(request('action', '02')).verdict, 'run');
});
