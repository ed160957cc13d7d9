import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError, invalid } from './error.ts';

test('an error says what was wrong, where, when to come back, and keeps its cause', () => {
  const cause = new Error('below');
  const error = new HoldfastError('UNAVAILABLE', 'away', { retryAfterMs: 500, cause });
  assert.deepEqual([error.code, error.message, error.field, error.retryAfterMs], ['UNAVAILABLE', 'away', '', 500]);
  assert.equal(error.cause, cause);
  const bare = new HoldfastError('INTERNAL', 'why');
  assert.deepEqual([bare.field, bare.retryAfterMs, 'cause' in bare], ['', 0, false]);
  const { code, field, message } = invalid('steps[0].action', 'must be a URL');
  assert.deepEqual([code, field, message], ['INVALID_INPUT', 'steps[0].action', 'steps[0].action: must be a URL']);
});
