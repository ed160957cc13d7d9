import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DtmClient } from './dtm-client.ts';
import { second } from './manual-clock.ts';
import { ongoing, type Scripted, type ScriptedService } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

interface Branch {
  readonly id: string;
  readonly answers?: Scripted[];
}

async function prepared(client: DtmClient, service: ScriptedService, branches: readonly Branch[], options = {}) {
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'xa', ...options });
  for (const { id, answers = [] } of branches) {
    const url = service.script(`/${gid}/xa${id}`, ...answers);
    await client.does('registerXaBranch', { gid, trans_type: 'xa', branch_id: id, url });
  }
  return gid;
}

const two = [{ id: '01' }, { id: '02' }];

test('81, 85: submit commits from the first registered to the last: POST with an empty body', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, two);
  await client.does('submit', { gid, trans_type: 'xa', wait_result: true });
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['succeed', 'PSPS']);
  const calls = service.arrived.filter(({ query }) => query['gid'] === gid);
  assert.deepEqual(
    calls.map(({ method, path, search, body }) => [method, path, search, body]),
    ['01', '02'].map((id) => ['POST', `/${gid}/xa${id}`, `?branch_id=${id}&gid=${gid}&op=commit&trans_type=xa`, '']),
  );
  assert.equal(calls[0]?.headers['content-length'], '0');
  assert.deepEqual(
    (await client.query(gid)).branches.map(({ op, branch_id }) => `${branch_id} ${op}`),
    ['01 rollback', '01 commit', '02 rollback', '02 commit'],
  );
});

test('82: what failed before it registered is not told; the others roll back', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, [{ id: '01' }], { wait_result: true });
  await client.does('abort', { gid, trans_type: 'xa' });
  assert.deepEqual([await client.statusOf(gid), await client.branchesOf(gid)], ['failed', 'SP']);
  assert.deepEqual(
    service.arrived.filter(({ query }) => query['gid'] === gid).map(({ query }) => query['op']),
    ['rollback'],
  );
});

test('83: without branches it fails at its time-out, and cannot be submitted then', async () => {
  const { client, clock, service } = at();
  const gid = await prepared(client, service, []);
  await clock.advance(35 * second);
  const { transaction, branches } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.rollback_reason], ['failed', 'Timeout after 35 seconds']);
  assert.deepEqual(branches, []);
  assert.equal((await client.post('submit', { gid, trans_type: 'xa' })).status, 409);
});

test('84: a commit that is ONGOING is asked again', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, [{ id: '01', answers: [ongoing] }]);
  assert.equal((await client.post('submit', { gid, trans_type: 'xa', wait_result: true })).status, 425);
  assert.equal(await client.statusOf(gid), 'submitted');
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
  assert.equal(await client.branchesOf(gid), 'PS');
});

test('the same branch again is fine, with another URL it is not; too late it is refused', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, [{ id: '01' }]);
  const branch = { gid, trans_type: 'xa', branch_id: '01', url: `${service.url}/${gid}/xa01` };
  await client.does('registerBranch', branch);
  assert.equal((await client.post('registerBranch', { ...branch, url: `${service.url}/other` })).status, 500);
  await client.does('submit', { gid, trans_type: 'xa', wait_result: true });
  assert.equal((await client.post('registerBranch', { ...branch, branch_id: '02' })).status, 409);
});

test('D3: an operator ends it: nothing is called, and what stays prepared in the databases is listed', async () => {
  const { client, service } = at();
  const gid = await prepared(client, service, two);
  const { status, text } = await client.post('forceStop', { gid });
  assert.deepEqual([status, text], [200, '{"dtm_result":"SUCCESS","branches_left_prepared":["01","02"]}']);
  assert.deepEqual([await client.statusOf(gid), service.callsOf(gid)], ['failed', []]);
});

test('D1: the submit of an unknown one says so: its branches are not known', async () => {
  const { client } = at();
  for (const type of ['tcc', 'xa']) {
    const { status, text } = await client.post('submit', { gid: client.newGid(), trans_type: type });
    assert.deepEqual([status, JSON.parse(text)], [404, { message: 'gid: no such transaction' }]);
  }
});
