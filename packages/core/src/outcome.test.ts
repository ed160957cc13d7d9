import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureText, judgeHttp, outcomeMessageBytes, parseRetryAfter } from './outcome.ts';

const kinds: [statusCode: number, body: string, kind: string][] = [
  [200, '', 'success'],
  [200, '{"dtm_result":"SUCCESS"}', 'success'],
  [200, 'ongoing failure', 'success'],
  [425, '', 'ongoing'],
  [425, 'FAILURE', 'ongoing'],
  [200, 'ONGOING FAILURE', 'ongoing'],
  [409, 'ONGOING', 'ongoing'],
  [500, 'xx ONGOING', 'ongoing'],
  [409, '', 'failure'],
  [500, 'xx FAILURE', 'failure'],
  [200, 'FAILURE', 'failure'],
  [201, '', 'error'],
  [204, '', 'error'],
  [302, 'moved', 'error'],
  [400, '', 'error'],
  [500, 'oops', 'error'],
];

for (const [statusCode, body, kind] of kinds) {
  test(`HTTP ${statusCode} "${body}" is ${kind}`, () => {
    assert.equal(judgeHttp(statusCode, body, 0).kind, kind);
  });
}

test('an error says the status and the text, and carries what Retry-After asked for', () => {
  assert.deepEqual(judgeHttp(503, 'busy', 7000), { kind: 'error', message: 'HTTP 503: busy', retryAfterMs: 7000 });
  assert.deepEqual(judgeHttp(500, '', 0), { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 });
});

test('of a text that was not read to its end only what was seen counts, and it is never a success', () => {
  assert.equal(judgeHttp(200, 'a FAILURE b', 0, 'too long').kind, 'failure');
  assert.equal(judgeHttp(200, 'ONGOING', 0, 'too long').kind, 'ongoing');
  assert.equal(judgeHttp(409, '', 0, 'too long').kind, 'failure');
  assert.deepEqual(judgeHttp(200, 'abc', 0, 'too long'), {
    kind: 'error',
    message: 'too long: abc',
    retryAfterMs: 0,
  });
});

test('a failure ends with exactly one FAILURE', () => {
  assert.equal(failureText(''), 'FAILURE');
  assert.equal(failureText('FAILURE'), 'FAILURE');
  assert.equal(failureText('no money'), 'no money FAILURE');
  assert.equal(failureText('no money FAILURE'), 'no money FAILURE');
  assert.equal(failureText('no money FAILURE FAILURE\n'), 'no money FAILURE');
  assert.equal(failureText('FAILURE: no money'), 'FAILURE: no money FAILURE');
});

test('a megabyte of blanks or of the word is judged at once', () => {
  const begun = performance.now();
  judgeHttp(409, `FAILURE${' '.repeat(1 << 20)}x`, 0);
  failureText(`${' '.repeat(1 << 20)}x`);
  failureText('FAILURE '.repeat(1 << 17));
  assert.ok(performance.now() - begun < 2000);
});

test('a long text is cut after judging, and keeps the word that decided', () => {
  const long = 'x'.repeat(10_000);
  const failure = judgeHttp(500, `${long} FAILURE`, 0);
  assert.ok(failure.kind === 'failure' && failure.message.endsWith('xxx FAILURE'));
  assert.ok(failure.message.length <= outcomeMessageBytes + 8);
  const ongoing = judgeHttp(500, `${long} ONGOING`, 0);
  assert.ok(ongoing.kind === 'ongoing' && ongoing.message.endsWith('xxx ONGOING'));
  const error = judgeHttp(500, long, 0);
  assert.ok(error.kind === 'error' && error.message.length === outcomeMessageBytes);
});

test('Retry-After in seconds, as a date, or as nothing usable', () => {
  const wallMs = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('120', wallMs), 120_000);
  assert.equal(parseRetryAfter(' 3 ', wallMs), 3000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', wallMs), 5000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2025 00:00:05 GMT', wallMs), 0);
  for (const value of [undefined, '', 'soon', '-1', '1.5e9x', '99999999999999']) {
    assert.equal(parseRetryAfter(value, wallMs), 0, value);
  }
});
