import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/until.ts';
import { second } from './manual-clock.ts';
import { broken, failure } from './scripted-service.ts';
import { world } from './world.ts';

const at = world();

async function told(gid: string, client = at().client) {
  const { status, text } = await client.http.get(`/api/v1/transactions/${encodeURIComponent(gid)}`);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const names = (operations: { branchId: string; op: string }[]) =>
  operations.map(({ branchId, op }) => `${branchId} ${op}`);

test('a saga that waits for a retry: what happened, what comes next, when and why, and what a time-out would do', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = ['1', '2', '3'].map((step) => ({
    action: service.script(`/${gid}/do${step}`, ...(step === '2' ? [broken] : [])),
    compensate: `${service.url}/${gid}/undo${step}`,
  }));
  const options = { timeout_to_fail: 600, branch_headers: { authorization: 'secret' } };
  await client.post('submit', {
    gid,
    trans_type: 'saga',
    wait_result: true,
    steps,
    payloads: ['"secret"', '', ''],
    ...options,
  });
  const shown = await told(gid);
  assert.deepEqual([shown.type, shown.status, shown.owner, shown.isDrivenHere], ['saga', 'submitted', null, false]);
  assert.deepEqual(
    shown.branches.map(({ status }: { status: string }) => status),
    ['not called', 'succeeded', 'not called', 'may have run', 'not called', 'not called'],
  );
  assert.deepEqual(
    shown.attempts.map(({ op, branchId, outcome, reason }: Record<string, string>) => [branchId, op, outcome, reason]),
    [
      ['01', 'action', 'success', ''],
      ['02', 'action', 'error', 'HTTP 500: oops'],
    ],
  );
  const { what, at: when, calls, rule, because } = shown.next;
  assert.deepEqual([what, when, names(calls), rule], ['call', shown.dueAt, ['02 action'], 'back-off']);
  assert.match(because, /^The last call failed: it is made again/);
  const { lastFailure, sooner } = shown.next;
  assert.deepEqual([names([lastFailure]), lastFailure.reason, sooner], [['02 action'], 'HTTP 500: oops', 'retry']);
  assert.deepEqual(shown.heldBack, []);
  assert.equal(shown.onAbort.isAllowed, false);
  assert.deepEqual(
    [names(shown.onTimeout.calls), shown.onTimeout.status],
    [['02 compensate', '01 compensate'], 'failed'],
  );
  assert.deepEqual(shown.options.branchHeaders, ['authorization']);
  assert.doesNotMatch(JSON.stringify(shown), /secret/);
});

test('a compensation that was called, and has not succeeded yet, is not said to be not called', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: service.script(`/${gid}/do`, failure), compensate: service.script(`/${gid}/undo`, broken) }];
  await client.post('submit', { gid, trans_type: 'saga', wait_result: true, steps, payloads: ['1'] });
  const shown = await told(gid);
  assert.deepEqual(
    shown.branches.map(({ op, status }: Record<string, string>) => [op, status]),
    [
      ['compensate', 'may have run'],
      ['action', 'failed'],
    ],
  );
});

test('while a call is out it says so, and who drives it', async () => {
  const { client, one, coordinator, service } = at();
  const gid = client.newGid();
  const steps = [{ action: service.script(`/${gid}/slow`, { afterMs: 1000 }), compensate: '' }];
  await one.does('submit', { gid, trans_type: 'saga', steps, payloads: ['1'] });
  await until('it is called', () => service.callsOf(gid).length === 1);
  const shown = await told(gid, one);
  assert.deepEqual([shown.isDrivenHere, names(shown.inFlight), shown.next.rule], [true, ['01 action'], 'in-flight']);
  for (const url of coordinator.urls.slice(1)) {
    const { owner, ownerName, isDrivenHere, inFlight } = JSON.parse(
      await (await fetch(`${url}/api/v1/transactions/${gid}`)).text(),
    );
    assert.deepEqual([owner, isDrivenHere, inFlight], [shown.owner, false, []]);
    assert.match(ownerName, new RegExp(`:${new URL(coordinator.url).port}$`), 'who drives it');
  }
  await client.untilStatus(gid, 'succeed');
});

