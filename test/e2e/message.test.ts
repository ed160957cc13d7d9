import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minute, second } from './manual-clock.ts';
import { broken, failure, ongoing, type Scripted, type ScriptedService, short } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

function message(
  service: ScriptedService,
  gid: string,
  actions: readonly Scripted[][],
  query: Scripted[] = [],
  options: object = {},
) {
  return {
    gid,
    trans_type: 'msg',
    query_prepared: service.script(`/${gid}/query`, ...query),
    steps: actions.map((answers, index) => ({ action: service.script(`/${gid}/a${index + 1}`, ...answers) })),
    payloads: actions.map(() => '{}'),
    ...options,
  };
}

test('5, 52: submit answers at once; query shows the branches', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a1`, second);
  await client.does('submit', message(service, gid, [[], []]));
  assert.equal(await client.statusOf(gid), 'submitted');
  await clock.advance(second);
  assert.equal(await client.statusOf(gid), 'succeed');
  const { branches } = await client.query(gid);
  assert.deepEqual(
    branches.map(({ branch_id, op, status }) => [branch_id, op, status]),
    [
      ['01', 'action', 'succeed'],
      ['02', 'action', 'succeed'],
    ],
  );
});

test('53: past its time-out the query URL is asked; ONGOING leaves it prepared', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[]], [ongoing]));
  await clock.advance(35 * second);
  assert.equal(short(service.callsOf(gid)), 'query');
  assert.equal(await client.statusOf(gid), 'prepared');
  const [asked] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.equal(asked?.method, 'GET');
  assert.equal(asked?.search, `?branch_id=00&gid=${gid}&op=msg&trans_type=msg`);
});

test('54: the query says SUCCESS: submitted; a branch that is ONGOING is asked again', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[ongoing]]));
  await clock.advance(35 * second);
  assert.deepEqual([await client.statusOf(gid), short(service.callsOf(gid))], ['submitted', 'query a1']);
  await clock.advance(10 * second);
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.equal(short(service.callsOf(gid)), 'query a1 a1');
});

test('55: the query says FAILURE: failed, no branch was called', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[], []], [failure]));
  await clock.advance(35 * second);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['failed', 'PP']);
  assert.equal(short(service.callsOf(gid)), 'query');
});

test('56: before its time-out nothing is asked, also where an operator makes it due', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[]]));
  await client.retryNow(gid);
  await clock.advance(35 * second - 1);
  assert.deepEqual(service.callsOf(gid), []);
  assert.equal(await client.statusOf(gid), 'prepared');
});

test('57: its time-out is its own timeout_to_fail, where it has one', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[]], [], { timeout_to_fail: 120 }));
  await clock.advance(2 * minute - 1);
  assert.deepEqual([await client.statusOf(gid), service.callsOf(gid)], ['prepared', []]);
  await clock.advance(1);
  assert.deepEqual([await client.statusOf(gid), short(service.callsOf(gid))], ['succeed', 'query a1']);
});

test('58, 59: prepare again is fine while prepared, and refused afterwards', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = message(service, gid, [[ongoing]]);
  await client.does('prepare', asked);
  await client.does('prepare', asked);
  await client.post('submit', { ...asked, wait_result: true });
  const { status, text } = await client.post('prepare', asked);
  assert.equal(status, 409);
  assert.equal(JSON.parse(text).message, "current status 'submitted', cannot prepare. FAILURE");
});

test('61: a delay counts from the submit', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', message(service, gid, [[]]));
  await clock.advance(5 * second);
  await client.does('submit', { ...message(service, gid, [[]]), custom_data: '{"delay":10}' });
  await client.retryNow(gid);
  await clock.advance(10 * second - 1);
  assert.deepEqual(service.callsOf(gid), []);
  await clock.advance(1);
  assert.deepEqual([await client.statusOf(gid), short(service.callsOf(gid))], ['succeed', 'a1']);
});

test('62: a branch that errs again and again is called until it succeeds, at doubling intervals', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('submit', message(service, gid, [[broken, broken, failure]]));
  await clock.settle();
  for (const [calls, interval] of [
    [1, 20],
    [2, 40],
    [3, 80],
  ] as const) {
    assert.equal((await client.query(gid)).transaction.next_cron_interval, interval);
    await clock.advance(interval * second - 1);
    assert.equal(service.callsOf(gid).length, calls);
    await clock.advance(1);
    assert.equal(service.callsOf(gid).length, calls + 1);
  }
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('64: a concurrent message calls all branches at once', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  for (const step of ['a1', 'a2']) await clock.delay(`${service.url}/${gid}/${step}`, second);
  await client.does('submit', message(service, gid, [[], []], [], { concurrent: true }));
  await clock.settle();
  assert.equal(service.callsOf(gid).length, 2, 'the second one does not wait for the answer of the first');
  await clock.advance(second);
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'SS']);
});

test('65: abort of a prepared one fails it; once failed, abort and submit are refused', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const asked = message(service, gid, [[]]);
  await client.does('prepare', asked);
  await client.does('abort', { gid, trans_type: 'msg' });
  assert.equal(await client.statusOf(gid), 'failed');
  assert.equal((await client.post('abort', { gid, trans_type: 'msg' })).status, 409);
  assert.equal((await client.post('submit', asked)).status, 409);
  assert.deepEqual(service.callsOf(gid), []);
});

test('Q30: nobody decides for a human: prepared without query URL, past its time-out, it stays prepared', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const asked = { ...message(service, gid, [[]]), query_prepared: '' };
  const incidents = async () => {
    const { text } = await client.http.get('/api/metrics');
    return Number(/^holdfast_incidents\{kind="decision"\} (\d+)$/m.exec(text)?.[1] ?? 'NaN');
  };
  const before = await incidents();
  await client.does('prepare', asked);
  await clock.advance(minute);
  assert.equal(await incidents(), before + 1);
  assert.equal(await client.statusOf(gid), 'prepared');
  await client.does('submit', { ...asked, wait_result: true });
  assert.equal(await incidents(), before);
});

test('D12: a query that says something else than yes, no or not yet is asked again, and becomes an incident', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const strange = { status: 200, body: '{"dtm_result":"Object reference not set"}' };
  await client.does('prepare', message(service, gid, [[]], [strange, strange, strange]));
  await clock.advance(minute);
  await clock.advance(minute);
  assert.equal(await client.statusOf(gid), 'prepared');
  assert.equal(short(service.callsOf(gid)), 'query query query', 'nothing was sent');
  const shown = JSON.parse((await client.http.get(`/api/v1/transactions/${gid}`)).text);
  assert.match(shown.incident, /^failing: /);
  assert.match(shown.attempts[0].reason, /^the dtm_result of the answer has no meaning, and is not taken for a yes/);
  await clock.advance(10 * minute);
  assert.equal(await client.statusOf(gid), 'succeed', 'its yes sends it');
});
