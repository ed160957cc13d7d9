import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message } from './testing/definitions.ts';
import { expandTopics, topicsOf } from './topic.ts';
import type { Step } from './transaction.ts';

const stepsTo = (...actions: string[]): Step[] =>
  message(actions.length).steps.map((step, index) => ({ ...step, action: actions[index] ?? '' }));

const subscribers = (topic: string) => ({ one: ['http://a/1'], two: ['http://a/1', 'http://b/2'] })[topic] ?? [];

test('a topic stands for a branch per subscriber, each with the payload of its step', () => {
  const expanded = expandTopics(stepsTo('http://c', 'topic://two', 'topic://one'), 'http', subscribers);
  assert.deepEqual(
    expanded.map(({ branchId, action, payload }) => [branchId, action, payload]),
    [
      ['01', 'http://c', '{"step":0}'],
      ['02-01', 'http://a/1', '{"step":1}'],
      ['02-02', 'http://b/2', '{"step":1}'],
      ['03', 'http://a/1', '{"step":2}'],
    ],
  );
});

test('a topic without subscribers is named by its step, not by its name', () => {
  assert.throws(() => expandTopics(stepsTo('http://c', 'topic://FAILURE'), 'http', subscribers), {
    code: 'INVALID_INPUT',
    message: 'steps[1].action: topic not found, or it has no subscriber',
  });
});

test('subscribers count as steps', () => {
  const many = Array.from({ length: 5001 }, (_, index) => `http://a/${index}`);
  assert.throws(
    () => expandTopics(stepsTo('topic://m', 'topic://m'), 'http', () => many),
    /steps: must be at most 10000/,
  );
});

test('what a message would become is known before it is made', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => `http://a/${index}`);
  const steps = stepsTo(...Array.from({ length: 10_000 }, () => 'topic://m'));
  assert.throws(() => expandTopics(steps, 'http', () => many), /steps: must be at most 10000 with all subscribers/);
});

test('a payload counts once for each subscriber', () => {
  const [step] = stepsTo('topic://two');
  assert.ok(step !== undefined);
  for (const payload of ['é'.repeat(2 ** 22 + 1), new Uint8Array(2 ** 23 + 1)]) {
    assert.throws(() => expandTopics([{ ...step, payload }], 'http', subscribers), {
      code: 'INVALID_INPUT',
      message: 'payloads: a transaction must be at most 16777216 bytes with all subscribers',
    });
  }
  assert.equal(expandTopics([{ ...step, payload: 'x'.repeat(2 ** 22) }], 'http', subscribers).length, 2);
});

test('every subscriber must be one that the message can call', () => {
  const one = (url: string, protocol: string, payload = '{}') =>
    expandTopics(
      [{ ...stepsTo('topic://t')[0], branchId: '01', action: 'topic://t', compensate: '', payload }],
      protocol,
      () => ['http://a/1', url],
    );
  assert.throws(() => one('h:1/a.B/C', 'http'), /^HoldfastError: steps\[0\]\.action: the topic has a subscriber that/);
  assert.throws(() => one('http://a/methods', 'json-rpc'), /steps\[0\]\.action: the topic/);
  assert.throws(() => one('http://a/?method=M', 'json-rpc', '[1]'), /payloads\[0\]: must be a JSON object/);
  assert.equal(one('h:1/a.B/C', 'grpc').length, 2);
  assert.equal(one('http://a/?method=M', 'json-rpc').length, 2);
  assert.equal(one('http://a/?method=M', 'http', '[1]').length, 2);
});

test('the topics that are named, each once', () => {
  assert.deepEqual(topicsOf(stepsTo('topic://a', 'http://c', 'topic://b', 'topic://a')), ['a', 'b']);
});
