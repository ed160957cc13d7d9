import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTransaction } from './create.ts';
import { fitProgress } from './fit.ts';
import { anyText } from './testing/arbitrary.ts';
import { defaults, saga } from './testing/definitions.ts';
import { type Attempt, limits, type Progress } from './transaction.ts';

const small = createTransaction(saga(2), 'submitted', defaults).progress;
/** The reason is stored beside it. */
const sizeOf = (progress: Progress) => Buffer.byteLength(JSON.stringify({ ...progress, reason: undefined }));

function attempts(count: number, reason: string): Attempt[] {
  return Array.from({ length: count }, (_, operation) => ({
    operation,
    atMs: 1_764_000_000_000.123,
    durationMs: 12_345,
    outcome: 'error',
    reason,
  }));
}

function counters(count: number, value: (index: number) => number): Record<number, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [index * 2 + 1, value(index)]));
}

test('what fits is left as it is', () => {
  assert.equal(fitProgress(small), small);
  const fits = { ...small, attempts: attempts(64, 'x'.repeat(800)) };
  assert.equal(fitProgress(fits), fits);
});

test('error texts are shortened before attempts are dropped', () => {
  const fitted = fitProgress({
    ...small,
    operations: 'm'.repeat(20_000),
    attempts: attempts(64, '\u0001'.repeat(1024)),
  });
  assert.ok(sizeOf(fitted) <= limits.progressBytes);
  assert.equal(fitted.attempts.length, 64);
  assert.ok((fitted.attempts[0]?.reason.length ?? 0) >= 64);
});

test('then the oldest attempts, then the smallest counters; operations never', () => {
  const progress = {
    ...small,
    operations: `${'m'.repeat(8000)}${'s'.repeat(12_000)}`,
    retries: counters(10_000, (index) => (index < 10 ? 1_000_000 : 3)),
    attempts: attempts(64, 'x'),
  };
  const fitted = fitProgress(progress);
  assert.ok(sizeOf(fitted) <= limits.progressBytes);
  assert.ok(sizeOf(fitted) > limits.progressBytes - 64, 'no more is given up than must be');
  assert.equal(fitted.operations, progress.operations);
  assert.equal(fitted.attempts.length, 0);
  for (let index = 0; index < 10; index += 1) assert.equal(fitted.retries[index * 2 + 1], 1_000_000);
  const undecided = Object.keys(fitted.retries).filter((operation) => Number(operation) < 8000);
  assert.equal(undecided.length, 4000, 'those of what has succeeded are given up first');
});

/** Progress of exactly that many bytes as stored. */
function ofSize(bytes: number, shape: Partial<Progress>): Progress {
  const bare = { ...small, ...shape, operations: '' };
  return { ...bare, operations: 'm'.repeat(bytes - sizeOf(bare)) };
}

test('exactly at the limit nothing is given up; a byte above it no more than must be', () => {
  const controls = attempts(3, '\u0001'.repeat(1024));
  const full = ofSize(limits.progressBytes, { attempts: controls });
  assert.equal(fitProgress(full), full);
  const over = fitProgress(ofSize(limits.progressBytes + 1, { attempts: controls }));
  assert.deepEqual(
    over.attempts.map(({ reason }) => reason.length),
    [512, 512, 512],
  );
});

test('texts are cut to a half, a quarter, a sixteenth, and away, as far as it takes', () => {
  for (const [kept, bytes] of [1024, 512, 256, 64, 0].entries()) {
    const wanted = ofSize(limits.progressBytes, { attempts: attempts(2, 'x'.repeat(bytes)) });
    const fitted = fitProgress({ ...wanted, attempts: attempts(2, 'x'.repeat(1024)) });
    assert.deepEqual(fitted, wanted, `cut ${kept} times`);
  }
});

test('the oldest attempts go one by one', () => {
  const wanted = ofSize(limits.progressBytes, { attempts: attempts(3, '').slice(1) });
  assert.deepEqual(fitProgress({ ...wanted, attempts: attempts(3, 'x') }).attempts, attempts(3, '').slice(1));
});

test('what a text or a list of names takes as JSON counts, before anything is looked at closely', () => {
  const decision = { kind: 'stop', atMs: 1, status: 'submitted', reason: '\u0001'.repeat(1024) } as const;
  for (const large of [
    { operatorDecisions: [decision] },
    { incident: '\u0001'.repeat(1024) },
    { ignoredFields: Array(100).fill('x'.repeat(60)) },
  ]) {
    const fitted = fitProgress(
      ofSize(limits.progressBytes + 500, { ...large, attempts: attempts(1, '\u0001'.repeat(700)) }),
    );
    assert.ok(sizeOf(fitted) <= limits.progressBytes, JSON.stringify(Object.keys(large)));
  }
});

const text = (maxLength: number) =>
  fc.oneof(
    anyText(maxLength),
    fc.constantFrom('\u0000', '"', '\\', '€', '😀', '\ud800').map((character) => character.repeat(maxLength)),
  );

test('64 KiB as stored, whatever is in it, up to 20,000 operations', () => {
  const progress = fc.record({
    operations: fc.nat(20_000),
    retries: fc.nat(10_000),
    counted: fc.constantFrom(1, 30, 1_000_000_000),
    attempts: fc.nat(64),
    attemptReason: text(1024),
    reason: text(8192),
  });
  fc.assert(
    fc.property(progress, (shape) => {
      const fitted = fitProgress({
        ...small,
        operations: 'm'.repeat(shape.operations),
        retries: counters(shape.retries, () => shape.counted),
        attempts: attempts(shape.attempts, shape.attemptReason),
        reason: shape.reason,
      });
      assert.ok(sizeOf(fitted) <= limits.progressBytes, `${sizeOf(fitted)} bytes`);
      assert.equal(fitted.operations.length, shape.operations);
      assert.equal(fitted.reason, shape.reason);
    }),
    { numRuns: 60 },
  );
});
