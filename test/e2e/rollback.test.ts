/** An operator turns back a saga that runs: docs/http-api.md#rollback. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minute, second } from './manual-clock.ts';
import { broken, failure, short } from './scripted-service.ts';
import { world } from './world.ts';

const at = world();

interface Call {
  readonly branchId: string;
  readonly op: string;
  readonly sentAt: string;
  readonly until: string;
}

async function ask(gid: string, body: unknown = {}, expected = 200, { client } = at()) {
  const path = `/api/v1/transactions/${encodeURIComponent(gid)}/rollback`;
  const { status, text } = await client.http.post(path, body as object);
  assert.equal(status, expected, text);
  return JSON.parse(text);
}

/** Asks the coordinator that drives it: only that one knows which calls are out. */
const askDriver = (gid: string, body: unknown = {}) => ask(gid, body, 200, { ...at(), client: at().one });

async function shown(gid: string, client = at().client) {
  const { status, text } = await client.http.get(`/api/v1/transactions/${encodeURIComponent(gid)}`);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

/** Calls as they came, such as `a1 a2 c2`. */
const calls = (gid: string) => short(at().service.callsOf(gid));

function sagaOf(gid: string, steps: number, more: object = {}) {
  const { service } = at();
  const numbers = Array.from({ length: steps }, (_, index) => index + 1);
  return {
    ...{ gid, trans_type: 'saga', payloads: numbers.map(() => '1') },
    steps: numbers.map((step) => ({
      action: `${service.url}/${gid}/a${step}`,
      compensate: `${service.url}/${gid}/c${step}`,
    })),
    ...more,
  };
}

/** A saga of two steps whose second action is out for so long. */
async function hanging(request_timeout: number): Promise<string> {
  const { one: client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a2`, 1000 * minute);
  await client.does('submit', sagaOf(gid, 2, { request_timeout }));
  await clock.settle();
  assert.equal(calls(gid), 'a1 a2');
  return gid;
}

test('it waits for the call that is out until its time-out, and says so', async () => {
  const { client, clock } = at();
  const gid = await hanging(60);
  await clock.advance(20 * second);
  const answer = await askDriver(gid, { reason: 'the customer has cancelled' });
  const [out] = answer.waitsFor as Call[];
  assert.deepEqual([answer.status, answer.isDrivenHere, out?.branchId, out?.op], ['aborting', true, '02', 'action']);
  assert.equal(Date.parse(out?.until ?? ''), (await clock.nowMs()) + 40 * second);
  assert.deepEqual([answer.doesNotWaitFor, answer.compensatesFrom], [[], null]);
  await clock.advance(40 * second - 1);
  assert.equal(calls(gid), 'a1 a2');
  await clock.advance(1);
  assert.equal(calls(gid), 'a1 a2 c2 c1');
  const { transaction } = await client.query(gid);
  assert.deepEqual([transaction.status, transaction.rollback_reason], ['failed', 'the customer has cancelled']);
  const { operatorDecisions } = await shown(gid);
  assert.deepEqual(
    operatorDecisions.map(({ kind, status, reason }: Record<string, string>) => [kind, status, reason]),
    [['rollback', 'submitted', 'the customer has cancelled']],
  );
});

test('doNotWait: the branch whose call is out is compensated 10 s later, and its answer changes nothing', async () => {
  const { client, clock } = at();
  const gid = await hanging(3600);
  const answer = await askDriver(gid, { doNotWait: true });
  assert.deepEqual(answer.waitsFor, []);
  assert.deepEqual(
    answer.doesNotWaitFor.map(({ branchId, op }: Call) => `${branchId} ${op}`),
    ['02 action'],
  );
  assert.equal(Date.parse(answer.compensatesFrom), (await clock.nowMs()) + 10 * second);
  const { next } = await shown(gid, at().one);
  assert.deepEqual([next.rule, next.at], ['not-waited-for', answer.compensatesFrom]);
  await clock.advance(10 * second - 1);
  assert.equal(calls(gid), 'a1 a2');
  await clock.advance(1);
  assert.equal(calls(gid), 'a1 a2 c2 c1');
  assert.equal(await client.statusOf(gid), 'failed');
});

test('a saga that is aborting and waits is told not to; to ask again changes nothing', async () => {
  const { client, clock, heard } = at();
  const gid = await hanging(3600);
  await ask(gid);
  await heard(gid);
  await clock.advance(5 * minute);
  assert.equal((await ask(gid)).status, 'aborting');
  assert.equal(calls(gid), 'a1 a2');
  const first = await askDriver(gid, { doNotWait: true });
  await clock.advance(9 * second);
  assert.equal((await askDriver(gid, { doNotWait: true })).compensatesFrom, first.compensatesFrom);
  await clock.advance(second);
  assert.deepEqual([calls(gid), await client.statusOf(gid)], ['a1 a2 c2 c1', 'failed']);
});

test('a saga that sleeps until its next retry is turned back at once', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  service.script(`/${gid}/a2`, broken);
  await client.post('submit', sagaOf(gid, 2, { wait_result: true }));
  assert.equal((await shown(gid)).owner, null);
  const foreseen = (await shown(gid)).onRollback;
  assert.deepEqual(
    foreseen.calls.map(({ branchId, op }: Call) => `${branchId} ${op}`),
    ['02 compensate', '01 compensate'],
  );
  await ask(gid);
  await client.untilStatus(gid, 'failed');
  assert.equal(calls(gid), 'a1 a2 c2 c1');
  assert.equal((await client.query(gid)).transaction.rollback_reason, 'an operator asked for the rollback');
});

test('who waits for its result is told that it failed, and why', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  await clock.delay(`${service.url}/${gid}/a1`, second);
  const waits = client.post('submit', sagaOf(gid, 1, { wait_result: true }));
  await clock.settle();
  await ask(gid, { reason: 'wrong order' });
  await clock.advance(second);
  const { status, text } = await waits;
  assert.deepEqual([status, JSON.parse(text)], [409, { dtm_result: 'FAILURE', message: 'wrong order FAILURE' }]);
});

test('refused with what to do instead; nothing changes over the routes of dtm', async () => {
  const { client, clock, service } = at();
  const gid = await hanging(60);
  assert.equal((await client.post('abort', { gid, trans_type: 'saga' })).status, 409);
  await ask(gid);
  await clock.advance(minute);
  assert.match((await ask(gid, {}, 409)).message, /the saga has already failed/);
  const prepared = client.newGid();
  await client.does('prepare', sagaOf(prepared, 1));
  assert.match((await ask(prepared, {}, 409)).message, /abort it instead/);
  assert.equal(await client.statusOf(prepared), 'prepared');
  for (const trans_type of ['tcc', 'xa', 'msg']) {
    const other = client.newGid();
    await client.does('prepare', { gid: other, trans_type, query_prepared: `${service.url}/q` });
    assert.match((await ask(other, {}, 400)).message, /^gid: must be the gid of a saga; .*stop/);
  }
  assert.match((await ask(client.newGid(), {}, 404)).message, /^gid: /);
});

test('bad input is refused whole, and names the field', async () => {
  const gid = await hanging(60);
  for (const [body, field] of [
    [{ reason: 7 }, 'reason'],
    [{ reason: 'ä'.repeat(513) }, 'reason'],
    [{ reason: 'it is ONGOING' }, 'reason'],
    [{ doNotWait: 'yes' }, 'doNotWait'],
    [{ donotwait: true }, 'body'],
    [['reason'], 'body'],
  ] as const) {
    const { message } = await ask(gid, body, 400);
    assert.ok(message.startsWith(`${field}: `), message);
    assert.doesNotMatch(message, /ONGOING|yes|donotwait/);
  }
  // What stands there would not count, and its writer would not know.
  const path = `/api/v1/transactions/${encodeURIComponent(gid)}/rollback?doNotWait=true`;
  const { status, text } = await at().client.http.post(path, {});
  assert.deepEqual([status, /^parameters: must be none/.test(JSON.parse(text).message)], [400, true], text);
  assert.equal((await shown(gid)).status, 'submitted');
});

test('a stop by an operator is told, with whom nobody told', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  service.script(`/${gid}/a2`, broken);
  await client.post('submit', sagaOf(gid, 3, { wait_result: true }));
  await client.does('forceStop', { gid });
  const stopped = await shown(gid);
  assert.deepEqual(
    stopped.operatorDecisions.map(({ kind, status }: Record<string, string>) => [kind, status]),
    [['stop', 'submitted']],
  );
  assert.deepEqual(
    stopped.untold.map(({ branchId, op }: Call) => `${branchId} ${op}`),
    ['02 compensate', '01 compensate'],
  );
  const failed = client.newGid();
  service.script(`/${failed}/a1`, failure);
  await client.post('submit', sagaOf(failed, 1, { wait_result: true }));
  const other = await shown(failed);
  assert.deepEqual([other.operatorDecisions, other.untold], [[], []]);
});
