/** dtm's gRPC API, spoken to by a real gRPC client that knows only the published .proto. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/until.ts';
import { failure, ongoing, type Scripted, type ScriptedService, short } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

const codes = {
  ok: 0,
  invalid: 3,
  deadline: 4,
  notFound: 5,
  exists: 6,
  exhausted: 8,
  ongoing: 9,
  failure: 10,
  unimplemented: 12,
};

/** Not UTF-8, and not JSON: whatever a protobuf message may be. */
const binary = Buffer.from([0x0a, 0x02, 0xff, 0xfe, 0x00, 0x80]);

/** A saga whose steps answer as scripted: `[action, compensate]` of each step, each once, then 200. */
function saga(service: ScriptedService, gid: string, actions: readonly Scripted[][], options: object = {}) {
  const steps = actions.map((answers, index) => ({
    action: service.script(`/${gid}/a${index + 1}`, ...answers),
    compensate: service.script(`/${gid}/c${index + 1}`),
  }));
  const BinPayloads = steps.map(() => binary);
  return { Gid: gid, TransType: 'saga', Steps: JSON.stringify(steps), BinPayloads, TransOptions: options };
}

test('2: NewGid gives a gid, another each time', async () => {
  const { grpc } = at();
  const gids = await Promise.all([1, 2].map(() => grpc.does('NewGid', {})));
  assert.equal(new Set(gids.map(({ Gid }) => Gid)).size, 2);
  assert.match(String(gids[0]?.['Gid']), /^[\w-]{8,128}$/);
});

test('45: a saga succeeds, and each payload arrives byte for byte', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  await grpc.does('Submit', saga(service, gid, [[], []], { WaitResult: true, BranchHeaders: { 'x-h': 'v' } }));
  assert.equal(await client.branchesOf(gid), 'PSPS');
  const { transaction, branches } = await client.query(gid);
  assert.equal(transaction['protocol'], 'grpc');
  assert.deepEqual(
    branches.map(({ bin_data }) => bin_data),
    Array(4).fill(binary.toString('base64')),
  );
  const calls = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual(
    calls.map(({ headers }) => headers['x-h']),
    ['v', 'v'],
  );
  assert.deepEqual(
    calls.map(({ bytes }) => bytes),
    [binary, binary],
  );
});

test('45: a saga rolls back, in mirror order', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  await grpc.does('Submit', saga(service, gid, [[], [failure]]));
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.equal(short(service.callsOf(gid)), 'a1 a2 c2 c1');
});

test('45: a branch that is ONGOING is asked again', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  await grpc.does('Submit', saga(service, gid, [[ongoing]], { RetryInterval: 7 }));
  await until('it was called', () => service.callsOf(gid).length === 1);
  assert.equal((await client.query(gid)).transaction.next_cron_interval, 7);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
});

test('45: an empty URL succeeds without a call', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const Steps = JSON.stringify([{ action: '', compensate: '' }]);
  const BinPayloads = [Buffer.alloc(0)];
  await grpc.does('Submit', { Gid: gid, TransType: 'saga', Steps, BinPayloads, TransOptions: { WaitResult: true } });
  assert.deepEqual([await client.branchesOf(gid), service.callsOf(gid)], ['PS', []]);
});

test('46: with WaitResult a rollback is ABORTED, with the text of the branch; so is its reason', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const refusal = { status: 409, body: 'Guthaben zu klein: 3 €' };
  const { code, details } = await grpc.call('Submit', saga(service, gid, [[refusal]], { WaitResult: true }));
  assert.equal(code, codes.failure);
  assert.match(details, /Guthaben zu klein: 3 € FAILURE$/);
  assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /Guthaben zu klein: 3 €/);
});

test('27: submit of a finished one is ABORTED', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const asked = saga(service, gid, [[]], { WaitResult: true });
  await grpc.does('Submit', asked);
  const { code, details } = await grpc.call('Submit', asked);
  assert.deepEqual([code, details], [codes.failure, "current status 'succeed', cannot sumbmit. FAILURE"]);
});

test('98: Submit with only a gid is INVALID_ARGUMENT, and stores nothing', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  const { code, details } = await grpc.call('Submit', { Gid: gid });
  assert.equal(code, codes.invalid);
  assert.match(details, /^trans_type: must be one of/);
  const { text } = await client.get(`query?gid=${gid}`);
  assert.equal(JSON.parse(text).transaction, null);
});

