/** dtm's JSON-RPC API on the HTTP port. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure, ongoing, type Scripted, type ScriptedService } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

interface Called {
  readonly status: number;
  readonly contentType: string;
  readonly answer: { error: null | { code: number; message: string }; id: string; jsonrpc: string; result: unknown };
}

async function send(body: string): Promise<Called> {
  const { coordinator } = at();
  const response = await fetch(`${coordinator.url}/api/json-rpc`, { method: 'POST', body });
  const contentType = response.headers.get('content-type') ?? '';
  const answer = JSON.parse(await response.text());
  assert.deepEqual(Object.keys(answer).sort(), ['error', 'id', 'jsonrpc', 'result']);
  return { status: response.status, contentType, answer };
}

const call = (method: string, params?: unknown) =>
  send(JSON.stringify({ id: 'no-use', jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) }));

/** Expects success. */
async function does(method: string, params: object): Promise<void> {
  const { status, contentType, answer } = await call(method, params);
  assert.deepEqual(
    [status, contentType, answer],
    [200, 'application/json; charset=utf-8', { error: null, id: 'no-use', jsonrpc: '2.0', result: null }],
  );
}

/** The error of a call that HTTP itself finds fine. */
async function refusal(method: string, params?: unknown) {
  const { status, answer } = await call(method, params);
  // As in dtm: no method was asked, or one refused.
  const result = answer.error?.code === -32601 ? null : {};
  assert.deepEqual([status, answer.id, answer.result], [200, 'no-use', result]);
  return answer.error ?? { code: 0, message: '' };
}

function saga(service: ScriptedService, gid: string, actions: readonly Scripted[][], options: object = {}) {
  const steps = actions.map((answers, index) => ({ action: service.script(`/${gid}/a${index + 1}`, ...answers) }));
  const payloads = steps.map(() => '{"amount":12345678901234567890.10}');
  return { gid, trans_type: 'saga', steps, payloads, protocol: 'json-rpc', ...options };
}

test('2: newGid gives a gid, with or without params', async () => {
  for (const params of [undefined, null, {}, [], 7]) {
    const { answer } = await call('newGid', params);
    assert.match((answer.result as { gid: string }).gid, /^[\w-]{8,128}$/);
    assert.equal(answer.error, null);
  }
});

test('22: a saga succeeds; its payloads arrive as they were sent, whatever their numbers', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await does('submit', saga(service, gid, [[], []], { wait_result: true }));
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  assert.equal((await client.query(gid)).transaction['protocol'], 'json-rpc');
  const [arrived] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.equal(arrived?.body, '{"amount":12345678901234567890.10}');
});

