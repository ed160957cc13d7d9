import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/until.ts';
import { minute, second } from './manual-clock.ts';
import { broken, failure, ongoing, type Scripted, type ScriptedService, short } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

/** A saga whose steps answer as scripted: `[action, compensate]` of each step, each once, then 200. */
function saga(
  service: ScriptedService,
  gid: string,
  steps: readonly { action?: Scripted[]; compensate?: Scripted[] }[],
  options: object = {},
) {
  return {
    gid,
    trans_type: 'saga',
    steps: steps.map(({ action = [], compensate = [] }, index) => ({
      action: service.script(`/${gid}/a${index + 1}`, ...action),
      compensate: service.script(`/${gid}/c${index + 1}`, ...compensate),
    })),
    payloads: steps.map(() => '{"amount":30}'),
    ...options,
  };
}

const concurrent = (orders: object = {}) => ({ custom_data: JSON.stringify({ concurrent: true, orders }) });

test('22: every step succeeds', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('submit', saga(service, gid, [{}, {}]));
  await client.untilStatus(gid, 'succeed');
  assert.equal(await client.branchesOf(gid), 'PSPS');
  const { transaction } = await client.query(gid);
  assert.equal(transaction.rollback_reason, undefined);
  assert.equal(short(service.callsOf(gid)), 'a1 a2');
});

test('23: a FAILURE rolls back in mirror order, the failed step included', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const body = '{"error":"Insufficient balance"}';
  await client.does('submit', saga(service, gid, [{}, { action: [{ status: 409, body }] }]));
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /Insufficient balance/);
  assert.equal(short(service.callsOf(gid)), 'a1 a2 c2 c1');
});

test('24: ONGOING is asked again, with the interval as it is', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = saga(service, gid, [{ action: [ongoing] }, {}], { wait_result: true, retry_interval: 7 });
  await client.post('submit', asked);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['submitted', 'PPPP']);
  assert.equal((await client.query(gid)).transaction.next_cron_interval, 7);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
  assert.equal(short(service.callsOf(gid)), 'a1 a1 a2');
});

test('25: a compensation that errs is called again', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ compensate: [broken] }, { action: [failure] }];
  await client.post('submit', saga(service, gid, steps, { wait_result: true }));
  assert.equal(await client.statusOf(gid), 'aborting');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
});

test('26, Q2: a repeated submit of a running one is fine, makes it due now, and runs nothing twice', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = saga(service, gid, [{}, { action: [ongoing] }]);
  await client.does('submit', asked);
  await until('step 2 was called', () => service.callsOf(gid).length === 2);
  await client.does('submit', asked);
  await client.untilStatus(gid, 'succeed');
  assert.equal(short(service.callsOf(gid)), 'a1 a2 a2');
});

test('27: submit of a finished one is refused', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = saga(service, gid, [{}], { wait_result: true });
  await client.does('submit', asked);
  const { status, text } = await client.post('submit', asked);
  assert.equal(status, 409);
  assert.deepEqual(JSON.parse(text), {
    dtm_result: 'FAILURE',
    message: "current status 'succeed', cannot sumbmit. FAILURE",
  });
});

test('28: an empty URL succeeds without a call', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const action = service.script(`/${gid}/a2`, failure);
  const steps = [
    { action: '', compensate: '' },
    { action, compensate: '' },
  ];
  await client.does('submit', { gid, trans_type: 'saga', steps, payloads: ['', ''] });
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.equal(short(service.callsOf(gid)), 'a2');
});

test('29: the payload may stand in the step', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: service.script(`/${gid}/a1`), compensate: '', data: '{"amount":1.10}' }];
  await client.does('submit', { gid, trans_type: 'saga', steps, wait_result: true });
  assert.equal(service.arrived.find(({ query }) => query['gid'] === gid)?.body, '{"amount":1.10}');
});

test('30: wait_result answers when it has succeeded', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('submit', saga(service, gid, [{}, {}], { wait_result: true }));
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('31, Q8: wait_result of one that is not finished is an error, and it goes on', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const { status, text } = await client.post(
    'submit',
    saga(service, gid, [{ action: [ongoing] }], { wait_result: true }),
  );
  assert.equal(status, 409);
  assert.match(JSON.parse(text).message, /^wait result not return success: it is still ongoing, .* FAILURE$/);
  assert.equal(await client.statusOf(gid), 'submitted');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
});

