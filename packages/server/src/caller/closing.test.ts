import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosingOrigins, isFreshEnough, wasClosing } from './closing.ts';

const closing = { isReused: true, hasAnswerBegun: false, isSecond: false, sinceWrittenMs: 100 };

test('a connection was closing only if it was reused, had no byte of the answer, and ended within 100 ms', () => {
  assert.equal(wasClosing(closing), true);
  assert.equal(wasClosing({ ...closing, sinceWrittenMs: 0 }), true);
  assert.equal(wasClosing({ ...closing, sinceWrittenMs: 101 }), false);
  assert.equal(wasClosing({ ...closing, isReused: false }), false);
  assert.equal(wasClosing({ ...closing, hasAnswerBegun: true }), false);
  assert.equal(wasClosing({ ...closing, isSecond: true }), false);
});

test('a body over 64 KiB goes out only on a connection that was idle for at most a second', () => {
  assert.equal(isFreshEnough(65_536, 60_000), true);
  assert.equal(isFreshEnough(65_537, 1000), true);
  assert.equal(isFreshEnough(65_537, 1001), false);
});

test('an origin that ends three reused connections within ten seconds gets new ones for a minute', () => {
  const origins = new ClosingOrigins();
  origins.ended('http://a', 0);
  origins.ended('http://a', 10_000);
  assert.equal(origins.wantsFresh('http://a', 10_000), false);
  origins.ended('http://a', 10_001);
  assert.equal(origins.wantsFresh('http://a', 10_001), false, 'the first was longer ago');
  origins.ended('http://a', 10_002);
  assert.equal(origins.wantsFresh('http://a', 70_001), true);
  assert.equal(origins.wantsFresh('http://a', 70_002), false);
  assert.equal(origins.wantsFresh('http://b', 10_002), false);
});

test('a thousand origins are remembered', () => {
  const origins = new ClosingOrigins();
  const end = (origin: string) => {
    for (let count = 0; count < 3; count += 1) origins.ended(origin, 0);
  };
  for (let index = 0; index <= 1000; index += 1) end(`http://${index}`);
  assert.equal(origins.wantsFresh('http://0', 1), false);
  assert.equal(origins.wantsFresh('http://1', 1), true);
  assert.equal(origins.wantsFresh('http://1000', 1), true);
});
