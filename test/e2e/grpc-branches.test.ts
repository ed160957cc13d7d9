/** Branches that are called over gRPC, of transactions that come over HTTP. The service is one of another library. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../lib/until.ts';
import { second } from './manual-clock.ts';
import {
  type ArrivedCall,
  aborted,
  later,
  ScriptedGrpcService,
  type ScriptedStatus,
  unknown,
} from './scripted-grpc-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();
const grpcService = new ScriptedGrpcService();

before(() => grpcService.start());
after(() => grpcService.stop());

const protocol = 'grpc';
/** A method of its own for each test: gids have a dash, which package names may not. */
const method = (gid: string, name: string) => `test.${gid.replaceAll('-', '_')}/${name}`;
const nameOf = ({ path }: ArrivedCall) => path.split('/').at(-1);
const names = (gid: string) => grpcService.callsOf(gid).map(nameOf).join(' ');

function saga(gid: string, steps: readonly { action?: ScriptedStatus[]; compensate?: ScriptedStatus[] }[], more = {}) {
  return {
    ...{ gid, trans_type: 'saga', protocol },
    steps: steps.map(({ action = [], compensate = [] }, index) => ({
      action: grpcService.script(method(gid, `a${index + 1}`), ...action),
      compensate: grpcService.script(method(gid, `c${index + 1}`), ...compensate),
    })),
    payloads: steps.map(() => '{"amount":30.10}'),
    ...more,
  };
}

test('36: a gRPC branch gets its payload as it is, what names it, and branch_headers as metadata', async () => {
  const { client } = at();
  const gid = client.newGid();
  const more = { branch_headers: { 'X-Trace': 't1', 'x-bin': 'bytes' }, wait_result: true };
  await client.does('submit', saga(gid, [{}, {}], more));
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  assert.equal(names(gid), 'a1 a2');
  const [call] = grpcService.callsOf(gid);
  assert.ok(call !== undefined);
  assert.equal(call.body.toString(), '{"amount":30.10}');
  const { metadata } = call;
  const named = ['dtm-gid', 'dtm-trans_type', 'dtm-branch_id', 'dtm-op', 'dtm-dtm', 'x-trace', 'x-bin'];
  assert.deepEqual(
    named.map((name) => metadata.get(name)),
    [[gid], ['saga'], ['01'], ['action'], [''], ['t1'], [Buffer.from('bytes')]],
  );
});

test('36: a compensation over gRPC has the headers too', async () => {
  const { client } = at();
  const gid = client.newGid();
  const branch_headers = { 'x-h': 'v' };
  await client.post('submit', saga(gid, [{}, { action: [aborted] }], { branch_headers, wait_result: true }));
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['failed', 'SSSF']);
  assert.equal(names(gid), 'a1 a2 c2 c1');
  assert.deepEqual(
    grpcService.callsOf(gid).map(({ metadata }) => [metadata.get('dtm-op')[0], metadata.get('x-h')[0]]),
    ['action', 'action', 'compensate', 'compensate'].map((op) => [op, 'v']),
  );
  assert.match(
    (await client.query(gid)).transaction.rollback_reason ?? '',
    /return failed: Insufficient balance FAILURE$/,
  );
});