test('32: wait_result of one that rolled back tells why', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const { status, text } = await client.post(
    'submit',
    saga(service, gid, [{ action: [failure] }], { wait_result: true }),
  );
  assert.equal(status, 409);
  const { dtm_result: result, message } = JSON.parse(text);
  assert.equal(result, 'FAILURE');
  assert.match(message, /^url:http.*\/a1 return failed: .*no money.* FAILURE$/);
  assert.equal(await client.statusOf(gid), 'failed');
});

test('33: past its time-out it rolls back; a step that was never called is not compensated', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const options = { timeout_to_fail: 1800, retry_interval: 600 };
  await client.does('submit', saga(service, gid, [{ action: Array(4).fill(ongoing) }, {}], options));
  await clock.advance(30 * minute - 1);
  assert.equal(await client.statusOf(gid), 'submitted');
  await clock.advance(30 * minute + 1);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['failed', 'SPPP']);
  assert.equal((await client.query(gid)).transaction.rollback_reason, 'Timeout after 1800 seconds');
});

test('34, 35: ONGOING comes back after the interval, an error after twice of it', async () => {
  const { client, clock, service } = at();
  const [asked, failed] = [client.newGid(), client.newGid()];
  await client.does('submit', saga(service, asked, [{ action: [ongoing] }], { retry_interval: 150 }));
  await client.does('submit', saga(service, failed, [{ action: [broken] }], { retry_interval: 150 }));
  await clock.settle();
  const calls = () => [asked, failed].map((gid) => service.callsOf(gid).length);
  await clock.advance(150 * second - 1);
  assert.deepEqual(calls(), [1, 1]);
  await clock.advance(1);
  assert.deepEqual(calls(), [2, 1]);
  await clock.advance(150 * second - 1);
  assert.deepEqual(calls(), [2, 1]);
  await clock.advance(1);
  assert.deepEqual(calls(), [2, 2]);
  assert.deepEqual([await client.statusOf(asked), await client.statusOf(failed)], ['succeed', 'succeed']);
});

test('36: branch headers are on every call', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const options = { branch_headers: { 'X-Test': 'yes', 'content-type': 'text/plain' } };
  await client.does('submit', saga(service, gid, [{}, { action: [ongoing] }], options));
  await until('step 2 was called', () => service.callsOf(gid).length === 2);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
  const calls = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.equal(calls.length, 3);
  for (const { headers } of calls) {
    assert.deepEqual([headers['x-test'], headers['content-type']], ['yes', 'text/plain']);
  }
});

test('37: errors within the retry limit are retried within the run', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const options = { retry_limit: 3, wait_result: true };
  const answer = client.does('submit', saga(service, gid, [{}, { action: [broken, broken, broken] }], options));
  await until('step 2 was called', () => service.callsOf(gid).length === 2);
  await clock.advance(second);
  await answer;
  assert.deepEqual([await client.statusOf(gid), short(service.callsOf(gid))], ['succeed', 'a1 a2 a2 a2 a2']);
});

test('38, Q28: past the retry limit it rolls back; between the tries there is a pause', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const options = { retry_limit: 1, wait_result: true };
  const answer = client.post('submit', saga(service, gid, [{}, { action: [broken, broken, broken] }], options));
  await until('step 2 was called', () => service.callsOf(gid).length === 2);
  await clock.advance(99);
  assert.equal(short(service.callsOf(gid)), 'a1 a2');
  await clock.advance(1);
  assert.equal((await answer).status, 409);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['failed', 'SSSP']);
  const reason = 'RetryCount is greater than RetryLimit, RetryLimit: 1';
  assert.equal((await client.query(gid)).transaction.rollback_reason, reason);
});

