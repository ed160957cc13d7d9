import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/until.ts';
import type { DtmClient } from './dtm-client.ts';
import { second } from './manual-clock.ts';
import { failure, ongoing, type Scripted, type ScriptedService, short } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

function branch(service: ScriptedService, gid: string, id: string, answers: Record<string, Scripted[]> = {}) {
  return {
    gid,
    trans_type: 'tcc',
    branch_id: id,
    data: '{"amount":30}',
    confirm: service.script(`/${gid}/confirm${id}`, ...(answers['confirm'] ?? [])),
    cancel: service.script(`/${gid}/cancel${id}`, ...(answers['cancel'] ?? [])),
  };
}

async function prepared(client: DtmClient, service: ScriptedService, branches: readonly string[], options = {}) {
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc', ...options });
  for (const id of branches) await client.does('registerBranch', branch(service, gid, id));
  return gid;
}

test('70: submit confirms from the last registered to the first', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, ['01', '02']);
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  assert.equal(short(service.callsOf(gid)), 'confirm02 confirm01');
  const [call] = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual([call?.method, call?.body], ['POST', '{"amount":30}']);
  assert.equal(call?.search, `?branch_id=02&gid=${gid}&op=confirm&trans_type=tcc`);
});

test('71: the client aborts; a cancel that is ONGOING is asked again; the reason is the client’s', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await client.does('registerBranch', branch(service, gid, '01', { cancel: [ongoing] }));
  await client.does('registerBranch', branch(service, gid, '02'));
  await client.does('abort', { gid, trans_type: 'tcc', rollback_reason: 'user cancelled' });
  await until('both were cancelled once', () => service.callsOf(gid).length === 2);
  assert.equal(await client.statusOf(gid), 'aborting');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
  assert.equal(await client.branchesOf(gid), 'SPSP');
  assert.equal((await client.query(gid)).transaction.rollback_reason, 'user cancelled');
});

test('72, 73, 74, Q31: prepared past its time-out it is cancelled; then nothing can be registered or aborted', async () => {
  const { client, clock, service } = at();
  const gid = await prepared(client, service, ['01']);
  await clock.advance(35 * second);
  const { transaction } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.rollback_reason], ['failed', 'Timeout after 35 seconds']);
  assert.equal(short(service.callsOf(gid)), 'cancel01');
  assert.equal((await client.post('registerBranch', branch(service, gid, '02'))).status, 409);
  assert.equal((await client.post('abort', { gid, trans_type: 'tcc' })).status, 409);
});

test('75: nested branches are branches like any other', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, ['01', '0101', '02']);
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.equal((await client.query(gid)).branches.length, 6);
  assert.equal(await client.branchesOf(gid), 'PSPSPS');
});

test('76: an empty confirm URL succeeds without a call', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await client.does('registerBranch', { ...branch(service, gid, '01'), confirm: '' });
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.deepEqual([await client.statusOf(gid), service.callsOf(gid)], ['succeed', []]);
});

test('77, Q25: registering the same again is fine, the same branch with other content is not', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, ['01']);
  await client.does('registerBranch', branch(service, gid, '01'));
  const { status, text } = await client.post('registerBranch', { ...branch(service, gid, '01'), data: 'other' });
  assert.equal(status, 500);
  assert.doesNotMatch(text, /FAILURE|ONGOING/);
  assert.equal((await client.query(gid)).branches.length, 2);
});

test('78: once submitted, abort, registerBranch and prepare are refused', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await client.does('registerBranch', branch(service, gid, '01', { confirm: [ongoing] }));
  await client.post('submit', { gid, trans_type: 'tcc', wait_result: true });
  for (const [route, body] of [
    ['abort', { gid, trans_type: 'tcc' }],
    ['registerBranch', branch(service, gid, '02')],
    ['prepare', { gid, trans_type: 'tcc' }],
  ] as const) {
    const { status, text } = await client.post(route, body);
    assert.equal(status, 409, route);
    assert.equal(JSON.parse(text).dtm_result, 'FAILURE', route);
  }
});

test('79: wait_result and a confirm that is ONGOING answer 425', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await client.does('registerBranch', branch(service, gid, '01', { confirm: [ongoing] }));
  const { status, text } = await client.post('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.equal(status, 425);
  assert.equal(JSON.parse(text).dtm_result, 'ONGOING');
});

test('80, Q8: a cancel that answers FAILURE is retried: 409 to who waits, aborting, interval 20', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc', wait_result: true });
  await client.does('registerBranch', branch(service, gid, '01', { cancel: [failure] }));
  assert.equal((await client.post('abort', { gid, trans_type: 'tcc' })).status, 409);
  const { transaction } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.next_cron_interval], ['aborting', 20]);
  await client.retryNow(gid);
  await client.untilStatus(gid, 'failed');
});

test('Q37: while it is prepared nobody looks at it before its time-out', async () => {
  const { client, clock, service } = at();
  const gid = await prepared(client, service, ['01']);
  await clock.settle();
  const { driven } = await clock.advance(35 * second - 1);
  assert.ok(!driven.includes(gid));
  assert.ok((await clock.advance(1)).driven.includes(gid));
});

test('Q3: a repeated abort is fine, also in the same moment', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  await client.does('registerBranch', branch(service, gid, '01'));
  await clock.delay(`${service.url}/${gid}/cancel01`, second);
  await Promise.all([1, 2, 3].map(() => client.does('abort', { gid, trans_type: 'tcc' })));
  assert.equal(await client.statusOf(gid), 'aborting');
  await clock.advance(second);
  assert.equal(await client.statusOf(gid), 'failed');
  assert.equal(short(service.callsOf(gid)), 'cancel01');
});

test('the old paths of registerBranch lead to the same', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, []);
  await client.does('registerTccBranch', branch(service, gid, '01'));
  await client.does('registerXaBranch', branch(service, gid, '02'));
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.equal(await client.branchesOf(gid), 'PSPS');
});
