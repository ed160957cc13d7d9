import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '@holdfast/core';
import { held, shown } from '../http/testing.ts';
import { encodeBranches, encodeOptions, encodeTransaction } from './encode.ts';
import { decodeList, wholeNumber } from './list.ts';
import { abortVerdict, submitVerdict } from './verdict.ts';

const created = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const step = (branchId: string, payload: string | Uint8Array) => ({
  branchId,
  action: 'http://h/a',
  compensate: '',
  payload,
});

test('a new transaction shows what dtm shows, and nothing that is empty', () => {
  assert.deepEqual(encodeTransaction(shown()), {
    id: 0,
    create_time: '2026-01-02T03:04:05.678Z',
    update_time: '2026-01-02T03:04:06.000Z',
    gid: 'g1',
    trans_type: 'saga',
    status: 'submitted',
    protocol: 'http',
    options: '{"concurrent":false}',
    next_cron_interval: 10,
    next_cron_time: '2026-01-02T03:04:15.678Z',
    concurrent: false,
  });
});

test('the end shows as finish_time or rollback_time', () => {
  const over = { finishedMs: created + 1000, reason: 'why FAILURE' };
  const succeeded = encodeTransaction(shown({}, { ...over, status: 'succeed', reason: '' }));
  assert.ok('finish_time' in succeeded && !('rollback_time' in succeeded) && 'next_cron_time' in succeeded);
  const failed = encodeTransaction(shown({}, { ...over, status: 'failed' }));
  assert.ok(!('finish_time' in failed) && 'rollback_reason' in failed);
  assert.deepEqual('rollback_time' in failed && failed.rollback_time, '2026-01-02T03:04:06.678Z');
});

test('a time that no date can hold is left out', () => {
  assert.ok(!('next_cron_time' in encodeTransaction(shown({}, { dueMs: Number.POSITIVE_INFINITY }))));
});

test('options are a text in the order of dtm', () => {
  const options = {
    ...shown().definition.options,
    waitResult: true,
    timeoutToFailMs: 1_800_000,
    requestTimeoutMs: 6000,
  };
  assert.equal(
    encodeOptions({ ...options, retryIntervalMs: 60_000, branchHeaders: { h: 'v' }, concurrent: true, retryLimit: 3 }),
    '{"wait_result":true,"timeout_to_fail":1800,"request_timeout":6,"retry_interval":60,"branch_headers":{"h":"v"},"concurrent":true,"retry_limit":3}',
  );
});

test('saga branches come as compensate, action of each step, with the words of the wire', () => {
  const steps = [step('01', '{"a":1}'), step('02', new Uint8Array([255, 0]))];
  const attempts = [{ operation: 1, atMs: created + 5, durationMs: 2, outcome: 'success' as const, reason: '' }];
  const rows = encodeBranches(shown({ steps }, { operations: 'psmf', attempts }));
  assert.deepEqual(rows[1], {
    id: 0,
    create_time: '2026-01-02T03:04:05.678Z',
    update_time: '2026-01-02T03:04:05.683Z',
    gid: 'g1',
    url: 'http://h/a',
    bin_data: 'eyJhIjoxfQ==',
    branch_id: '01',
    op: 'action',
    status: 'succeed',
    finish_time: '2026-01-02T03:04:05.683Z',
  });
  const seen = rows.map((row) => ('status' in row && 'op' in row ? [row.op, row.status] : []));
  assert.deepEqual(seen, [
    ['compensate', 'prepared'],
    ['action', 'succeed'],
    ['compensate', 'prepared'],
    ['action', 'failed'],
  ]);
  assert.equal(JSON.stringify(rows[3]).includes('"bin_data":"/wA="'), true);
  assert.equal(JSON.stringify(rows[2]).includes('"url"'), false);
});

test('registered branches have no times of their own', () => {
  const branches = [{ branchId: '01', op: 'cancel' as const, url: '', payload: '' }];
  const [row] = encodeBranches({ ...shown({ type: 'tcc' }), branches });
  assert.deepEqual(row, {
    id: 0,
    create_time: null,
    update_time: null,
    gid: 'g1',
    branch_id: '01',
    op: 'cancel',
    status: 'prepared',
  });
});