test('39: a call may take as long as its request_timeout', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a1`, 6 * second - 1);
  const answer = client.does('submit', saga(service, gid, [{}], { request_timeout: 6, wait_result: true }));
  await until('it was called', () => service.callsOf(gid).length === 1);
  await clock.advance(6 * second);
  await answer;
  assert.deepEqual([await client.statusOf(gid), service.callsOf(gid).length], ['succeed', 1]);
});

test('a call that takes longer than its request_timeout has an unknown result', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a1`, 1500);
  const answer = client.post('submit', saga(service, gid, [{}], { request_timeout: 1, wait_result: true }));
  await until('it was called', () => service.callsOf(gid).length === 1);
  await clock.advance(second);
  assert.equal((await answer).status, 409);
  assert.equal(await client.statusOf(gid), 'submitted');
  assert.equal((await client.query(gid)).transaction.next_cron_interval, 20);
});

test('40: a concurrent saga calls its actions at once', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  for (const step of ['a1', 'a2']) await clock.delay(`${service.url}/${gid}/${step}`, second);
  await client.does('submit', saga(service, gid, [{}, {}], concurrent()));
  await clock.settle();
  assert.equal(service.callsOf(gid).length, 2, 'the second one does not wait for the answer of the first');
  assert.equal(await client.branchesOf(gid), 'PPPP');
  await clock.advance(second);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
});

test('41: concurrent, one fails, a compensation is ONGOING once', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: [failure], compensate: [ongoing] }, {}];
  await client.post('submit', saga(service, gid, steps, { ...concurrent(), wait_result: true }));
  assert.equal(await client.statusOf(gid), 'aborting');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
});

test('42: what comes after a failed step never ran and is not compensated', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: [failure] }, {}];
  await client.does('submit', saga(service, gid, steps, concurrent({ 1: [0] })));
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SFPP');
});

test('43: orders hold backwards too', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{}, { action: [failure] }];
  await client.does('submit', saga(service, gid, steps, concurrent({ 1: [0] })));
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SSSF');
  assert.equal(short(service.callsOf(gid)), 'a1 a2 c2 c1');
});

test('44: concurrent, one ONGOING once: the others’ results are kept', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.post('submit', saga(service, gid, [{ action: [ongoing] }, {}], { ...concurrent(), wait_result: true }));
  assert.equal(await client.branchesOf(gid), 'PPPS');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
  assert.equal(await client.branchesOf(gid), 'PSPS');
});

/** The status of a saga whose action answered so, and the interval to its next call. */
async function judged(answer: Scripted): Promise<[string, number | undefined]> {
  const { client, service } = at();
  const gid = client.newGid();
  await client.post('submit', saga(service, gid, [{ action: [answer] }], { wait_result: true }));
  const { transaction } = await client.query(gid);
  return [transaction.status, transaction.next_cron_interval];
}

test('47, Q7: a text with FAILURE is one, whatever the status', async () => {
  assert.equal((await judged({ status: 500, body: 'xx FAILURE' }))[0], 'failed');
  assert.equal((await judged({ status: 200, body: '{"dtm_result":"FAILURE"}' }))[0], 'failed');
});

test('48: a status other than 200 is an error, also 201', async () => {
  assert.deepEqual(await judged({ status: 201, body: '{}' }), ['submitted', 20]);
});

test('49, Q7: of a text with both words ONGOING counts', async () => {
  assert.deepEqual(await judged({ status: 200, body: 'ONGOING FAILURE' }), ['submitted', 10]);
});

test('50: an empty payload makes it a GET without body; the query goes behind what the URL has', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const action = `${service.script(`/${gid}/a1`)}?a=1`;
  const steps = [
    { action, compensate: '' },
    { action: service.script(`/${gid}/a2`), compensate: '' },
  ];
  await client.does('submit', { gid, trans_type: 'saga', steps, payloads: ['', '{"x":1}'], wait_result: true });
  const [one, two] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual([one?.method, one?.body], ['GET', '']);
  assert.equal(one?.search, `?a=1&branch_id=01&gid=${gid}&op=action&trans_type=saga`);
  assert.deepEqual([two?.method, two?.body], ['POST', '{"x":1}']);
  assert.equal(two?.headers['content-type'], 'application/json');
});

