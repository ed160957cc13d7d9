import assert from 'node:assert/strict';
import { HoldfastError } from '@holdfast/core';

/** For tests: the field that a refusal names; its message never holds a word that means an outcome. */
export function field(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    assert.doesNotMatch(error.message, /FAILURE|ONGOING/);
    assert.ok(error.message.startsWith(error.field), error.message);
    return error.field;
  }
  assert.fail('not refused');
}