test('51, 58, 59: a message is prepared, again, and submitted; then it cannot be prepared', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const action = service.script(`/${gid}/a1`);
  const asked = {
    ...{ Gid: gid, TransType: 'msg', Steps: JSON.stringify([{ action }]), BinPayloads: [binary] },
    ...{ QueryPrepared: service.script(`/${gid}/query`), TransOptions: {} },
  };
  await grpc.does('Prepare', asked);
  await grpc.does('Prepare', asked);
  assert.equal(await client.statusOf(gid), 'prepared');
  await grpc.does('Submit', asked);
  await client.untilStatus(gid, 'succeed');
  assert.equal((await grpc.call('Prepare', asked)).code, codes.failure);
  assert.equal(short(service.callsOf(gid)), 'a1');
});

test('64: a message is concurrent where its CustomedData says so', async () => {
  const { grpc, client, service } = at();
  for (const [CustomedData, calls] of [
    ['{"concurrent":true}', 2],
    ['{"concurrent":false}', 1],
    ['{"":true}', 1],
    ['{"":"no option"}', 1],
    ['', 1],
  ] as const) {
    const gid = client.newGid();
    const action = (id: number) => ({ action: service.script(`/${gid}/a${id}`, ongoing) });
    const Steps = JSON.stringify([action(1), action(2)]);
    await grpc.does('Submit', { Gid: gid, TransType: 'msg', Steps, BinPayloads: [binary, binary], CustomedData });
    await until(
      'its run is over',
      async () => (await client.query(gid)).branches.length === 2 && service.callsOf(gid).length === calls,
    );
    assert.equal((await client.query(gid)).transaction['concurrent'], calls === 2);
  }
});

test('65: a prepared message is aborted, once', async () => {
  const { grpc, client } = at();
  const gid = client.newGid();
  const asked = { Gid: gid, TransType: 'msg', Steps: 'null', TransOptions: {} };
  await grpc.does('Prepare', asked);
  await grpc.does('Abort', asked);
  assert.equal(await client.statusOf(gid), 'failed');
  assert.equal((await grpc.call('Abort', asked)).code, codes.failure);
});

test('70: a tcc is confirmed from the last registered to the first', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const tcc = { Gid: gid, TransType: 'tcc', TransOptions: { WaitResult: true }, Steps: 'null' };
  await grpc.does('Prepare', tcc);
  for (const id of ['01', '02']) await grpc.does('RegisterBranch', branch(service, gid, id));
  await grpc.does('Submit', tcc);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  assert.equal(short(service.callsOf(gid)), 'confirm02 confirm01');
  assert.deepEqual(service.arrived.find(({ query }) => query['gid'] === gid)?.bytes, binary);
});

test('71, 78: a tcc is aborted with the client’s reason; nothing can be registered then', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  await grpc.does('Prepare', { Gid: gid, TransType: 'tcc', Steps: 'null' });
  await grpc.does('RegisterBranch', branch(service, gid, '01'));
  await grpc.does('Abort', { Gid: gid, TransType: 'tcc', Steps: 'null', RollbackReason: 'user cancelled' });
  await client.untilStatus(gid, 'failed');
  assert.equal((await client.query(gid)).transaction.rollback_reason, 'user cancelled');
  assert.equal((await grpc.call('RegisterBranch', branch(service, gid, '02'))).code, codes.failure);
});

test('77: the same branch again is fine; with other content it exists already', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  await grpc.does('Prepare', { Gid: gid, TransType: 'tcc', Steps: 'null' });
  const asked = branch(service, gid, '01');
  await grpc.does('RegisterBranch', asked);
  await grpc.does('RegisterBranch', asked);
  const { code, details } = await grpc.call('RegisterBranch', { ...asked, BusiPayload: Buffer.from('other') });
  assert.deepEqual([code, /FAILURE|ONGOING/.test(details)], [codes.exists, false]);
  await grpc.does('Abort', { Gid: gid, TransType: 'tcc' });
});