test('101, Q1: of two gids the one may begin with the other', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  for (const one of [gid, `${gid}-x`]) await client.does('prepare', saga(service, one, [{}, {}]));
  assert.equal((await client.query(gid)).branches.length, 4);
  await client.does('submit', saga(service, gid, [{}, {}], { wait_result: true }));
  assert.equal(short(service.callsOf(gid)), 'a1 a2');
  assert.deepEqual([await client.statusOf(gid), await client.statusOf(`${gid}-x`)], ['succeed', 'prepared']);
});

test('103: a step waits for two others, and is compensated before both', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{}, {}, { action: [failure] }];
  await client.post('submit', saga(service, gid, steps, { ...concurrent({ 2: [0, 1] }), wait_result: true }));
  const calls = short(service.callsOf(gid)).split(' ');
  assert.deepEqual([calls.slice(0, 2).sort(), calls[2], calls[3]], [['a1', 'a2'], 'a3', 'c3']);
  assert.deepEqual(calls.slice(4).sort(), ['c1', 'c2']);
});

test('104: while the compensation of the failed step errs, earlier ones wait', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{}, { action: [failure], compensate: [broken] }];
  const { status, text } = await client.post('submit', saga(service, gid, steps, { wait_result: true }));
  assert.equal(status, 409);
  assert.match(JSON.parse(text).message, /no money/);
  assert.equal(await client.statusOf(gid), 'aborting');
  assert.equal(short(service.callsOf(gid)), 'a1 a2 c2');
});

test('99: what has succeeded is seen while the next step is still out', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a2`, second);
  await client.does('submit', saga(service, gid, [{}, {}]));
  await clock.settle();
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['submitted', 'PSPP']);
  await clock.advance(second);
  assert.equal(await client.branchesOf(gid), 'PSPS');
});

test('20, 21: an operator stops what is not final, and only that; no branch is called', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.post('submit', saga(service, gid, [{ action: [ongoing] }], { wait_result: true }));
  await client.does('forceStop', { gid });
  assert.equal(await client.statusOf(gid), 'failed');
  assert.equal(short(service.callsOf(gid)), 'a1');
  const done = client.newGid();
  await client.does('submit', saga(service, done, [{}], { wait_result: true }));
  for (const [ended, was] of [
    [gid, 'failed'],
    [done, 'succeed'],
  ] as const) {
    const { status, text } = await client.post('forceStop', { gid: ended });
    assert.equal(status, 409);
    assert.equal(JSON.parse(text).message, `global transaction force stop error. status: ${was}. error: FAILURE`);
    assert.equal(await client.statusOf(ended), was);
  }
});

test('a prepared saga is submitted with what it was prepared with; options of the submit are kept', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', saga(service, gid, [{}, { action: [ongoing] }]));
  const other = saga(service, `${gid}-other`, [{}], { retry_interval: 3, wait_result: true });
  await client.post('submit', { ...other, gid });
  assert.equal(short(service.callsOf(gid)), 'a1 a2');
  assert.equal((await client.query(gid)).transaction.next_cron_interval, 3);
});

test('Q32: a prepared saga may be aborted: it fails and nothing is called', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', saga(service, gid, [{}]));
  await client.does('abort', { gid, trans_type: 'saga' });
  assert.equal(await client.statusOf(gid), 'failed');
  assert.deepEqual(service.callsOf(gid), []);
});

test('orders that fit the steps of the prepare come with a submit without steps; those that do not are refused', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = ['1', '2'].map((step) => ({ action: `${service.url}/${gid}/${step}`, compensate: '' }));
  await client.does('prepare', { gid, trans_type: 'saga', steps, payloads: ['', ''] });
  const submit = (orders: object) =>
    client.post('submit', { gid, trans_type: 'saga', wait_result: true, ...concurrent(orders) });
  const refused = await submit({ 2: [0] });
  assert.deepEqual([refused.status, /custom_data\.orders/.test(refused.text)], [400, true]);
  assert.equal((await submit({ 0: [1] })).status, 200);
  assert.deepEqual(service.callsOf(gid), [`/${gid}/2`, `/${gid}/1`]);
  assert.equal((await submit({ 2: [0] })).status, 409, 'what has ended says so first');
});
