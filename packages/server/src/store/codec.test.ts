import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, BranchOperation, Definition, Payload, Progress } from '@holdfast/core';
import fc from 'fast-check';
import {
  decodeBranch,
  decodeDefinition,
  decodeProgress,
  encodeBranch,
  encodeDefinition,
  encodeProgress,
  type Stored,
} from './codec.ts';
import { aDefinition, aProgress } from './contract/fixtures.ts';
import { StoreError } from './store.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
console.log(`seed ${seed}`);
const settings = { seed, numRuns: 300 };
/** Of records: with the prototype that JSON.parse gives. */
const plain = { noNullPrototype: true };

/** Any UTF-16, lone surrogates and NUL included. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const time = fc.maxSafeNat();
/** Long enough to be kept beside the JSON, unless half of a surrogate pair is in it. */
const longText = text.map((some) => `${some}${'{"a":"\u20ac"}'.repeat(120)}${some}`);
const payload: fc.Arbitrary<Payload> = fc.oneof(text, longText, fc.uint8Array({ maxLength: 40 }));

const definition: fc.Arbitrary<Definition> = fc
  .record({
    steps: fc.array(fc.record({ branchId: text, action: text, compensate: text, payload }, plain), { maxLength: 5 }),
    queryPrepared: text,
    customData: text,
    createdMs: time,
    headers: fc.dictionary(text, text, plain),
  })
  .map(({ headers, ...more }) => {
    const made = aDefinition('g', more);
    return { ...made, options: { ...made.options, branchHeaders: headers } };
  });

const attempt: fc.Arbitrary<Attempt> = fc.record(
  {
    operation: fc.integer({ min: -1 }),
    atMs: time,
    durationMs: time,
    outcome: fc.constantFrom('success', 'failure', 'ongoing', 'error'),
    reason: text,
  },
  plain,
);

const progress: fc.Arbitrary<Progress> = fc
  .record({
    status: fc.constantFrom('prepared', 'submitted', 'aborting', 'succeed', 'failed'),
    operations: fc.string({ unit: fc.constantFrom('p', 'm', 's', 'f') }),
    retries: fc.dictionary(fc.nat().map(String), fc.nat(), plain),
    attempts: fc.array(attempt, { maxLength: 4 }),
    attemptCount: time,
    intervalMs: time,
    dueMs: time,
    submittedMs: time,
    updatedMs: time,
    finishedMs: time,
    incident: fc.constantFrom('', 'needs a human'),
    reason: text,
  })
  .map((more) => aProgress(more.status, more));

/** What a store with one column of bytes keeps. */
const asBytes = (stored: Stored) => (typeof stored === 'string' ? new TextEncoder().encode(stored) : stored);

/** As a driver may give bytes back: a view into something larger. */
function inside(stored: Uint8Array): Uint8Array {
  const around = new Uint8Array(stored.length + 20);
  around.set(stored, 7);
  return around.subarray(7, 7 + stored.length);
}

test('definitions come back exactly, from text and from bytes', () => {
  fc.assert(
    fc.property(definition, (given) => {
      const stored = encodeDefinition(given);
      assert.deepEqual(decodeDefinition(stored), given);
      assert.deepEqual(decodeDefinition(inside(asBytes(stored))), given);
    }),
    settings,
  );
});

test('branches come back exactly, from text and from bytes', () => {
  fc.assert(
    fc.property(text, text, payload, (branchId, url, body) => {
      const given: BranchOperation = { branchId, op: 'cancel', url, payload: body };
      const stored = encodeBranch(given);
      assert.deepEqual(decodeBranch(branchId, 'cancel', stored), given);
      assert.deepEqual(decodeBranch(branchId, 'cancel', inside(asBytes(stored))), given);
    }),
    settings,
  );
});