test('a prepared tcc: what abort and time-out would do', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  const urls = { confirm: `${service.url}/c`, cancel: `${service.url}/d` };
  for (const branch_id of ['01', '02']) {
    await client.does('registerBranch', { gid, trans_type: 'tcc', branch_id, data: '', ...urls });
  }
  const shown = await told(gid);
  for (const foreseen of [shown.onAbort, shown.onTimeout]) {
    assert.deepEqual([names(foreseen.calls), foreseen.status], [['02 cancel', '01 cancel'], 'failed']);
  }
  assert.deepEqual([shown.next.what, shown.next.to, shown.next.rule], ['move', 'aborting', 'prepared-waits']);
});

test('a destination that does not serve is named, with the time of its next probe', async () => {
  const { one: client, clock } = at();
  const gone = 'http://127.0.0.1:1';
  const submit = async (gid: string) => {
    const steps = [{ action: `${gone}/a`, compensate: '' }];
    await client.post('submit', { gid, trans_type: 'saga', wait_result: true, steps, payloads: ['1'] });
  };
  for (let failures = 0; failures < 5; failures += 1) await submit(client.newGid());
  const gid = client.newGid();
  await submit(gid);
  const shown = await told(gid, client);
  assert.deepEqual([shown.attemptCount, shown.next.rule, shown.next.lastFailure], [0, 'not-called', null]);
  const [held, ...others] = shown.heldBack;
  assert.deepEqual([held.kind, held.destination, others], ['breaker', gone, []]);
  const nowMs = await clock.nowMs();
  assert.deepEqual([Date.parse(held.since), Date.parse(held.probeAt)], [nowMs, nowMs + second]);
});

test('a call that waits for a place says so, and for which', async () => {
  const { one: client, clock, service } = at();
  const gid = client.newGid();
  const steps = Array.from({ length: 257 }, (_, step) => ({
    action: `${service.url}/${gid}/a${step}`,
    compensate: '',
  }));
  for (const { action } of steps) await clock.delay(action, second);
  const body = { gid, trans_type: 'saga', steps, payloads: steps.map(() => '1') };
  await client.does('submit', { ...body, custom_data: JSON.stringify({ concurrent: true }) });
  await until('256 are out', () => service.callsOf(gid).length === 256);
  const shown = await told(gid, client);
  const waiting = shown.inFlight.filter(({ sentAt }: { sentAt: string | null }) => sentAt === null);
  assert.equal(waiting.length, 1);
  const [{ longest, ...held }, ...others] = shown.heldBack;
  assert.deepEqual(others, []);
  assert.deepEqual(held, {
    ...{ kind: 'slot', destination: service.url, since: waiting[0].askedAt, probeAt: null, callsOut: 256 },
  });
  assert.deepEqual(
    longest.map((place: { gid: string; op: string }) => [place.gid, place.op]),
    Array.from({ length: 3 }, () => [gid, 'action']),
  );
  await clock.advance(second);
  await clock.advance(second);
  await client.untilStatus(gid, 'succeed');
});

test('a saga without steps succeeds, which is told', async () => {
  const { client, coordinator, counted } = at();
  const gid = client.newGid();
  await client.does('submit', { gid, trans_type: 'saga', wait_result: true });
  const line = new RegExp(`"level":"warn".*"gid":"${gid}".*without steps was submitted`);
  await until('the log says so', () => line.test(coordinator.logs));
  assert.equal(await counted('holdfast_submitted_without_steps_total{type="saga"}'), 1);
});

test('a failed one says why; an unknown one is not found', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const steps = [{ action: service.script(`/${gid}/no`, failure), compensate: '' }];
  await client.post('submit', { gid, trans_type: 'saga', wait_result: true, steps, payloads: ['1'] });
  const shown = await told(gid);
  assert.match(shown.reason, /no money/);
  assert.deepEqual([shown.status, shown.next.what, shown.onTimeout, shown.dueAt], ['failed', 'nothing', null, null]);
  assert.equal((await client.http.get('/api/v1/transactions/unknown')).status, 404);
});

test('a submit that differs from its prepare is told', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const message = { gid, trans_type: 'msg', query_prepared: `${service.url}/query` };
  await client.does('prepare', { ...message, steps: [{ action: `${service.url}/a` }], payloads: ['1'] });
  await client.does('submit', { ...message, steps: [{ action: `${service.url}/b` }], payloads: ['2'] });
  assert.deepEqual((await told(gid)).ignoredFields, ['steps', 'payloads']);
});