test('66: wait_result tells what failed and what is not over, each with its code', async () => {
  const { client, service } = at();
  const failed = await refusal('submit', saga(service, client.newGid(), [[failure]], { wait_result: true }));
  assert.deepEqual([failed.code, /no money.*FAILURE$/.test(failed.message)], [-32901, true], failed.message);
  const gid = client.newGid();
  await does('prepare', { gid, trans_type: 'tcc', wait_result: true });
  const confirm = service.script(`/${gid}/confirm`, ongoing);
  await does('registerBranch', { gid, trans_type: 'tcc', branch_id: '01', data: '{}', confirm, cancel: confirm });
  const unfinished = await refusal('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.deepEqual([unfinished.code, /ONGOING$/.test(unfinished.message)], [-32902, true], unfinished.message);
});

test('67: what is no JSON, or of other types, is a parse error: status 400 and text', async () => {
  for (const body of [
    '',
    '{',
    '[]',
    '7',
    '"x"',
    'null',
    '{"id":7,"jsonrpc":"2.0","method":"newGid"}',
    '{"id":"a","jsonrpc":2,"method":"newGid"}',
    '{"id":"a","jsonrpc":"2.0","method":{}}',
    '[{"id":"a","jsonrpc":"2.0","method":"newGid"}]',
    '['.repeat(100_000),
  ]) {
    const { status, contentType, answer } = await send(body);
    assert.deepEqual(
      [status, answer.id, answer.error?.code, answer.result],
      [400, '', -32700, null],
      body.slice(0, 60),
    );
    assert.match(contentType, /^text\/plain/);
    assert.match(answer.error?.message ?? '', /^Parse json error: /);
  }
});

test('67: another version, or no id, is a bad request', async () => {
  for (const [body, id] of [
    ['{"id":"a","jsonrpc":"1.0","method":"newGid"}', 'a'],
    ['{"id":"a","method":"newGid"}', 'a'],
    ['{"id":"","jsonrpc":"2.0","method":"newGid"}', ''],
    ['{"jsonrpc":"2.0","method":"newGid"}', ''],
  ] as const) {
    const { status, answer } = await send(body);
    assert.deepEqual([status, answer.id, answer.error?.code, answer.result], [200, id, -32600, null], body);
    assert.match(answer.error?.message ?? '', /^Bad json request: /);
  }
});

test('67: an unknown method is said to be so, and not repeated', async () => {
  for (const method of ['FAILURE', '', 'prepareWorkflow', '__proto__', 'Submit']) {
    const { code, message } = await refusal(method, {});
    assert.deepEqual(
      [code, message],
      [-32601, 'Method not found: there are newGid, prepare, submit, abort, registerBranch'],
    );
  }
});

test('67: bad input is -32603, names its field, and says neither FAILURE nor ONGOING', async () => {
  const { client } = at();
  for (const [method, params, expected] of [
    ['submit', { gid: 'FAILURE', trans_type: 'ONGOING' }, /^trans_type: must be one of/],
    ['submit', { gid: 7, trans_type: 'saga' }, /^gid: must be a string/],
    ['submit', undefined, /^gid: must not be empty|^trans_type/],
    ['submit', 'FAILURE', /^params: must be a JSON object/],
    ['prepare', ['FAILURE'], /^params: must be a JSON object/],
    ['registerBranch', { gid: 'a', trans_type: 'tcc', branch_id: 1 }, /^branch_id: must be a string/],
    ['abort', { gid: client.newGid(), trans_type: 'tcc' }, /^gid: no such transaction/],
    ['submit', { gid: 'a', trans_type: 'saga', steps: [{ action: 'FAILURE' }], payloads: [''] }, /^steps\[0\]\.action/],
  ] as const) {
    const { code, message } = await refusal(method, params);
    assert.equal(code, -32603, message);
    assert.match(message, expected);
    assert.doesNotMatch(message, /FAILURE|ONGOING/);
  }
});

test('68: submit of a finished gid is -32901', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = saga(service, gid, [[]], { wait_result: true });
  await does('submit', asked);
  assert.deepEqual(await refusal('submit', asked), {
    code: -32901,
    message: "current status 'succeed', cannot sumbmit. FAILURE",
  });
});

test('102: a gid is not stripped as it is in other bodies', async () => {
  const { client, service } = at();
  const gid = `${client.newGid()};b`;
  await does('submit', saga(service, gid, [[]], { wait_result: true }));
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('of several params the last counts, whatever the case of the keys', async () => {
  const { client } = at();
  const gid = client.newGid();
  const prepare = (trans_type: string) => JSON.stringify({ gid, trans_type });
  const { answer } = await send(
    `{"PARAMS":${prepare('saga')},"Id":"a","jsonRPC":"2.0","method":"prepare","params" : ${prepare('tcc')} }`,
  );
  assert.equal(answer.error, null);
  assert.equal((await client.query(gid)).transaction.trans_type, 'tcc');
});

test('requests are counted by method, with a label that has a bound', async () => {
  const { coordinator } = at();
  await send('{');
  const text = await (await fetch(`${coordinator.url}/api/metrics`)).text();
  const apis = [...text.matchAll(/^dtm_server_process_total\{type="json-rpc",api="(\w*)"/gm)].map(([, api]) => api);
  assert.deepEqual([...new Set(apis)].sort(), ['abort', 'newgid', 'prepare', 'registerbranch', 'submit', 'unknown']);
});
