import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingFields } from './differing.ts';
import { apply, createTransaction, HoldfastError, type Ruling } from './index.ts';
import { ruleAbort, rulePrepare, ruleRepeat, ruleStop, ruleSubmit } from './request.ts';
import { defaults, message, saga, tcc } from './testing/definitions.ts';
import type { Definition, Status, Transaction } from './transaction.ts';
import { noOptions } from './transaction.ts';

const atMs = 1_005_000;

function inStatus(definition: Definition, status: Status): Transaction {
  const transaction = createTransaction(definition, 'prepared', defaults);
  return { ...transaction, progress: { ...transaction.progress, status } };
}

function said(ruling: Ruling): string {
  if (ruling instanceof HoldfastError) return `${ruling.code} ${ruling.message}`;
  return ruling === 'nothing' ? 'nothing' : ruling.kind;
}

const statuses: readonly Status[] = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];

test('prepare: fine while prepared', () => {
  for (const status of statuses) {
    const expected =
      status === 'prepared' ? 'nothing' : `WRONG_STATUS current status '${status}', cannot prepare. FAILURE`;
    assert.equal(said(rulePrepare(inStatus(saga(1), status), 'saga')), expected);
  }
});

test('submit: moves a prepared one, is fine while submitted, and keeps the spelling of the wire', () => {
  for (const status of statuses) {
    const refused = `WRONG_STATUS current status '${status}', cannot sumbmit. FAILURE`;
    const expected = {
      prepared: 'submitted',
      submitted: 'nothing',
      aborting: refused,
      succeed: refused,
      failed: refused,
    };
    assert.equal(said(ruleSubmit(inStatus(saga(1), status), saga(1), defaults, atMs)), expected[status]);
  }
});

for (const definition of [saga(1), message(1), tcc()]) {
  test(`abort of a ${definition.type}`, () => {
    for (const status of statuses) {
      const again = definition.type === 'tcc' && status === 'aborting' ? 'nothing' : undefined;
      const refused = `WRONG_STATUS trans type: '${definition.type}' current status '${status}', cannot abort. FAILURE`;
      const expected = status === 'prepared' ? 'abort-asked' : (again ?? refused);
      assert.equal(said(ruleAbort(inStatus(definition, status), definition.type, '', atMs)), expected);
    }
  });
}

test('forceStop: whatever is not final', () => {
  for (const status of statuses) {
    const isFinal = status === 'succeed' || status === 'failed';
    const refused = `WRONG_STATUS global transaction force stop error. status: ${status}. error: FAILURE`;
    assert.equal(said(ruleStop(inStatus(saga(1), status), atMs)), isFinal ? refused : 'stopped');
  }
});

test('Q32: another type than the stored one is bad input, never an outcome', () => {
  const stored = inStatus(saga(1), 'prepared');
  for (const ruling of [
    rulePrepare(stored, 'msg'),
    ruleSubmit(stored, message(1), defaults, atMs),
    ruleAbort(stored, 'tcc', '', atMs),
  ]) {
    assert.ok(ruling instanceof HoldfastError);
    assert.deepEqual([ruling.code, ruling.field], ['INVALID_INPUT', 'trans_type']);
  }
});

function submitted(stored: Definition, asked: Definition): Transaction {
  const prepared = createTransaction(stored, 'prepared', defaults);
  const ruling = ruleSubmit(prepared, asked, defaults, atMs);
  assert.ok(ruling !== 'nothing' && !(ruling instanceof HoldfastError));
  return apply(prepared, ruling);
}

test('Q15: a submit changes options that are present and not zero, and the plan with them', () => {
  const stored = saga(2, {
    options: { timeoutToFailMs: 60_000, retryIntervalMs: 20_000, branchHeaders: { a: '1' }, retryLimit: 2 },
  });
  const asked = saga(2, {
    options: { retryIntervalMs: 5000, waitResult: true, requestTimeoutMs: 9000 },
    customData: { concurrent: true },
  });
  const { definition, plan, progress } = submitted(stored, asked);
  assert.deepEqual(definition.options, {
    ...noOptions,
    waitResult: true,
    timeoutToFailMs: 60_000,
    requestTimeoutMs: 9000,
    retryIntervalMs: 5000,
    branchHeaders: { a: '1' },
    retryLimit: 2,
  });
  assert.deepEqual([plan.retryIntervalMs, plan.requestTimeoutMs, plan.concurrent], [5000, 9000, true]);
  assert.deepEqual([progress.submittedMs, progress.dueMs, progress.intervalMs], [atMs, atMs + 5000, 5000]);
});