test('the same gid again with other content is 200, and told; with the same content it is not', async () => {
  const { client, clock, service, counted } = at();
  const gid = client.newGid();
  const count = (type: string) => counted(`holdfast_ignored_fields_total{type="${type}"}`);
  const before = await count('saga');
  await clock.delay(`${service.url}/${gid}/a`, second);
  const saga = { gid, trans_type: 'saga', custom_data: '{"concurrent":true}', retry_limit: 2 };
  const first = { ...saga, steps: [{ action: `${service.url}/${gid}/a`, compensate: '' }], payloads: ['1'] };
  await client.does('submit', first);
  await client.does('submit', first);
  assert.deepEqual([(await told(gid)).ignoredFields, await count('saga')], [[], before]);
  await client.does('submit', { ...first, payloads: ['2'] });
  await client.does('submit', { ...first, payloads: ['3'] });
  assert.deepEqual([(await told(gid)).ignoredFields, await count('saga')], [['payloads'], before + 1]);
  await client.does('submit', { ...first, steps: [{ action: `${service.url}/b` }], retry_limit: 1 });
  assert.deepEqual((await told(gid)).ignoredFields, ['payloads', 'steps', 'retry_limit']);
  await clock.advance(second);
  assert.equal(await client.statusOf(gid), 'succeed');
  assert.deepEqual(service.callsOf(gid).length, 1, 'the first content ran, once');

  const prepared = client.newGid();
  const message = { gid: prepared, trans_type: 'msg', steps: [{ action: `${service.url}/a` }] };
  await client.does('prepare', { ...message, payloads: ['1'], query_prepared: `${service.url}/query` });
  await client.does('prepare', { ...message, payloads: ['2'], query_prepared: `${service.url}/other` });
  assert.deepEqual((await told(prepared)).ignoredFields, ['payloads', 'query_prepared']);
  assert.equal(await client.statusOf(prepared), 'prepared');
});

test('an action that answers 200 with a dtm_result of no meaning has run, and its attempt has a warning', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const strange = { status: 200, body: '{"dtm_result":"Object reference not set"}' };
  const steps = [{ action: service.script(`/${gid}/a`, strange), compensate: '' }];
  await client.does('submit', { gid, trans_type: 'saga', wait_result: true, steps, payloads: ['1'] });
  const { status, attempts } = await told(gid);
  assert.equal(status, 'succeed');
  assert.match(attempts[0]?.note ?? '', /^it counts as a success, but the dtm_result of the answer has no meaning/);
});

test('the list: pages, filters, and no filter that there is not', async () => {
  const { client, clock, service } = at();
  const prefix = client.newGid();
  const body = { trans_type: 'msg', query_prepared: '', steps: [{ action: `${service.url}/a` }] };
  for (const end of ['a', 'b', 'c']) {
    await client.does('prepare', { ...body, gid: `${prefix}/${end}`, payloads: ['1'] });
    await clock.advance(1);
  }
  const list = async (query: string) => {
    const { status, text } = await client.http.get(`/api/v1/transactions?${query}`);
    assert.equal(status, 200, text);
    const { transactions, next } = JSON.parse(text);
    return { gids: transactions.map(({ gid }: { gid: string }) => gid.slice(prefix.length + 1)), transactions, next };
  };
  const mine = `gidPrefix=${encodeURIComponent(`${prefix}/`)}`;
  const first = await list(`${mine}&limit=2`);
  assert.deepEqual(first.gids, ['c', 'b']);
  const next = await list(`${mine}&limit=2&position=${encodeURIComponent(first.next)}`);
  assert.deepEqual([next.gids, next.next], [['a'], '']);
  assert.deepEqual((await list(`${mine}&status=submitted`)).gids, []);
  assert.deepEqual((await list(`${mine}&type=msg&createdFrom=${first.transactions[0].createdAt}`)).gids[0], 'c');
  await clock.advance(35 * second);
  assert.deepEqual((await list(`${mine}&incident=true`)).gids, ['c', 'b', 'a']);
  for (const bad of [
    'gid=x',
    'status=FAILURE',
    'type=SAGA',
    'limit=0',
    'incident=1',
    'createdTo=yesterday',
    'createdFrom=2026-01-31T12:00:00',
    'createdTo=2026-02-30T12:00:00Z',
    'position=x',
  ]) {
    const { status, text } = await client.http.get(`/api/v1/transactions?${bad}`);
    assert.equal(status, 400, bad);
    assert.doesNotMatch(text, /FAILURE/);
  }
});