test('79: with WaitResult a confirm that is ONGOING is FAILED_PRECONDITION', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const tcc = { Gid: gid, TransType: 'tcc', TransOptions: { WaitResult: true }, Steps: 'null' };
  await grpc.does('Prepare', tcc);
  service.script(`/${gid}/confirm01`, ongoing);
  await grpc.does('RegisterBranch', branch(service, gid, '01'));
  const { code, details } = await grpc.call('Submit', tcc);
  assert.deepEqual([code, /ONGOING$/.test(details)], [codes.ongoing, true], details);
});

test('81: an xa is committed at the URL that its branches registered, with nothing as body', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const xa = { Gid: gid, TransType: 'xa', Steps: 'null', TransOptions: { WaitResult: true } };
  await grpc.does('Prepare', xa);
  const url = service.script(`/${gid}/phase2`);
  for (const BranchID of ['01', '02']) {
    await grpc.does('RegisterBranch', { Gid: gid, TransType: 'xa', BranchID, Data: { url } });
  }
  await grpc.does('Submit', xa);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  const calls = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual(
    calls.map(({ query, bytes }) => [query['op'], bytes.length]),
    [
      ['commit', 0],
      ['commit', 0],
    ],
  );
});

test('results that would make a workflow unreadable for its clients are refused with the total', async () => {
  const { grpc, client, service } = at();
  const megabyte = Buffer.alloc(1_000_000, 1);
  const gid = client.newGid();
  const QueryPrepared = service.script(`/${gid}/callback`);
  const asked = { Gid: gid, TransType: 'workflow', CustomedData: '{"name":"wf"}', QueryPrepared, Steps: 'null' };
  await grpc.does('PrepareWorkflow', asked);
  const step = (BranchID: string) => ({
    ...{ Gid: gid, TransType: 'workflow', BranchID, BusiPayload: megabyte },
    Data: { op: 'action', status: 'succeed' },
  });
  for (const id of ['01', '02', '03', '04']) await grpc.does('RegisterBranch', step(id));
  const { code, details } = await grpc.call('RegisterBranch', step('05'));
  assert.equal(code, 8);
  assert.match(
    details,
    /^data: .* take 5001224 bytes together; they may take 4194304 \(the setting grpc\.messageLimitBytes\)/,
  );
  // A client that takes 4 MiB, as all do, resumes it.
  const { Progresses } = await grpc.does('PrepareWorkflow', asked);
  assert.equal((Progresses as unknown[]).length, 4);
  const http = client.newGid();
  const prepared = { gid: http, trans_type: 'workflow', custom_data: '{"name":"wf"}' };
  const query_prepared = service.script(`/${http}/callback`);
  await client.post('prepareWorkflow', { ...prepared, query_prepared });
  const named = { gid: http, trans_type: 'workflow', op: 'action', status: 'succeed', data: 'r'.repeat(1_000_000) };
  for (const branch_id of ['01', '02', '03', '04']) await client.does('registerBranch', { ...named, branch_id });
  const refused = await client.post('registerBranch', { ...named, branch_id: '05' });
  assert.deepEqual([refused.status, /the setting http\.bodyLimitBytes/.test(refused.text)], [413, true], refused.text);
});

test('86, 88, Q17: a workflow registers its steps and ends; prepared again it tells its steps and its result', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const CustomedData = JSON.stringify({ name: 'wf', data: Buffer.from('in').toString('base64') });
  const QueryPrepared = service.script(`/${gid}/callback`);
  const asked = { Gid: gid, TransType: 'workflow', CustomedData, QueryPrepared, Steps: 'null' };
  const fresh = await grpc.does('PrepareWorkflow', asked);
  assert.deepEqual(fresh, {
    Transaction: { Gid: gid, Status: 'prepared', RollbackReason: '', Result: '' },
    Progresses: [],
  });
  const step = { Gid: gid, TransType: 'workflow', BranchID: '01', BusiPayload: binary };
  await grpc.does('RegisterBranch', { ...step, Data: { op: 'action', status: 'succeed' } });
  await grpc.does('RegisterBranch', { ...step, BranchID: '02', Data: { op: 'action', status: 'failed', sync: '1' } });
  const result = binary.toString('base64');
  const ReqExtra = { status: 'succeed', result, rollback_reason: '' };
  await grpc.does('Submit', { ...asked, ReqExtra });
  assert.deepEqual(await grpc.does('PrepareWorkflow', asked), {
    Transaction: { Gid: gid, Status: 'succeed', RollbackReason: '', Result: result },
    Progresses: [
      { Status: 'succeed', BinData: binary, BranchID: '01', Op: 'action' },
      { Status: 'failed', BinData: binary, BranchID: '02', Op: 'action' },
    ],
  });
});

