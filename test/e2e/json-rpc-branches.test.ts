/** Branches that are called by JSON-RPC. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minute } from './manual-clock.ts';
import type { Scripted, ScriptedService } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

const protocol = 'json-rpc';
const errorOf = (code: number, message: string): Scripted => ({
  body: JSON.stringify({ jsonrpc: '2.0', id: '1', error: { code, message } }),
});
const good: Scripted = { body: '{"jsonrpc":"2.0","id":"1","result":null,"error":null}' };
const urlOf = (service: ScriptedService, path: string, name: string, ...answers: Scripted[]) =>
  `${service.script(path, ...answers)}?method=${name}`;
const bodiesOf = (service: ScriptedService, path: string) =>
  service.arrived.filter((request) => request.path === path).map(({ body }) => JSON.parse(body));

test('66: a message whose branch has an error, is not ready, and fails is delivered in the end', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const answers = [errorOf(-32603, 'oops'), errorOf(-32902, 'later'), errorOf(-32901, 'no'), good];
  const steps = [{ action: urlOf(service, `/${gid}`, 'TransIn', ...answers) }];
  await client.does('submit', { gid, trans_type: 'msg', protocol, steps, payloads: ['{"amount":30}'] });
  for (let calls = 1; calls < answers.length; calls += 1) {
    await clock.settle();
    assert.equal(bodiesOf(service, `/${gid}`).length, calls);
    assert.equal(await client.statusOf(gid), 'submitted');
    await client.retryNow(gid);
  }
  await client.untilStatus(gid, 'succeed');
  await clock.advance(minute);
  assert.equal(bodiesOf(service, `/${gid}`).length, answers.length);
});

test('69: a call has the method of its URL, and what names the branch among its params', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const action = `${service.script(`/${gid}`, good)}?x=1&method=TransIn`;
  const payload = '{"amount":12345678901234567890.10,"name":"é","gid":"mine"}';
  const branch_headers = { 'x-h': 'v' };
  const steps = [{ action, compensate: '' }];
  await client.does('submit', {
    gid,
    trans_type: 'saga',
    protocol,
    steps,
    payloads: [payload],
    branch_headers,
    wait_result: true,
  });
  const [call] = service.arrived.filter(({ path }) => path === `/${gid}`);
  assert.ok(call !== undefined);
  assert.deepEqual([call.method, call.search, call.headers['x-h']], ['POST', '?x=1&method=TransIn', 'v']);
  assert.equal(call.headers['content-type'], 'application/json');
  const { jsonrpc, id, method } = JSON.parse(call.body);
  assert.deepEqual([jsonrpc, method], ['2.0', 'TransIn']);
  assert.match(id, /^\S+$/);
  const own = `"gid":"${gid}","trans_type":"saga","branch_id":"01","op":"action"`;
  assert.ok(call.body.endsWith(`"params":{"amount":12345678901234567890.10,"name":"é",${own}}}`), call.body);
});

test('Q6: the code -32901 of a branch rolls a saga back, -32902 is asked again', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [
    {
      action: urlOf(service, `/${gid}/a1`, 'Out', errorOf(-32902, 'later'), good),
      compensate: urlOf(service, `/${gid}/c1`, 'OutRevert', good),
    },
    {
      action: urlOf(service, `/${gid}/a2`, 'In', errorOf(-32901, 'no money')),
      compensate: urlOf(service, `/${gid}/c2`, 'InRevert', good),
    },
  ];
  const { status } = await client.post('submit', {
    gid,
    trans_type: 'saga',
    protocol,
    steps,
    payloads: ['', 'null'],
    wait_result: true,
  });
  assert.deepEqual([status, await client.statusOf(gid)], [409, 'submitted']);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /return failed: no money FAILURE$/);
  assert.deepEqual(bodiesOf(service, `/${gid}/c2`)[0].params, {
    gid,
    trans_type: 'saga',
    branch_id: '02',
    op: 'compensate',
  });
});

test('D8: what is registered for a json-rpc tcc must be callable, its data able to be params', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc', protocol });
  const confirm = urlOf(service, `/${gid}/confirm`, 'Confirm', good);
  const branch = { gid, trans_type: 'tcc', branch_id: '01', confirm, cancel: '' };
  for (const [body, message] of [
    [{ ...branch, data: '[1]' }, /"data: must be a JSON object, or empty or null/],
    [{ ...branch, confirm: `${service.url}/methods`, data: '' }, /"confirm: must name a method in its query/],
  ] as const) {
    const { status, text } = await client.post('registerBranch', body);
    assert.equal(status, 400, text);
    assert.match(text, message);
  }
  await client.does('registerBranch', { ...branch, data: '{"a":1.0}' });
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.equal(bodiesOf(service, `/${gid}/confirm`)[0].method, 'Confirm');
});

test('D8: a payload that cannot be params is refused when it comes', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: urlOf(service, `/${gid}`, 'In') }];
  const { status, text } = await client.post('submit', {
    gid,
    trans_type: 'msg',
    protocol,
    steps,
    payloads: ['"FAILURE"'],
  });
  assert.equal(status, 400);
  assert.match(text, /"payloads\[0\]: must be a JSON object/);
  assert.doesNotMatch(text, /FAILURE/);
});

test('faults of development speak JSON-RPC to its calls', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const action = urlOf(service, `/${gid}`, 'In');
  const { status } = await client.http.post('/api/dev/faults', {
    url: action,
    kind: 'status',
    ...errorOf(-32901, 'no'),
    status: 200,
  });
  assert.equal(status, 200);
  const steps = [{ action, compensate: '' }];
  await client.post('submit', { gid, trans_type: 'saga', protocol, steps, payloads: ['{}'], wait_result: true });
  assert.equal(await client.statusOf(gid), 'failed');
});