test('without options and custom data, or with the same, the definition stays the one that is stored', () => {
  const stored = saga(2, { options: { branchHeaders: { a: '1' } }, customData: { concurrent: true } });
  assert.equal(submitted(stored, saga(2)).definition, stored);
  assert.equal(submitted(stored, structuredClone(stored)).definition, stored);
  assert.deepEqual(
    submitted(stored, saga(2, { options: { branchHeaders: { b: '2' } } })).definition.options.branchHeaders,
    { b: '2' },
  );
});

test('stored steps, payloads and query_prepared win; what differs is named', () => {
  const stored = message(2, { queryPrepared: 'http://svc/query' });
  const asked = message(2, { queryPrepared: 'http://svc/other' });
  const changed = { ...asked, steps: asked.steps.map((step) => ({ ...step, action: 'http://evil' })) };
  const { definition, progress } = submitted(stored, changed);
  assert.equal(definition, stored);
  assert.deepEqual(progress.ignoredFields, ['steps', 'query_prepared']);
  assert.equal(submitted(stored, stored).progress.ignoredFields, undefined);
});

test('a difference is one of content; a field left out does not differ', () => {
  const stored = saga(2);
  const withPayload = (payload: string | Uint8Array) => ({
    ...stored,
    steps: stored.steps.map((step) => ({ ...step, payload })),
  });
  assert.deepEqual(differingFields(stored, { ...stored, steps: [], queryPrepared: '' }), []);
  assert.deepEqual(differingFields(stored, withPayload('{}')), ['payloads']);
  assert.deepEqual(differingFields(withPayload(Uint8Array.of(1, 2)), withPayload(Uint8Array.of(1, 2))), []);
  assert.deepEqual(differingFields(withPayload(Uint8Array.of(1, 2)), withPayload(Uint8Array.of(1, 3))), ['payloads']);
  assert.deepEqual(differingFields(withPayload(new TextEncoder().encode('{"é":1}')), withPayload('{"é":1}')), []);
  assert.deepEqual(differingFields(withPayload('{}'), withPayload(Uint8Array.of(0x7b, 0x7c))), ['payloads']);
  assert.deepEqual(differingFields(stored, saga(3)), ['steps', 'payloads']);
});

test('custom data that cannot be followed is refused with the field, and nothing changes', () => {
  const prepared = createTransaction(saga(2), 'prepared', defaults);
  const asked = saga(2, { customData: { orders: { 1: [9] } } });
  const ruling = ruleSubmit(prepared, asked, defaults, atMs);
  assert.ok(ruling instanceof HoldfastError);
  assert.deepEqual([ruling.code, ruling.field], ['INVALID_INPUT', 'custom_data.orders']);
});

test('asked for again with other content, the fields that differ are told once, and nothing else is changed', () => {
  const running = inStatus(saga(2, { options: { retryLimit: 3, branchHeaders: { a: '1' } } }), 'submitted');
  const stored = running.definition;
  const told = (change: Partial<Definition>, of = running) => {
    const ruling = ruleRepeat(of, { ...stored, ...change }, atMs);
    return ruling !== 'nothing' && 'ignoredFields' in ruling ? (ruling.ignoredFields ?? []).join(' ') : ruling;
  };
  assert.equal(told({}), 'nothing');
  assert.equal(told({ options: noOptions }), 'nothing', 'what is left out does not differ');
  assert.equal(told({ steps: [], customData: '' }), 'nothing');
  assert.equal(told({ options: { ...stored.options, waitResult: true } }), 'nothing');
  assert.equal(told({ steps: stored.steps.slice(1) }), 'steps payloads');
  assert.equal(told({ steps: stored.steps.map((step) => ({ ...step, payload: 'other' })) }), 'payloads');
  assert.equal(told({ customData: '{"concurrent":true}' }), 'custom_data');
  assert.equal(told({ queryPrepared: 'http://q' }), 'query_prepared');
  const options = { ...noOptions, retryLimit: 4, timeoutToFailMs: 1, branchHeaders: { a: '2' }, concurrent: true };
  assert.equal(told({ options }), 'branch_headers timeout_to_fail concurrent retry_limit');

  const noted = apply(running, { kind: 'repeated', ignoredFields: ['payloads'], atMs });
  assert.deepEqual(noted.progress.ignoredFields, ['payloads']);
  assert.equal(told({ steps: stored.steps.map((step) => ({ ...step, payload: 'other' })) }, noted), 'nothing');
  assert.equal(told({ steps: stored.steps.slice(1) }, noted), 'steps');
  const again = apply(noted, { kind: 'repeated', ignoredFields: ['steps'], atMs });
  assert.deepEqual(again.progress.ignoredFields, ['payloads', 'steps']);
  assert.deepEqual(
    { ...again.progress, ignoredFields: undefined, updatedMs: 0 },
    {
      ...running.progress,
      ignoredFields: undefined,
      updatedMs: 0,
    },
  );
  assert.equal(told({ steps: [], customData: 'x' }, inStatus(stored, 'succeed')), 'nothing');
});
