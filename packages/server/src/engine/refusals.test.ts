import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import { StoreError } from '../store/store.ts';
import { asRefusal, cannotDrive, cannotWrite, changedByOthers, refuse, unknownGid } from './refusals.ts';

test('what the store cannot do is refused by what the asker can do about it', () => {
  const refusalOf = (cause: unknown) => {
    try {
      return refuse(cause);
    } catch (error) {
      assert.ok(error instanceof HoldfastError && error.cause === cause);
      const { code, field, message, retryAfterMs } = error;
      return { code, field, message, retryAfterMs };
    }
  };
  assert.deepEqual(refusalOf(new StoreError('bad-position', 'x')), {
    code: 'INVALID_INPUT',
    field: 'position',
    message: 'position: must be the next_position of the last page',
    retryAfterMs: 0,
  });
  const unreadable = refusalOf(new StoreError('version', 'why'));
  assert.deepEqual([unreadable.code, unreadable.message, unreadable.retryAfterMs], ['INTERNAL', 'why', 0]);
  const newer = refusalOf(new StoreError('newer', 'why'));
  assert.deepEqual(
    [newer.code, newer.message, newer.retryAfterMs],
    ['UNAVAILABLE', 'this transaction cannot be served here: why', 1000],
  );
  for (const cause of [new StoreError('not-done', 'x'), new Error('x'), undefined]) {
    const { code, message, retryAfterMs } = refusalOf(cause);
    assert.deepEqual([code, message, retryAfterMs], ['UNAVAILABLE', 'the store cannot serve this now', 1000]);
  }
});

test('only bad input is an answer; anything else is thrown on', () => {
  const bad = new HoldfastError('INVALID_INPUT', 'x');
  assert.equal(asRefusal(bad), bad);
  for (const other of [new HoldfastError('NOT_FOUND', 'x'), new Error('x')])
    assert.throws(() => asRefusal(other), other);
});

test('what cannot be driven says why and what to do, and is not the fault of whoever asks', () => {
  for (const cause of [new Error('no plan'), 'no plan']) {
    const error = cannotDrive(cause);
    assert.deepEqual([error.code, error.cause], ['INTERNAL', cause]);
    assert.match(error.message, /\(no plan\): use the version .* holdfast stop/);
  }
});

test('what may go well later says when to try again', () => {
  assert.deepEqual([cannotWrite('full').retryAfterMs, changedByOthers().retryAfterMs], [1000, 500]);
  assert.deepEqual([unknownGid().code, unknownGid().field], ['NOT_FOUND', 'gid']);
});
