import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shorten, utf8Length, withAttempt } from './attempts.ts';
import { createTransaction } from './create.ts';
import { anyText } from './testing/arbitrary.ts';
import { defaults, saga } from './testing/definitions.ts';
import type { Attempt, Progress } from './transaction.ts';

const empty = createTransaction(saga(2), 'submitted', defaults).progress;
const attempt = (operation: number, reason = ''): Attempt => ({
  operation,
  atMs: 1,
  durationMs: 2,
  outcome: 'error',
  reason,
});

test('the last 64 are kept, oldest first, and all are counted', () => {
  let progress: Progress = empty;
  for (let number = 0; number < 100; number += 1) progress = { ...progress, ...withAttempt(progress, attempt(number)) };
  assert.deepEqual([progress.attempts.length, progress.attemptCount], [64, 100]);
  assert.deepEqual([progress.attempts[0]?.operation, progress.attempts.at(-1)?.operation], [36, 99]);
});

test('a reason is cut to 1 KiB, and never in the middle of a character', () => {
  const [kept] = withAttempt(empty, attempt(0, '€'.repeat(1000))).attempts;
  assert.equal(kept?.reason, '€'.repeat(341));
  assert.equal(shorten('a😀b', 4), 'a');
  assert.equal(shorten('a😀b', 5), 'a😀');
  assert.equal(shorten('abc', 3), 'abc');
  assert.equal(shorten('abc', 0), '');
});

test('shortened text is the longest beginning that fits', () => {
  fc.assert(
    fc.property(anyText(60), fc.nat(100), (text, bytes) => {
      const short = shorten(text, bytes);
      assert.ok(text.startsWith(short) && Buffer.byteLength(short) <= bytes);
      assert.equal(utf8Length(text), Buffer.byteLength(text));
      const next = [...text.slice(short.length)][0];
      assert.ok(next === undefined || Buffer.byteLength(short + next) > bytes);
    }),
  );
});

test('bytes of the characters at the bounds of UTF-8', () => {
  const sizes = ['\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}'].map(utf8Length);
  assert.deepEqual(sizes, [1, 2, 2, 3, 3, 4]);
});