test('30, 31, 32, 79, 80, 104: what a waiting client is told of a submit', () => {
  const verdict = (type: 'saga' | 'msg' | 'tcc', progress: object, trouble?: Outcome) =>
    submitVerdict({ transaction: held(shown({ type }, progress)), trouble });
  const ongoing: Outcome = { kind: 'ongoing', message: 'later ONGOING' };
  const failure: Outcome = { kind: 'failure', message: 'no FAILURE' };
  const error: Outcome = { kind: 'error', message: 'HTTP 500: oops', retryAfterMs: 0 };
  const unfinished =
    'wait result not return success: it is still ongoing, with status submitted; query it for its end. FAILURE';
  assert.deepEqual(submitVerdict(undefined), { kind: 'success' });
  assert.deepEqual(verdict('saga', { status: 'succeed' }, error), { kind: 'success' });
  assert.deepEqual(verdict('saga', { status: 'failed', reason: 'url:u return failed: no FAILURE' }), {
    kind: 'failure',
    message: 'url:u return failed: no FAILURE',
  });
  assert.deepEqual(verdict('saga', { status: 'failed', reason: 'Timeout after 5 seconds' }), {
    kind: 'failure',
    message: 'Timeout after 5 seconds FAILURE',
  });
  for (const trouble of [undefined, ongoing, error]) {
    assert.deepEqual(verdict('saga', { status: 'submitted' }, trouble), { kind: 'failure', message: unfinished });
  }
  assert.deepEqual(verdict('saga', { status: 'aborting', reason: 'because' }, error), {
    kind: 'failure',
    message: 'because FAILURE',
  });
  assert.deepEqual(verdict('msg', { status: 'submitted' }, ongoing), { kind: 'failure', message: unfinished });
  assert.deepEqual(verdict('tcc', { status: 'submitted' }, ongoing), { kind: 'ongoing', message: 'later ONGOING' });
  assert.deepEqual(verdict('tcc', { status: 'submitted' }, failure), {
    kind: 'failure',
    message: 'this operation cannot fail and is retried: no FAILURE',
  });
  for (const type of ['tcc', 'msg'] as const) {
    assert.equal(verdict(type, { status: 'submitted' }, error).kind, 'error');
    assert.deepEqual(verdict(type, { status: 'submitted' }), { kind: 'failure', message: unfinished });
  }
});

test('an abort that waits reports only what went wrong on the way', () => {
  const verdict = (status: 'aborting' | 'failed', trouble?: Outcome) =>
    abortVerdict({ transaction: held(shown({ type: 'tcc' }, { status, reason: 'asked' })), trouble });
  assert.equal(verdict('failed', { kind: 'failure', message: 'first no' }).kind, 'success');
  assert.equal(verdict('aborting').kind, 'success');
  assert.equal(verdict('aborting', { kind: 'failure', message: '' }).kind, 'failure');
  assert.equal(verdict('aborting', { kind: 'ongoing', message: '' }).kind, 'ongoing');
});

test('list parameters: empty is unset, times are whole seconds with both ends', () => {
  const list = (query: string) => decodeList(new URLSearchParams(query), 1000);
  assert.deepEqual(list('status=&transType=&position=&limit='), { limit: 100 });
  assert.deepEqual(list('limit=5000&status=failed&transType=tcc&position=p&createTimeStart=1500&createTimeEnd=2500'), {
    limit: 1000,
    status: 'failed',
    type: 'tcc',
    position: 'p',
    createdFromMs: 1000,
    createdToMs: 2999,
  });
  for (const bad of [
    'limit=abc',
    'limit=0',
    'limit=-1',
    'limit=1.5',
    'limit=1e3',
    'status=FAILURE',
    'transType=FAILURE',
    'createTimeStart=x',
  ]) {
    assert.throws(() => list(bad), { code: 'INVALID_INPUT', field: bad.split('=')[0] }, bad);
  }
  assert.equal(wholeNumber(new URLSearchParams('n=7'), 'n', 0, 7), 7);
});