test('89: a workflow that fails keeps its reason', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const QueryPrepared = service.script(`/${gid}/callback`);
  const asked = { Gid: gid, TransType: 'workflow', CustomedData: '{"name":"wf","data":null}', QueryPrepared };
  await grpc.does('PrepareWorkflow', asked);
  await grpc.does('Submit', { ...asked, ReqExtra: { status: 'failed', rollback_reason: 'no money. FAILURE' } });
  const { Transaction } = await grpc.does('PrepareWorkflow', asked);
  assert.deepEqual(Transaction, { Gid: gid, Status: 'failed', RollbackReason: 'no money. FAILURE', Result: '' });
});

test('94, 95, 96, 51: topics are subscribed to, sent to, left and deleted', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  const topic = `topic-${gid}`;
  const urls = [service.script(`/${gid}/one`), service.script(`/${gid}/two`)];
  for (const URL of urls) await grpc.does('Subscribe', { Topic: topic, URL, Remark: 'r' });
  for (const [method, asked, code] of [
    ['Subscribe', { Topic: topic, URL: urls[0] }, codes.invalid],
    ['Subscribe', { Topic: '', URL: urls[0] }, codes.invalid],
    ['Subscribe', { Topic: topic, URL: '' }, codes.invalid],
    ['Unsubscribe', { Topic: topic, URL: 'http://h/other' }, codes.notFound],
    ['Unsubscribe', { Topic: `${topic}-none`, URL: urls[0] }, codes.notFound],
    ['DeleteTopic', { Topic: `${topic}-none` }, codes.notFound],
  ] as const) {
    assert.equal((await grpc.call(method, asked)).code, code, `${method} ${JSON.stringify(asked)}`);
  }
  const asked = { TransType: 'msg', Steps: JSON.stringify([{ action: `topic://${topic}` }]), BinPayloads: [binary] };
  await grpc.does('Submit', { ...asked, Gid: gid, TransOptions: { WaitResult: true } });
  assert.deepEqual(
    (await client.query(gid)).branches.map(({ branch_id }) => branch_id),
    ['01-01', '01-02'],
  );
  await grpc.does('Unsubscribe', { Topic: topic, URL: urls[0] });
  await grpc.does('DeleteTopic', { Topic: topic });
  const gone = await grpc.call('Submit', { ...asked, Gid: client.newGid() });
  assert.deepEqual([gone.code, /topic not found/.test(gone.details)], [codes.invalid, true]);
});

test('102: a gid is not stripped as it is over HTTP', async () => {
  const { grpc, client, service } = at();
  const gid = `${client.newGid()};b`;
  await grpc.does('Submit', saga(service, gid, [[]], { WaitResult: true }));
  assert.equal(await client.statusOf(gid), 'succeed');
  const { code, details } = await grpc.call('Submit', saga(service, 'a\r\nb', [[]]));
  assert.deepEqual([code, details], [codes.invalid, 'gid: must not contain control characters']);
});

test('19: an unknown gid is NOT_FOUND', async () => {
  const { grpc, client, service } = at();
  const gid = client.newGid();
  for (const [method, asked] of [
    ['Abort', { Gid: gid, TransType: 'tcc' }],
    ['Submit', { Gid: gid, TransType: 'tcc', Steps: 'null' }],
    ['Submit', { Gid: gid, TransType: 'workflow', ReqExtra: { status: 'succeed' } }],
    ['RegisterBranch', branch(service, gid, '01')],
  ] as const) {
    const { code, details } = await grpc.call(method, asked);
    assert.deepEqual([code, details], [codes.notFound, 'gid: no such transaction'], method);
  }
});

function branch(service: ScriptedService, gid: string, id: string) {
  const Data = { confirm: '', cancel: '' };
  for (const op of ['confirm', 'cancel'] as const) Data[op] = `${service.url}/${gid}/${op}${id}`;
  return { Gid: gid, TransType: 'tcc', BranchID: id, Data, BusiPayload: binary };
}