test('FAILED_PRECONDITION is asked again after the interval as it is, another error after twice that', async () => {
  const { client, clock } = at();
  const gid = client.newGid();
  await client.does('submit', saga(gid, [{ action: [later, unknown] }], { retry_interval: 10 }));
  await until('it was called', () => names(gid) === 'a1');
  await clock.settle();
  await clock.advance(10 * second);
  assert.equal(names(gid), 'a1 a1');
  await clock.advance(19 * second);
  assert.equal(names(gid), 'a1 a1');
  await clock.advance(2 * second);
  assert.equal(names(gid), 'a1 a1 a1');
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('http URLs of a grpc transaction are called by HTTP', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = saga(gid, [{}], { wait_result: true });
  const steps = [...asked.steps, { action: service.script(`/${gid}/http?method=M`), compensate: '' }];
  await client.does('submit', { ...asked, steps, payloads: ['{}', '{"a":1}'] });
  assert.deepEqual([names(gid), service.callsOf(gid)], ['a1', [`/${gid}/http`]]);
  const [call] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual([call?.body, call?.query['method']], ['{"a":1}', 'M']);
});

test('a prepared message is asked about over gRPC, with an empty message', async () => {
  const { client, clock } = at();
  const gid = client.newGid();
  const query_prepared = grpcService.script(method(gid, 'query'));
  const steps = [{ action: grpcService.script(method(gid, 'a1')) }];
  await client.does('prepare', { gid, trans_type: 'msg', protocol, query_prepared, steps, payloads: ['x'] });
  await clock.advance(36 * second);
  assert.equal(names(gid), 'query a1');
  const [query] = grpcService.callsOf(gid);
  assert.equal(query?.body.length, 0);
  assert.deepEqual([query?.metadata.get('dtm-branch_id')[0], query?.metadata.get('dtm-op')[0]], ['00', 'msg']);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('tcc and xa: what is registered is called over gRPC', async () => {
  const { client } = at();
  const [tcc, xa] = [client.newGid(), client.newGid()];
  await client.does('prepare', { gid: tcc, trans_type: 'tcc', protocol });
  const [confirm, cancel] = ['confirm', 'cancel'].map((name) => grpcService.script(method(tcc, name)));
  await client.does('registerBranch', { gid: tcc, trans_type: 'tcc', branch_id: '01', data: 'd', confirm, cancel });
  await client.does('submit', { gid: tcc, trans_type: 'tcc', wait_result: true });
  assert.deepEqual([names(tcc), grpcService.callsOf(tcc)[0]?.body.toString()], ['confirm', 'd']);
  await client.does('prepare', { gid: xa, trans_type: 'xa', protocol });
  const url = grpcService.script(method(xa, 'phase2'));
  await client.does('registerBranch', { gid: xa, trans_type: 'xa', branch_id: '01', url });
  await client.does('abort', { gid: xa, trans_type: 'xa' });
  await client.untilStatus(xa, 'failed');
  const [call] = grpcService.callsOf(xa);
  assert.deepEqual([call?.metadata.get('dtm-op')[0], call?.body.length], ['rollback', 0]);
});

test('D9: an http transaction cannot call gRPC: neither its own URLs nor what is registered', async () => {
  const { client } = at();
  const gid = client.newGid();
  const url = grpcService.script(method(gid, 'none'));
  const refused = async (route: string, body: object, field: string) => {
    const { status, text } = await client.post(route, { gid, ...body });
    assert.equal(status, 400, text);
    assert.match(
      text,
      new RegExp(`"message":"${field}: must be an http or https URL: a transaction whose protocol is http`),
    );
  };
  await refused('submit', { trans_type: 'saga', steps: [{ action: url }], payloads: [''] }, 'steps\\[0\\]\\.action');
  await refused('prepare', { trans_type: 'msg', query_prepared: url }, 'query_prepared');
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await refused('registerBranch', { trans_type: 'tcc', branch_id: '01', confirm: url, cancel: '' }, 'confirm');
  assert.equal(await client.branchesOf(gid), '');
  const { status } = await client.post('registerBranch', {
    gid: client.newGid(),
    trans_type: 'xa',
    branch_id: '01',
    url,
  });
  assert.equal(status, 404);
});

test('a workflow is called back over gRPC with its input as WorkflowData', async () => {
  const { client, clock } = at();
  const gid = client.newGid();
  const query_prepared = grpcService.script(method(gid, 'Execute'));
  const custom_data = JSON.stringify({ name: 'wf', data: Buffer.from('input').toString('base64') });
  await client.post('prepareWorkflow', { gid, trans_type: 'workflow', protocol, query_prepared, custom_data });
  await clock.advance(11 * second);
  const [call] = grpcService.callsOf(gid);
  assert.equal(call?.body.toString('hex'), `0a05${Buffer.from('input').toString('hex')}`);
  assert.deepEqual([call?.metadata.get('dtm-branch_id')[0], call?.metadata.get('dtm-op')[0]], ['00', 'wf']);
  await client.does('submit', { gid, trans_type: 'workflow', req_extra: { status: 'succeed' } });
});

test('a topic with a gRPC subscriber takes grpc messages; an http one is refused whole', async () => {
  const { client } = at();
  const [topic, gid] = [client.newGid(), client.newGid()];
  const url = grpcService.script(method(gid, 'subscriber'));
  assert.equal((await client.get(`subscribe?${new URLSearchParams({ topic, url, remark: '' })}`)).status, 200);
  const message = {
    gid,
    trans_type: 'msg',
    steps: [{ action: `topic://${topic}` }],
    payloads: ['p'],
    wait_result: true,
  };
  const { status, text } = await client.post('submit', message);
  assert.deepEqual(
    [status, /steps\[0\]\.action: the topic has a subscriber that a message with protocol/.test(text)],
    [400, true],
  );
  await client.does('submit', { ...message, protocol });
  assert.equal(names(gid), 'subscriber');
});

test('faults of development reach gRPC calls', async () => {
  const { client } = at();
  const gid = client.newGid();
  const asked = saga(gid, [{}], { wait_result: true });
  const url = asked.steps[0]?.action;
  const fault = async (body: object) =>
    assert.equal((await client.http.post('/api/dev/faults', { url, ...body })).status, 200);
  await fault({ kind: 'drop-after' });
  await fault({ kind: 'status', status: 409, body: 'no money' });
  await client.post('submit', asked);
  assert.deepEqual([await client.statusOf(gid), names(gid)], ['submitted', 'a1']);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
  assert.equal(names(gid), 'a1 c1');
});
