import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DtmClient } from './dtm-client.ts';
import { second } from './manual-clock.ts';
import { broken, ongoing, type Scripted, type ScriptedService } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Asked {
  readonly answers?: Scripted[];
  readonly input?: string;
  readonly options?: object;
}

function body(service: ScriptedService, gid: string, { answers = [], input = 'the input', options = {} }: Asked = {}) {
  const query_prepared = service.script(`/${gid}/callback`, ...answers);
  const custom_data = JSON.stringify({ name: 'wf', data: base64(input) });
  return { gid, trans_type: 'workflow', query_prepared, custom_data, ...options };
}

async function prepare(client: DtmClient, given: object) {
  const { status, text } = await client.post('prepareWorkflow', given);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

async function started(client: DtmClient, service: ScriptedService, asked: Asked = {}) {
  const gid = client.newGid();
  const given = body(service, gid, asked);
  return { gid, given, answer: await prepare(client, given) };
}

const step = (gid: string, id: string, more: object = {}) => ({
  ...{ gid, trans_type: 'workflow', branch_id: id, op: 'action', status: 'succeed', data: `result ${id}` },
  ...more,
});

const end = (gid: string, extra: object) => ({ gid, trans_type: 'workflow', req_extra: extra });

test('86: it is prepared, registers its steps and ends; whoever prepares it again gets the result', async () => {
  const { client, service } = at();
  const { gid, given, answer } = await started(client, service);
  assert.deepEqual(answer.progresses, []);
  assert.deepEqual([answer.transaction.gid, answer.transaction.status], [gid, 'prepared']);
  await client.does('registerBranch', step(gid, '01'));
  await client.does('submit', end(gid, { status: 'succeed', result: base64('done') }));
  const again = await prepare(client, given);
  assert.deepEqual([again.transaction.status, again.transaction.result], ['succeed', base64('done')]);
  assert.deepEqual(service.callsOf(gid), [], 'nobody calls back a workflow that has ended');
});

test('87: nothing heard of it for its interval, it is called back with its name and input', async () => {
  const { client, clock, service } = at();
  const { gid } = await started(client, service, { answers: [ongoing, broken] });
  let calls = 0;
  for (const interval of [10, 10, 20]) {
    await clock.advance(interval * second - 1);
    assert.equal(service.callsOf(gid).length, calls);
    await clock.advance(1);
    calls += 1;
    assert.equal(service.callsOf(gid).length, calls);
  }
  const [first] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual([first?.method, first?.body], ['POST', 'the input']);
  assert.equal(first?.search, `?branch_id=00&gid=${gid}&op=wf&trans_type=workflow`);
  assert.equal(await client.statusOf(gid), 'prepared', 'only its submit says how it ended');
  await client.does('submit', end(gid, { status: 'succeed' }));
});

test('Q18: each sign of life puts the callback off, and errors of the callback do', async () => {
  const { client, clock, service } = at();
  const { gid, given } = await started(client, service, { answers: [broken, broken] });
  for (let id = 1; id <= 4; id += 1) {
    await clock.advance(9 * second);
    if (id % 2 === 0) await client.does('registerBranch', step(gid, `0${id}`));
    else await prepare(client, given);
  }
  await clock.advance(10 * second - 1);
  assert.deepEqual(service.callsOf(gid), [], 'it was never silent for its interval');
  await clock.advance(1);
  for (const [index, interval] of [20, 40].entries()) {
    await clock.advance(interval * second - 1);
    assert.equal(service.callsOf(gid).length, index + 1);
    await clock.advance(1);
    assert.equal(service.callsOf(gid).length, index + 2);
  }
});

test('88, B22: whoever resumes it gets the steps that were registered, as they were', async () => {
  const { client, service } = at();
  const { gid, given } = await started(client, service);
  await client.does('registerBranch', step(gid, '01'));
  await client.does('registerBranch', step(gid, '02', { op: 'any word', status: 'failed', data: 'why' }));
  const { progresses } = await prepare(client, given);
  assert.deepEqual(
    progresses.map(({ branch_id, op, status, bin_data }: Record<string, string>) => [branch_id, op, status, bin_data]),
    [
      ['01', 'action', 'succeed', base64('result 01')],
      ['02', 'any word', 'failed', base64('why')],
    ],
  );
});

test('89, Q24: it fails as its submit says; result and reason may be long', async () => {
  const { client, service } = at();
  const { gid } = await started(client, service);
  const reason = `no money ${'é'.repeat(300_000)}`;
  const result = base64('r'.repeat(1_000_000));
  await client.does('submit', end(gid, { status: 'failed', rollback_reason: reason, result }));
  const { transaction } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.rollback_reason === reason], ['failed', true]);
  assert.equal(transaction['result'], result);
});

test('90: the same submit again is fine, another end is refused', async () => {
  const { client, service } = at();
  const { gid } = await started(client, service);
  const succeeded = end(gid, { status: 'succeed', result: base64('done') });
  await client.does('submit', succeeded);
  await client.does('submit', succeeded);
  assert.equal((await client.post('submit', end(gid, { status: 'failed' }))).status, 409);
  assert.equal((await client.post('submit', end(client.newGid(), { status: 'succeed' }))).status, 404);
  assert.equal((await client.post('registerBranch', step(gid, '09'))).status, 409);
});

test('91: the same step again is fine with the same result, and refused with another', async () => {
  const { client, service } = at();
  const { gid } = await started(client, service);
  await client.does('registerBranch', step(gid, '01'));
  await client.does('registerBranch', step(gid, '01'));
  assert.equal((await client.post('registerBranch', step(gid, '01', { data: 'other' }))).status, 500);
  assert.equal((await client.post('registerBranch', step(gid, '01', { status: 'failed' }))).status, 500);
  assert.equal((await client.query(gid)).branches.length, 1);
});

test('Q18: without input the callback is a POST, and a GET where the route is an old one', async () => {
  const { client, clock, service } = at();
  const { gid } = await started(client, service, { input: '', answers: [{ status: 405 }] });
  await clock.advance(10 * second);
  const methods = service.arrived.filter(({ query }) => query['gid'] === gid).map(({ method }) => method);
  assert.deepEqual(methods, ['POST', 'GET']);
  await client.does('submit', end(gid, { status: 'succeed' }));
});

test('D2: what prepareWorkflow refuses it refuses in words that are no JSON, naming the field', async () => {
  const { client, service } = at();
  const given = body(service, client.newGid());
  const cases: [number, RegExp, object][] = [
    [400, /query_prepared: must be/, { ...given, query_prepared: '' }],
    [400, /gid: must not be empty/, { ...given, gid: '' }],
    [400, /trans_type: must be workflow/, { ...given, trans_type: 'saga' }],
    [400, /custom_data\.data: must be base64/, { ...given, custom_data: '{"data":"?"}' }],
  ];
  const other = client.newGid();
  await client.does('prepare', { gid: other, trans_type: 'tcc' });
  cases.push([400, /trans_type: must be the type/, { ...given, gid: other }]);
  for (const [status, words, bad] of cases) {
    const refused = await client.post('prepareWorkflow', bad);
    assert.equal(refused.status, status, refused.text);
    assert.match(refused.text, words);
    assert.throws(() => JSON.parse(refused.text));
    assert.doesNotMatch(refused.text, /FAILURE|ONGOING/);
  }
});

test('it cannot be aborted, and an operator can end it', async () => {
  const { client, service } = at();
  const { gid } = await started(client, service);
  assert.equal((await client.post('abort', { gid, trans_type: 'workflow' })).status, 409);
  await client.does('forceStop', { gid });
  assert.equal(await client.statusOf(gid), 'failed');
});
