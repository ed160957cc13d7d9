import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningAbout } from './dtm-result.ts';
import { judgeOf } from './judge.ts';

const queries = { type: 'msg', op: 'msg', url: 'http://s/query', protocol: 'http' } as const;
const rpc = { ...queries, url: 'http://s/?method=Query', protocol: 'json-rpc' } as const;
const action = { ...queries, op: 'action' } as const;

const strange = [
  '{"dtm_result":"Object reference not set"}',
  '{"dtm_result":"success"}',
  '{"dtm_result":"SUCCESS "}',
  '{"a":1,"dtm_result":7}',
  '{"dtm_result":{"dtm_result":"SUCCESS"}}',
  '{"DTM_result":"no"}',
  '{"dtm_result":false}',
];

test('the query of a message is answered by a yes, a no or not yet; anything else in dtm_result is an error', () => {
  for (const body of strange) {
    const outcome = judgeOf(queries)(200, body, 0);
    assert.equal(outcome.kind, 'error', body);
    assert.match('message' in outcome ? outcome.message : '', /^the dtm_result of the answer has no meaning/);
    assert.equal(judgeOf(action)(200, body, 0).kind, 'success', 'of an action it has run, whatever it says');
  }
  for (const [body, kind] of [
    ['', 'success'],
    ['ok', 'success'],
    ['{}', 'success'],
    ['{"dtm_result":"SUCCESS"}', 'success'],
    ['{ "dtm_result" : "SUCCESS", "x": 1 }', 'success'],
    ['{"dtm_result":""}', 'success'],
    ['{"dtm_result":null}', 'success'],
    ['{"data":{"dtm_result":"x"}}', 'success'],
    ['[{"dtm_result":"x"}]', 'success'],
    ['see dtm_result', 'success'],
    ['{"dtm_result":"FAILURE"}', 'failure'],
    ['{"dtm_result":"ONGOING"}', 'ongoing'],
  ] as const)
    assert.equal(judgeOf(queries)(200, body, 0).kind, kind, body);
  assert.equal(judgeOf(queries)(500, strange[0] ?? '', 0).kind, 'error');
  assert.equal(judgeOf(queries)(409, strange[0] ?? '', 0).kind, 'failure');
});

test('over JSON-RPC the result is looked at as well', () => {
  const result = (value: string) => `{"jsonrpc":"2.0","id":"1","result":${value}}`;
  assert.equal(judgeOf(rpc)(200, result('{"dtm_result":"Object reference not set"}'), 0).kind, 'error');
  assert.equal(judgeOf(rpc)(200, result('{"dtm_result":"SUCCESS"}'), 0).kind, 'success');
  for (const value of ['null', '{}', '"done"', '7']) {
    assert.equal(judgeOf(rpc)(200, result(value), 0).kind, 'success', value);
  }
  assert.equal(judgeOf({ ...rpc, op: 'action' })(200, result('{"dtm_result":"?"}'), 0).kind, 'success');
  assert.equal(judgeOf(rpc)(200, 'no JSON', 0).kind, 'error');
});

test('an action whose dtm_result means nothing has run, and people are warned', () => {
  const warning = (body: string) => warningAbout(judgeOf(action)(200, body, 0), body) ?? '';
  for (const body of strange) assert.match(warning(body), /^it counts as a success, but the dtm_result of/, body);
  for (const body of ['', '{"dtm_result":"SUCCESS"}', '{"dtm_result":"FAILURE"}', 'dtm_result']) {
    assert.equal(warning(body), '', body);
  }
  assert.equal(warningAbout(judgeOf(action)(500, strange[0] ?? '', 0), strange[0] ?? ''), undefined);
  assert.equal(warning(`{"dtm_result":"${'x'.repeat(70_000)}"}`), '', 'a long answer is not looked through');
});

test('a workflow may be called msg: the answer to its callback is not one to a query', () => {
  const callback = { ...queries, type: 'workflow' } as const;
  assert.equal(judgeOf(callback)(200, '{"dtm_result":false}', 0).kind, 'success');
});