test('progress comes back exactly, and its columns are plain text', () => {
  fc.assert(
    fc.property(progress, (given) => {
      const stored = encodeProgress(given);
      assert.ok(stored.reason.isWellFormed() && !stored.reason.includes('\0'));
      assert.ok(stored.text.isWellFormed() && !stored.text.includes('\0'));
      assert.deepEqual(decodeProgress(stored), given);
    }),
    settings,
  );
});

test('what later versions of the core add to progress is kept', () => {
  const given = { ...aProgress('prepared'), addedLater: { any: ['thing'] } };
  assert.deepEqual(decodeProgress(encodeProgress(given)), given);
});

const addedLater = (progress: Progress): Progress => Object.assign({ addedLater: 1 }, progress);

test('a usual progress is written as any other is', () => {
  const attempt: Attempt = { operation: 1, atMs: 5, durationMs: 2, outcome: 'success', reason: '' };
  const usual = aProgress('submitted', { operations: 'psps', attempts: [attempt, { ...attempt, operation: 3 }] });
  for (const given of [
    usual,
    { ...usual, errorRuns: 0 },
    { ...usual, errorRuns: 2, retries: { 1: 3 } },
    {
      ...usual,
      attempts: [
        { ...attempt, reason: '"no\n' },
        { ...attempt, note: 'sent twice' },
      ],
    },
    { ...usual, attempts: [{ ...attempt, addedLater: 1 }] },
    { ...usual, operations: '"' },
  ]) {
    const { text } = encodeProgress(given);
    // A field that no version knows leads to the other way.
    const other = encodeProgress(addedLater(given)).text;
    const [, written] = JSON.parse(text);
    const [, { addedLater: _, ...expected }] = JSON.parse(other);
    assert.deepEqual(written, expected);
    assert.deepEqual(decodeProgress(encodeProgress(given)), given);
  }
});

test('the columns of progress win over its text', () => {
  const stored = encodeProgress(aProgress('submitted', { dueMs: 5 }));
  assert.equal(decodeProgress({ ...stored, dueMs: 3 }).dueMs, 3);
});

test('stored text is JSON that any tool can read', () => {
  const stored = encodeDefinition(aDefinition('g'));
  assert.ok(typeof stored === 'string');
  assert.deepEqual(JSON.parse(stored), [1, aDefinition('g')]);
});

test('a long text is copied as it is, and not looked at by JSON', () => {
  const payload = JSON.stringify({ text: '"'.repeat(2000) });
  const stored = encodeBranch({ branchId: '1', op: 'confirm', url: 'u', payload });
  assert.ok(typeof stored !== 'string');
  assert.deepEqual([stored[0], Buffer.from(stored).includes(payload)], [2, true]);
  assert.equal(decodeBranch('1', 'confirm', stored).payload, payload);
  assert.equal(typeof encodeBranch({ branchId: '1', op: 'confirm', url: 'u', payload: 'x'.repeat(1024) }), 'string');
});

test('another format, or a damaged one, is refused and never misread', () => {
  const withBytes = encodeBranch({ branchId: '1', op: 'confirm', url: 'u', payload: new Uint8Array([1, 2, 3]) });
  assert.ok(typeof withBytes !== 'string');
  const newer = Uint8Array.from(withBytes);
  newer[0] = 3;
  const bad: Stored[] = [
    '[2,["u","p"]]',
    '[10,["u","p"]]',
    '["u","p"]',
    '{"url":"u"}',
    '',
    '[1,["u"',
    new Uint8Array(0),
    new Uint8Array([1, 0]),
    newer,
    withBytes.subarray(0, withBytes.length - 1),
    withBytes.subarray(0, 12),
    new Uint8Array([0x5b, 0xff]),
    '[1,{}]',
  ];
  for (const stored of bad) {
    assert.throws(
      () => decodeBranch('1', 'confirm', stored),
      (error) =>
        error instanceof StoreError && error.code === 'version' && /use the version of|restore a/.test(error.message),
      String(stored),
    );
  }
});
