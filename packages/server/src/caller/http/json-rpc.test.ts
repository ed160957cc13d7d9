import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BranchCall } from '../../engine/ports.ts';
import { callOf, messageOf, type Seen, send, service } from '../testing/services.ts';
import { jsonRpcBody } from './json-rpc-body.ts';

const own = '"gid":"s1","trans_type":"saga","branch_id":"01","op":"action"';
const paramsOf = (payload: BranchCall['payload']) =>
  jsonRpcBody(callOf('http://h/?method=M', { payload }), 'i').slice(
    '{"jsonrpc":"2.0","id":"i","method":"M","params":'.length,
    -1,
  );

test('what names the branch is put into the params as text; the payload stays as it is', () => {
  const cases: [payload: string, params: string][] = [
    ['', `{${own}}`],
    ['null', `{${own}}`],
    [' {\n} ', `{${own}}`],
    ['{"a":12345678901234567890.10}', `{"a":12345678901234567890.10,${own}}`],
    ['{ "a" : 1e400 }\n', `{"a" : 1e400,${own}}`],
    ['{"a":{"gid":1},"b":"op"}', `{"a":{"gid":1},"b":"op",${own}}`],
    ['{"gid":"x","a":1.0,"op":{"gid":2}}', `{"a":1.0,${own}}`],
    ['{"\\u0067id":"x"}', `{${own}}`],
    ['{"a":"\\"}","trans_type":[1],"b":1.50}', `{"a":"\\"}","b":1.50,${own}}`],
    ['{"gids":1}', `{"gids":1,${own}}`],
  ];
  for (const [payload, params] of cases) {
    assert.equal(paramsOf(payload), params, payload);
    assert.equal(paramsOf(Buffer.from(payload)), params, payload);
    JSON.parse(paramsOf(payload).replace('1e400', '1'));
  }
  for (const payload of ['[1]', '"a"', '1', 'true']) assert.throws(() => paramsOf(payload), /no JSON object/);
});

test('ids, types and methods are written as JSON', () => {
  const url = 'http://h/?a=1&method=%22T%0A%22';
  const body = jsonRpcBody(callOf(url, { gid: 'a"b\\', branchId: '01\u2028', op: 'ö' }), 'x"y');
  const { id, method, params } = JSON.parse(body);
  assert.deepEqual(
    [id, method, params],
    ['x"y', '"T\n"', { gid: 'a"b\\', trans_type: 'saga', branch_id: '01\u2028', op: 'ö' }],
  );
});

const rpc = async (
  answer: Parameters<typeof service>[0],
  more: Partial<BranchCall> = {},
  query = '?x=1&method=TransIn',
) => {
  const { url, seen } = await service(answer);
  const sent = await send(`${url}/rpc${query}`, { protocol: 'json-rpc', payload: '{"amount":30.10}', ...more });
  return { sent, seen };
};

test('a call goes to the whole URL, query kept, with the headers of HTTP', async () => {
  const answer = (_request: Seen, response: Parameters<Parameters<typeof service>[0]>[1]) =>
    response.end('{"result":null,"error":null}');
  const { sent, seen } = await rpc(answer, { headers: { 'x-h': '1' } });
  assert.equal(sent.outcome.kind, 'success');
  const [request] = seen;
  assert.deepEqual([request?.method, request?.url], ['POST', '/rpc?x=1&method=TransIn']);
  assert.deepEqual([request?.headers['content-type'], request?.headers['x-h']], ['application/json', '1']);
  const { id, ...rest } = JSON.parse(request?.body.toString() ?? '');
  assert.match(id, /^\S+$/);
  assert.deepEqual(rest, {
    jsonrpc: '2.0',
    method: 'TransIn',
    params: { amount: 30.1, gid: 's1', trans_type: 'saga', branch_id: '01', op: 'action' },
  });
  assert.ok(request?.body.includes('"amount":30.10'));
  const empty = await rpc(answer, { payload: '', type: 'xa', op: 'commit' });
  assert.deepEqual(JSON.parse(empty.seen[0]?.body.toString() ?? '').params, {
    gid: 's1',
    trans_type: 'xa',
    branch_id: '01',
    op: 'commit',
  });
});

test('Q6: the codes of an answer count', async () => {
  const outcome = async (body: string, status = 200) =>
    (await rpc((_request, response) => response.writeHead(status).end(body))).sent;
  const failure = await outcome('{"error":{"code":-32901,"message":"no money"}}');
  assert.deepEqual([failure.outcome.kind, messageOf(failure), failure.health], ['failure', 'no money FAILURE', 'ok']);
  assert.equal((await outcome('{"error":{"code":-32902,"message":"later"}}')).outcome.kind, 'ongoing');
  assert.equal((await outcome('{"error":{"code":-32000,"message":"oops"}}')).outcome.kind, 'error');
  assert.deepEqual((await outcome('busy', 503)).health, 'unavailable');
});

test('without the text `method` a json-rpc transaction calls by HTTP', async () => {
  const { seen } = await rpc((_request, response) => response.end(), {}, '?x=1');
  assert.equal(seen[0]?.url, '/rpc?x=1&branch_id=01&gid=s1&op=action&trans_type=saga');
  assert.equal(seen[0]?.body.toString(), '{"amount":30.10}');
});

test('a payload that cannot be params is an error of the call, not sent', async () => {
  const { sent, seen } = await rpc((_request, response) => response.end(), { payload: '[1]' });
  assert.match(messageOf(sent), /cannot be sent: the payload is no JSON object/);
  assert.deepEqual([sent.health, seen.length], ['ok', 0]);
});
