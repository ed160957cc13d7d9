/** `holdfast dev`: time moved by hand, and calls that fail as asked. Nothing here waits for time to pass. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DtmClient } from './dtm-client.ts';
import { broken, ok, ongoing, ScriptedService } from './scripted-service.ts';

const second = 1000;
const minute = 60 * second;
const year = 365 * 24 * 60 * minute;

let coordinator: Coordinator;
let client: DtmClient;
const service = new ScriptedService();

before(async () => {
  await service.start();
  coordinator = await startCoordinator({ command: 'dev', settings: { HOLDFAST_DEV_CALL_WAIT_MS: '300' } });
  client = new DtmClient(coordinator.url);
});

after(async () => {
  client?.close();
  await coordinator?.stop();
  await service.stop();
});

async function dev(method: 'get' | 'post' | 'delete', route: string, body: object = {}) {
  const { status, text } = await client.http[method](`/api/dev/${route}`, body);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const nowMs = async (): Promise<number> => (await dev('get', 'clock')).nowMs;
const settle = () => dev('post', 'settle');

/** Moves the time, and expects that all that follows from it has happened. */
async function advance(advanceMs: number): Promise<string[]> {
  const beforeMs = await nowMs();
  const { driven, ...rest } = await dev('post', 'clock', { advanceMs });
  assert.deepEqual(rest, { nowMs: beforeMs + advanceMs, idle: true });
  return driven;
}

interface AskedSaga {
  readonly answers?: Parameters<ScriptedService['script']>[1][];
  readonly options?: object;
}

async function saga({ answers = [], options = {} }: AskedSaga = {}) {
  const gid = client.newGid();
  const action = service.script(`/${gid}/action`, ...answers);
  const steps = [{ action, compensate: `${service.url}/${gid}/compensate` }];
  return { gid, action, body: { gid, trans_type: 'saga', steps, payloads: ['{}'], ...options } };
}

async function submitted(asked: AskedSaga = {}) {
  const made = await saga(asked);
  await client.does('submit', made.body);
  return made;
}

test('time stands still until it is moved', async () => {
  await settle();
  const startMs = await nowMs();
  assert.ok(Math.abs(startMs - Date.now()) < minute, 'a new clock begins now');
  assert.deepEqual(await dev('post', 'clock', { advanceMs: 1500 }), { nowMs: startMs + 1500, driven: [], idle: true });
  assert.equal(await nowMs(), startMs + 1500);
});

test('what is due now is driven by itself; settle tells when it is done', async () => {
  const { gid } = await submitted();
  assert.deepEqual(await settle(), { driven: [gid], idle: true });
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.deepEqual(await settle(), { driven: [], idle: true });
});

test('retries come after 20, 40 and 80 s exactly', async () => {
  const { gid } = await submitted({ answers: [broken, broken, broken] });
  await settle();
  let calls = 1;
  for (const delayMs of [20 * second, 40 * second, 80 * second]) {
    assert.deepEqual(await advance(delayMs - 1), []);
    assert.equal(service.callsOf(gid).length, calls);
    assert.deepEqual(await advance(1), [gid]);
    calls += 1;
    assert.equal(service.callsOf(gid).length, calls);
  }
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('one step over many due times drives them in their order', async () => {
  const slow = await submitted({ answers: [broken], options: { retry_interval: 60 } });
  const fast = await submitted({ answers: [broken, broken], options: { retry_interval: 5 } });
  await settle();
  const from = service.arrived.length;
  assert.deepEqual(await advance(10 * minute), [fast.gid, slow.gid]);
  const order = service.arrived.slice(from).map(({ query }) => query['gid']);
  assert.deepEqual(order, [fast.gid, fast.gid, slow.gid]);
});

test('Q36: a saga is rolled back when its half hour is over, and not a millisecond before', async () => {
  const options = { timeout_to_fail: 1800, retry_interval: 600 };
  const { gid } = await submitted({ answers: [ongoing, ongoing, ongoing, ongoing], options });
  await advance(30 * minute - 1);
  assert.equal(await client.statusOf(gid), 'submitted');
  assert.deepEqual(await advance(1), [gid]);
  const { transaction } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.rollback_reason], ['failed', 'Timeout after 1800 seconds']);
  assert.equal(service.callsOf(gid).at(-1), `/${gid}/compensate`);
});

