import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  failureText,
  grpcCodeOf,
  isGrpcUnavailable,
  judgeGrpc,
  judgeHttp,
  judgeJsonRpc,
  outcomeMessageBytes,
  parseRetryAfter,
} from './outcome.ts';

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
  // Minutes, where each blank were tried as a beginning.
  assert.ok(performance.now() - begun < 20_000);
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
  // Back-off caps it.
  assert.equal(parseRetryAfter('9999999999', wallMs), 9_999_999_999_000);
  assert.equal(parseRetryAfter('9'.repeat(400), wallMs), Number.MAX_SAFE_INTEGER);
  for (const value of [undefined, '', 'soon', '-1', '1.5e9x']) {
    assert.equal(parseRetryAfter(value, wallMs), 0, value);
  }
});

const rpcKinds: [statusCode: number, body: string, kind: string, message?: string][] = [
  [200, '{"jsonrpc":"2.0","id":"1","result":null}', 'success'],
  [200, '{"error":null,"result":{"a":1}}', 'success'],
  [200, '{}', 'success'],
  [200, '{"error":{"code":-32901,"message":"no money"}}', 'failure', 'no money FAILURE'],
  [200, '{"error":{"code":-32901}}', 'failure', '{"error":{"code":-32901}} FAILURE'],
  [200, '{"error":{"code":-32901.0,"message":""}}', 'failure', 'FAILURE'],
  [500, '{"error":{"code":-32901,"message":"no money"}}', 'failure', 'no money FAILURE'],
  [200, '{"error":{"code":-32902,"message":"later"}}', 'ongoing', 'later'],
  [200, '{"error":{"code":-32902,"message":"FAILURE"}}', 'failure'],
  [200, '{"error":{"code":-32901,"message":"ONGOING"}}', 'ongoing'],
  [425, '{"error":{"code":-32901}}', 'ongoing'],
  [409, '', 'failure'],
  [200, '{"error":{"code":"-32901","message":"m"}}', 'error', 'JSON-RPC error -32901: m'],
  [200, '{"error":{"code":-32603,"message":"oops"}}', 'error', 'JSON-RPC error -32603: oops'],
  [200, '{"error":{}}', 'error', 'JSON-RPC error without code: {"error":{}}'],
  [200, '{"error":"oops"}', 'error', 'JSON-RPC error without code: {"error":"oops"}'],
  [200, '{"error":false}', 'error'],
  [200, '', 'error', 'the answer is not JSON-RPC: '],
  [200, 'ok', 'error', 'the answer is not JSON-RPC: ok'],
  [200, 'null', 'error'],
  [200, '[{"error":null}]', 'error'],
  [500, '{"result":1}', 'error', 'HTTP 500: {"result":1}'],
  [204, '', 'error', 'HTTP 204'],
];

for (const [statusCode, body, kind, message] of rpcKinds) {
  test(`JSON-RPC ${statusCode} ${body} is ${kind}`, () => {
    const outcome = judgeJsonRpc(statusCode, body, 7);
    assert.equal(outcome.kind, kind);
    if (message !== undefined) assert.equal('message' in outcome ? outcome.message : undefined, message);
  });
}

test('a JSON-RPC answer that was not read to its end is no success', () => {
  assert.equal(judgeJsonRpc(200, '{}', 0, 'too long').kind, 'error');
});

const codes: [code: number, message: string, kind: string, text?: string][] = [
  [0, 'FAILURE', 'success'],
  [10, 'no money', 'failure', 'no money FAILURE'],
  [10, 'no money FAILURE', 'failure', 'no money FAILURE'],
  [10, '', 'failure', 'FAILURE'],
  [10, 'ONGOING', 'ongoing', 'ONGOING'],
  [10, 'ONGOING ', 'failure'],
  [9, '', 'ongoing', ''],
  [9, 'FAILURE', 'ongoing'],
  [2, 'oops', 'error', 'gRPC 2 UNKNOWN: oops'],
  [2, 'x FAILURE ONGOING', 'error', 'gRPC 2 UNKNOWN: x ... ...'],
  [14, '', 'error', 'gRPC 14 UNAVAILABLE'],
  [17, 'm', 'error', 'gRPC 17 of an unknown meaning: m'],
  [-1, '', 'error'],
];

for (const [code, message, kind, text] of codes) {
  test(`gRPC ${code} "${message}" is ${kind}`, () => {
    const outcome = judgeGrpc(code, message);
    assert.equal(outcome.kind, kind);
    if (text !== undefined) assert.equal('message' in outcome ? outcome.message : undefined, text);
  });
}

test('HTTP statuses without a gRPC one are mapped as gRPC says', () => {
  const statuses = [400, 401, 403, 404, 429, 502, 503, 504, 200, 500, 409, 425];
  assert.deepEqual(statuses.map(grpcCodeOf), [13, 16, 7, 12, 14, 14, 14, 14, 2, 2, 2, 2]);
  assert.deepEqual([...Array(17).keys()].filter(isGrpcUnavailable), [4, 14]);
});

test('what is cut and still says ONGOING is not told twice; blanks around Retry-After do not count', () => {
  const long = judgeHttp(425, `ONGOING ${'x'.repeat(outcomeMessageBytes)}`, 0);
  assert.ok(long.kind === 'ongoing' && /^ONGOING x+$/u.test(long.message), JSON.stringify(long).slice(-40));
  const short = judgeHttp(425, 'wait', 0);
  assert.ok(short.kind === 'ongoing' && short.message === 'wait');
  assert.equal(parseRetryAfter(' 7 ', 0), 7000);
});

test('blanks before the text of a failure stay, those before the word do not', () => {
  assert.equal(failureText('  no money  FAILURE'), '  no money FAILURE');
});

test('JSON-RPC: an error with another code, a list, and a body that was not read are no success', () => {
  assert.equal(judgeJsonRpc(200, '{"error":{"code":-1,"message":"m"}}', 0).kind, 'error');
  assert.equal(judgeJsonRpc(200, '[1]', 0).kind, 'error');
  const unread = judgeJsonRpc(200, '{"error":{"code":-32901,"message":"no"}}', 0, 'too long');
  assert.notEqual(unread.kind, 'failure');
  assert.deepEqual(judgeJsonRpc(200, '{"error":null,"result":1}', 0), { kind: 'success' });
});