test('a message is asked about after 35 s', async () => {
  const gid = client.newGid();
  const query_prepared = service.script(`/${gid}/query`, ok);
  const steps = [{ action: `${service.url}/${gid}/action` }];
  await client.does('prepare', { gid, trans_type: 'msg', steps, payloads: ['{}'], query_prepared });
  await advance(35 * second - 1);
  assert.deepEqual(service.callsOf(gid), []);
  await advance(1);
  assert.deepEqual(service.callsOf(gid), [`/${gid}/query`, `/${gid}/action`]);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('a TCC that nobody submits is cancelled after 35 s', async () => {
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  for (const id of ['01', '02']) {
    const [confirm, cancel] = [`${service.url}/${id}/confirm`, `${service.url}/${id}/cancel`];
    await client.does('registerBranch', { gid, trans_type: 'tcc', branch_id: id, data: '{}', confirm, cancel });
  }
  await advance(35 * second - 1);
  assert.equal(await client.statusOf(gid), 'prepared');
  await advance(1);
  assert.equal(await client.statusOf(gid), 'failed');
  assert.deepEqual(service.callsOf(gid), ['/02/cancel', '/01/cancel']);
});

test('a workflow is called back when nothing was heard of it for its interval', async () => {
  const gid = client.newGid();
  const query_prepared = service.script(`/${gid}/callback`);
  const custom_data = JSON.stringify({ name: 'wf', data: '' });
  const given = { gid, trans_type: 'workflow', query_prepared, custom_data, retry_interval: 60 };
  assert.equal((await client.post('prepareWorkflow', given)).status, 200);
  await advance(40 * second);
  const step = { gid, trans_type: 'workflow', branch_id: '01', op: 'action', status: 'succeed', data: '' };
  await client.does('registerBranch', step);
  await advance(minute - 1);
  assert.deepEqual(service.callsOf(gid), [], 'the step was a sign of life');
  assert.deepEqual(await advance(1), [gid]);
  assert.deepEqual(service.callsOf(gid), [`/${gid}/callback`]);
  await client.does('submit', { gid, trans_type: 'workflow', req_extra: { status: 'succeed' } });
});

test('drive makes one transaction due without moving the time', async () => {
  const { gid } = await submitted({ answers: [broken, broken] });
  const other = await submitted({ answers: [broken] });
  await settle();
  const beforeMs = await nowMs();
  assert.deepEqual(await dev('post', 'drive', { gid }), { status: 'submitted', idle: true });
  assert.deepEqual(await dev('post', 'drive', { gid }), { status: 'succeed', idle: true });
  assert.deepEqual(await dev('post', 'drive', { gid }), { status: 'succeed', idle: true });
  assert.equal(service.callsOf(gid).length, 3);
  assert.equal(service.callsOf(other.gid).length, 1);
  assert.equal(await nowMs(), beforeMs);
  assert.equal((await client.http.post('/api/dev/drive', { gid: client.newGid() })).status, 404);
  await advance(20 * second);
});

test('an answer that is delayed comes at its time', async () => {
  const { gid, action, body } = await saga();
  await dev('post', 'faults', { url: action, kind: 'delay', delayMs: 2000 });
  await client.does('submit', body);
  assert.deepEqual(await settle(), { driven: [gid], idle: false, inCall: [gid] });
  assert.equal(service.callsOf(gid).length, 1, 'the service has had it');
  const { idle, inCall } = await dev('post', 'clock', { advanceMs: 1999 });
  assert.deepEqual([idle, inCall], [false, [gid]]);
  assert.deepEqual(await advance(1), [gid]);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('an answer that is delayed for too long meets the time-out of the call, to the millisecond', async () => {
  const { gid, action, body } = await saga();
  await dev('post', 'faults', { url: action, kind: 'delay', delayMs: 3000 });
  await client.does('submit', body);
  await dev('post', 'clock', { advanceMs: 2999 });
  assert.equal((await settle()).idle, false);
  await advance(1);
  assert.deepEqual(await attemptsOf(gid), [['error', 3000, 'no whole answer within 3000 ms']]);
  await advance(20 * second);
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.equal(service.callsOf(gid).length, 2);
});

test('what has succeeded is written before a request is answered, also while another call is out', async () => {
  const gid = client.newGid();
  const [first, second] = [1, 2].map((step) => ({
    action: `${service.url}/${gid}/action${step}`,
    compensate: `${service.url}/${gid}/compensate${step}`,
  }));
  await dev('post', 'faults', { url: second?.action, kind: 'delay', delayMs: 1000 });
  await client.does('submit', { gid, trans_type: 'saga', steps: [first, second], payloads: ['{}', '{}'] });
  assert.equal((await settle()).idle, false);
  assert.equal(await client.branchesOf(gid), 'PSPP');
  await advance(1000);
  assert.equal(await client.branchesOf(gid), 'PSPS');
});

test('a service that is slow in real time has answered before the clock moves', async () => {
  const { gid } = await submitted({ answers: [{ ...ok, afterMs: 150 }] });
  await advance(60 * minute);
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.deepEqual(await attemptsOf(gid), [['success', 0, '']]);
});

test('a call whose service does not answer meets its time-out after the wait', async () => {
  const { gid } = await submitted({ answers: [{ ...ok, afterMs: 20_000 }] });
  const startedMs = performance.now();
  await advance(3 * second);
  assert.ok(performance.now() - startedMs >= 250, 'it had its chance in real time');
  assert.ok(performance.now() - startedMs < 15_000, 'not the 20 s of the service');
  assert.deepEqual(await attemptsOf(gid), [['error', 3000, 'no whole answer within 3000 ms']]);
  await advance(20 * second);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('whoever is slower than ten seconds of real time is named as in a call', async () => {
  const { gid } = await submitted({ answers: [{ ...ok, afterMs: 30_000 }] });
  const startedMs = performance.now();
  assert.deepEqual(await settle(), { driven: [gid], idle: false, inCall: [gid] });
  assert.ok(performance.now() - startedMs < 25_000, 'not the 30 s of the service');
  await advance(3 * second);
  await dev('post', 'drive', { gid });
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('a call that is dropped before does not reach its service; dropped after it does', async () => {
  for (const [kind, arrived, why] of [
    ['drop-before', 0, 'a fault dropped the call'],
    ['drop-after', 1, 'a fault dropped the answer'],
  ] as const) {
    const { gid, action, body } = await saga();
    await dev('post', 'faults', { url: action, kind });
    await client.does('submit', body);
    await settle();
    assert.equal(service.callsOf(gid).length, arrived, kind);
    assert.deepEqual(await attemptsOf(gid), [['error', 0, why]]);
    await advance(20 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.equal(service.callsOf(gid).length, arrived + 1, kind);
  }
});

test('calls are answered with a status, so many times, and faults can be listed and cleared', async () => {
  const { gid, action, body } = await saga();
  const fault = { url: action, kind: 'status', status: 500, body: 'asked for' };
  const listed = { ...fault, delayMs: 0 };
  assert.deepEqual(await dev('post', 'faults', { ...fault, times: 2 }), { faults: [{ ...listed, times: 2 }] });
  await client.does('submit', body);
  await settle();
  assert.deepEqual(await dev('get', 'faults'), { faults: [{ ...listed, times: 1 }] });
  await advance(20 * second);
  assert.deepEqual(await dev('get', 'faults'), { faults: [] });
  assert.deepEqual(service.callsOf(gid), []);
  await advance(40 * second);
  assert.equal(await client.statusOf(gid), 'succeed');

  const refused = await saga();
  await dev('post', 'faults', { url: refused.action, kind: 'status', status: 409 });
  await dev('post', 'faults', { url: action, kind: 'drop-before' });
  assert.equal((await dev('delete', `faults?url=${encodeURIComponent(action)}`)).faults.length, 1);
  await client.does('submit', refused.body);
  await settle();
  assert.equal(await client.statusOf(refused.gid), 'failed');
  await dev('post', 'faults', { url: action, kind: 'drop-before' });
  assert.deepEqual(await dev('delete', 'faults'), { faults: [] });
});

test('Q33: ten years pass quickly, with what is due on the way; what was kept long enough is gone', async () => {
  const gid = client.newGid();
  const steps = [{ action: `${service.url}/${gid}/action` }];
  const delay = (5 * year) / second;
  const custom_data = JSON.stringify({ delay });
  await client.does('submit', { gid, trans_type: 'msg', steps, payloads: ['{}'], custom_data });
  const startedMs = performance.now();
  assert.deepEqual(await advance(5 * year - 1), [gid]);
  assert.deepEqual(service.callsOf(gid), []);
  assert.deepEqual(await advance(1), [gid]);
  assert.equal(await client.statusOf(gid), 'succeed');
  await advance(5 * year);
  assert.ok(performance.now() - startedMs < 60_000);
  assert.match((await client.get(`query?gid=${gid}`)).text, /"transaction":null/);
});

test('the clock goes on from where it was after a kill -9 and after a stop; due times stay', async () => {
  const { gid } = await submitted({ answers: [broken, broken] });
  await settle();
  await advance(15 * second);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const beforeMs = await nowMs();
    client.close();
    await coordinator.restart(signal);
    client = new DtmClient(coordinator.url);
    assert.equal(await nowMs(), beforeMs);
  }
  await advance(5 * second - 1);
  assert.equal(service.callsOf(gid).length, 1);
  await advance(1);
  assert.equal(service.callsOf(gid).length, 2);
  await advance(40 * second);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('what cannot be understood is refused by name', async () => {
  const cases: [string, object, RegExp][] = [
    ['clock', {}, /advanceMs: must be given/],
    ['clock', { advanceMs: -1 }, /advanceMs: must be/],
    ['clock', { advanceMs: 1.5 }, /advanceMs: must be/],
    ['clock', { advance: 1 }, /body: must have only the fields advanceMs/],
    ['drive', {}, /gid: must not be empty/],
    ['faults', { kind: 'delay', delayMs: 1 }, /url: must be/],
    ['faults', { url: 'http://a', kind: 'explode' }, /kind: must be one of delay/],
    ['faults', { url: 'http://a', kind: 'delay' }, /delayMs: must be/],
    ['faults', { url: 'http://a', kind: 'status' }, /status: must be/],
    ['faults', { url: 'http://a', kind: 'drop-before', times: 0 }, /times: must be/],
  ];
  for (const [route, body, words] of cases) {
    const { status, text } = await client.http.post(`/api/dev/${route}`, body);
    assert.deepEqual([status, words.test(text)], [400, true], text);
  }
  for (let at = await nowMs(); at < Date.UTC(9890, 0); at = await nowMs()) await advance(100 * year);
  await advance(8 * 365 * 24 * 60 * minute);
  const beyond = await client.http.post('/api/dev/clock', { advanceMs: 100 * 366 * 24 * 60 * minute });
  assert.equal(beyond.status, 400, beyond.text);
});

test('a web page of another site moves no clock', async () => {
  const before = await nowMs();
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const body = JSON.stringify({ advanceMs: 1000 });
    const answer = await fetch(`${coordinator.url}/api/dev/clock`, { method: 'POST', headers, body });
    assert.equal(answer.status, 403, await answer.text());
  }
  assert.equal(await nowMs(), before);
});

/** Outcome, duration and reason of each attempt. */
async function attemptsOf(gid: string): Promise<[string, number, string][]> {
  const { text } = await client.http.get(`/api/v1/transactions/${gid}`);
  const { attempts } = JSON.parse(text);
  return attempts.map(({ outcome, durationMs, reason }: Record<string, unknown>) => [outcome, durationMs, reason]);
}
