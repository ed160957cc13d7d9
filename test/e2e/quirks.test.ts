import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../lib/until.ts';
import { second } from './manual-clock.ts';
import { broken, failure, ongoing, type Scripted } from './scripted-service.ts';
import { world } from './world.ts';

/** Where dtm goes wrong, by the numbers of the protocol's description; what belongs to a row stands with the rows. */
const at = world();

interface Step {
  readonly action?: Scripted[];
  readonly compensate?: Scripted[];
}

function saga(steps: readonly Step[], options: object = {}) {
  const { client, service } = at();
  const gid = client.newGid();
  return {
    gid,
    trans_type: 'saga',
    steps: steps.map(({ action = [], compensate = [] }, index) => ({
      action: service.script(`/${gid}/a${index + 1}`, ...action),
      compensate: service.script(`/${gid}/c${index + 1}`, ...compensate),
    })),
    payloads: steps.map(() => '{}'),
    ...options,
  };
}

async function submitted(steps: readonly Step[], options: object = {}): Promise<string> {
  const asked = saga(steps, options);
  await at().client.does('submit', asked);
  await at().clock.settle();
  return asked.gid;
}

const callsOf = (gid: string) => at().service.callsOf(gid).join(' ').replaceAll(`/${gid}/`, '');
const callOf = (gid: string, step: string) => `${at().service.url}/${gid}/${step}`;

test('Q2: a second submit with other steps changes nothing of what is stored', async () => {
  const { client, clock, service } = at();
  const asked = saga([{}, { action: [ongoing] }]);
  await client.does('submit', asked);
  await clock.settle();
  const before = await client.query(asked.gid);
  await clock.advance(second);
  const steps = [{ action: `${service.url}/${asked.gid}/other`, compensate: '' }];
  await client.does('submit', { ...asked, steps, payloads: ['{}'], retry_interval: 77 });
  await clock.settle();
  const after = await client.query(asked.gid);
  assert.equal(callsOf(asked.gid), 'a1 a2 a2');
  assert.deepEqual([after.transaction.status, after.branches.length], ['succeed', 4]);
  for (const column of ['create_time', 'options']) assert.equal(after.transaction[column], before.transaction[column]);
});

test('Q4: a gid is a gid, whatever is in it', async () => {
  const { client, clock } = at();
  const gid = await submitted([{ action: [ongoing] }], { retry_interval: 600 });
  const injected = "x' or '1'='1";
  assert.equal((await client.post('resetNextCronTime', { gid: injected })).status, 404);
  assert.equal((await client.post('forceStop', { gid: injected })).status, 404);
  await clock.settle();
  assert.deepEqual([await client.statusOf(gid), callsOf(gid)], ['submitted', 'a1']);
  await client.does('submit', { ...saga([{}], { wait_result: true }), gid: injected });
  assert.equal(await client.statusOf(injected), 'succeed');
  assert.equal(JSON.parse((await client.get(`all?gid=${encodeURIComponent(injected)}`)).text).transactions.length, 1);
});

test('Q5: the submit of a workflow leaves the rest of it as it was, and lists go on', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const custom_data = JSON.stringify({ name: 'wf', data: '' });
  const given = { gid, trans_type: 'workflow', query_prepared: `${service.url}/callback`, custom_data };
  assert.equal((await client.post('prepareWorkflow', { ...given, retry_interval: 30 })).status, 200);
  const { transaction: before } = await client.query(gid);
  await clock.advance(second);
  await client.does('submit', { gid, trans_type: 'workflow', req_extra: { status: 'succeed', result: 'b2s=' } });
  const { transaction: after } = await client.query(gid);
  for (const column of ['create_time', 'custom_data', 'query_prepared', 'options', 'protocol']) {
    assert.deepEqual([column, after[column]], [column, before[column]]);
    assert.ok(after[column]);
  }
  const window = `createTimeStart=${Date.parse(before.create_time) - second}&limit=1000`;
  const { transactions } = JSON.parse((await client.get(`all?${window}`)).text);
  assert.ok(transactions.some((one: { gid: string }) => one.gid === gid));
});

test('Q9: one that is slow holds up no other that is due', async () => {
  const { client, clock } = at();
  const gids: string[] = [];
  for (let count = 0; count < 30; count += 1) gids.push(await submitted([{ action: [broken] }]));
  const slow = gids[0] ?? '';
  await clock.delay(callOf(slow, 'a1'), 3 * second - 1);
  assert.equal((await clock.advance(20 * second)).idle, false, 'the slow call is still out');
  for (const gid of gids) assert.equal(await client.statusOf(gid), gid === slow ? 'submitted' : 'succeed');
  await clock.advance(3 * second);
  assert.equal(await client.statusOf(slow), 'succeed');
});

test('Q10: a call that outlives the retry interval is not made by somebody else meanwhile', async () => {
  const { client, clock } = at();
  const asked = saga([{}, {}], { request_timeout: 60 });
  await clock.delay(callOf(asked.gid, 'a1'), 45 * second);
  await client.does('submit', asked);
  await clock.settle();
  await clock.advance(45 * second - 1);
  assert.equal(callsOf(asked.gid), 'a1');
  await clock.advance(1);
  assert.deepEqual([await client.statusOf(asked.gid), callsOf(asked.gid)], ['succeed', 'a1 a2']);
});

test('Q11: the interval doubles up to ten minutes, and no further', async () => {
  const { client, clock } = at();
  const gid = await submitted([{ action: Array(8).fill(broken) }]);
  for (const [index, interval] of [20, 40, 80, 160, 320, 600, 600, 600].entries()) {
    assert.equal((await client.query(gid)).transaction.next_cron_interval, interval);
    await clock.advance(interval * second - 1);
    assert.equal(at().service.callsOf(gid).length, index + 1);
    await clock.advance(1);
  }
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('Q13: who is stopped while a call is out stays stopped, whatever the answer', async () => {
  const { client, clock, heard } = at();
  for (const answer of [{}, broken, failure]) {
    const asked = saga([{ action: [answer] }, {}]);
    await clock.delay(callOf(asked.gid, 'a1'), second);
    await client.does('submit', asked);
    await clock.settle();
    await client.does('forceStop', { gid: asked.gid });
    await heard(asked.gid);
    await clock.advance(second);
    await clock.advance(60 * second);
    assert.deepEqual([await client.statusOf(asked.gid), callsOf(asked.gid)], ['failed', 'a1']);
  }
});

test('Q14: what was asked for survives every write, and the death of the coordinator', async () => {
  const { client, clock, coordinator, service } = at();
  const custom_data = JSON.stringify({ concurrent: true, orders: { 0: [1] } });
  const gid = await submitted([{}, { action: [ongoing] }], { custom_data, branch_headers: { 'x-kept': 'yes' } });
  const before = await client.query(gid);
  await coordinator.restart();
  const after = await client.query(gid);
  for (const column of ['options', 'custom_data']) assert.equal(after.transaction[column], before.transaction[column]);
  await client.retryNow(gid);
  await clock.settle();
  assert.deepEqual([await client.statusOf(gid), callsOf(gid)], ['succeed', 'a2 a2 a1']);
  const headers = service.arrived.filter(({ query }) => query['gid'] === gid).map((call) => call.headers['x-kept']);
  assert.deepEqual(headers, ['yes', 'yes', 'yes']);
});

test('Q15: options and custom data of the submit are stored, and hold for later runs', async () => {
  const { client, clock, service } = at();
  const gid = client.newGid();
  const message = {
    gid,
    trans_type: 'msg',
    query_prepared: `${service.url}/query`,
    steps: [{ action: service.script(`/${gid}/a1`, broken) }],
    payloads: ['{}'],
  };
  await client.does('prepare', message);
  const options = { retry_interval: 30, branch_headers: { 'x-late': 'yes' }, custom_data: '{"delay":5}' };
  await client.does('submit', { ...message, ...options });
  await clock.advance(5 * second - 1);
  assert.equal(callsOf(gid), '');
  await clock.advance(1);
  assert.equal(callsOf(gid), 'a1');
  await clock.advance(60 * second - 1);
  assert.equal(callsOf(gid), 'a1');
  await clock.advance(1);
  assert.deepEqual([await client.statusOf(gid), callsOf(gid)], ['succeed', 'a1 a1']);
  const headers = service.arrived.filter(({ query }) => query['gid'] === gid).map((call) => call.headers['x-late']);
  assert.deepEqual(headers, ['yes', 'yes']);
});

test('Q16: who waits is answered when the call is, also after more than five seconds', async () => {
  const { client, clock } = at();
  const asked = saga([{}], { request_timeout: 8, wait_result: true });
  await clock.delay(callOf(asked.gid, 'a1'), 7 * second);
  const answer = client.does('submit', asked);
  await until('it was called', () => callsOf(asked.gid) === 'a1');
  await clock.advance(7 * second);
  await answer;
  assert.deepEqual([await client.statusOf(asked.gid), callsOf(asked.gid)], ['succeed', 'a1']);
});

test('Q16: a compensation that fails ends the run at once', async () => {
  const { client, clock } = at();
  const atMs = await clock.nowMs();
  const asked = saga([{ action: [failure], compensate: [broken] }], { wait_result: true });
  assert.equal((await client.post('submit', asked)).status, 409);
  const { transaction } = await client.query(asked.gid);
  assert.equal(transaction.status, 'aborting');
  assert.equal(Date.parse(transaction.next_cron_time ?? ''), atMs + 20 * second);
});

test('Q19: no label of a metric holds a query or names a branch or transaction', async () => {
  const { client, coordinator } = at();
  const gid = await submitted([{}, {}]);
  await client.get(`query?gid=${gid}`);
  await client.get(`all?gid=${gid}`);
  const texts = await Promise.all(coordinator.urls.map(async (url) => (await fetch(`${url}/api/metrics`)).text()));
  const series = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(series.some((line) => line.includes('query')));
  for (const line of series) assert.doesNotMatch(line, new RegExp(`\\?|branch_?id|gid|${gid}`));
});

test('Q20: the result of a step is durable when its registration is answered', async () => {
  const { client, coordinator, service } = at();
  const gid = client.newGid();
  const given = { gid, trans_type: 'workflow', query_prepared: `${service.url}/callback`, custom_data: '{}' };
  assert.equal((await client.post('prepareWorkflow', given)).status, 200);
  const step = { gid, trans_type: 'workflow', branch_id: '01', op: 'action', status: 'succeed', data: 'kept' };
  await client.does('registerBranch', step);
  await coordinator.restart();
  const { progresses } = JSON.parse((await client.post('prepareWorkflow', given)).text);
  assert.deepEqual(
    progresses.map(({ branch_id, status, bin_data }: Record<string, string>) => [branch_id, status, bin_data]),
    [['01', 'succeed', Buffer.from('kept').toString('base64')]],
  );
});

test('Q24: long texts, URLs and payloads neither fail nor are lost', async () => {
  const { client, service } = at();
  const body = `no money ${'€'.repeat(3000)}`;
  const asked = saga([{}, { action: [{ status: 409, body }] }], { wait_result: true });
  const payload = JSON.stringify({ text: 'x'.repeat(100_000) });
  const [first, last] = asked.steps;
  const steps = [{ ...first, action: `${first?.action}?long=${'y'.repeat(1500)}` }, last];
  const custom_data = JSON.stringify({ note: 'z'.repeat(5000) });
  const options = { branch_headers: { 'x-long': 'h'.repeat(2000) } };
  const { status } = await client.post('submit', {
    ...asked,
    ...options,
    steps,
    custom_data,
    payloads: [payload, '{}'],
  });
  assert.equal(status, 409);
  const { transaction } = await client.query(asked.gid);
  assert.deepEqual([transaction.status, callsOf(asked.gid)], ['failed', 'a1 a2 c2 c1']);
  assert.match(transaction.rollback_reason ?? '', /no money €€€/);
  const call = service.arrived.find(({ query }) => query['gid'] === asked.gid);
  assert.deepEqual([call?.body === payload, call?.query['long']?.length], [true, 1500]);
  assert.equal(transaction['custom_data'], custom_data);
});

test('Q27: branches that fail together double the interval once', async () => {
  const { client } = at();
  const custom_data = JSON.stringify({ concurrent: true });
  const gid = await submitted(Array(4).fill({ action: [broken] }), { custom_data });
  assert.equal((await client.query(gid)).transaction.next_cron_interval, 20);
});

test('Q27: an answer that comes during the rollback is not asked for again, and is compensated', async () => {
  const { client, clock } = at();
  const custom_data = JSON.stringify({ concurrent: true });
  const asked = saga([{ action: [failure] }, { action: [broken] }], { custom_data, retry_limit: 3 });
  await clock.delay(callOf(asked.gid, 'a1'), second / 2);
  await clock.delay(callOf(asked.gid, 'a2'), second);
  await client.does('submit', asked);
  await clock.advance(second / 2);
  assert.equal(await client.statusOf(asked.gid), 'aborting');
  await clock.advance(10 * second);
  assert.equal(await client.statusOf(asked.gid), 'failed');
  assert.deepEqual(callsOf(asked.gid).split(' ').sort(), ['a1', 'a2', 'c1', 'c2']);
});

test('D13: a URL whose query has a parameter of Holdfast’s own is refused by its field, and nothing is stored', async () => {
  const { client, service } = at();
  const gid = client.newGid();
  const url = (query: string) => `${service.url}/${gid}/a?${query}`;
  const refused = async (path: string, body: object, field: string) => {
    const { status, text } = await client.post(path, { gid, ...body });
    assert.equal(status, 400, text);
    assert.match(text, new RegExp(`${field}: must not have the parameter (gid|op|branch_id|trans_type) in its query`));
    assert.doesNotMatch(text, /evil/);
  };
  const steps = [{ action: url('gid=evil&op=zz'), compensate: '' }];
  await refused('submit', { trans_type: 'saga', steps, payloads: ['1'] }, 'steps\\[0\\]\\.action');
  const undo = [{ action: '', compensate: url('x=1&OP=evil') }];
  await refused('submit', { trans_type: 'saga', steps: undo, payloads: ['1'] }, 'steps\\[0\\]\\.compensate');
  await refused('prepare', { trans_type: 'msg', steps: [], query_prepared: url('gid=evil') }, 'query_prepared');
  const flow = { trans_type: 'workflow', custom_data: '{"name":"n","data":""}', query_prepared: url('op=evil') };
  await refused('prepareWorkflow', flow, 'query_prepared');
  assert.equal(JSON.parse((await client.get(`query?gid=${gid}`)).text).transaction, null);
  await client.does('prepare', { gid, trans_type: 'tcc' });
  const branch = { trans_type: 'tcc', branch_id: '01', confirm: url('branch_id=evil'), cancel: '' };
  await refused('registerBranch', branch, 'confirm');
  const { status, text } = await client.get(`subscribe?topic=t&url=${encodeURIComponent(url('op=evil'))}`);
  assert.equal(status, 400, text);
  await client.does('registerBranch', { gid, ...branch, confirm: url('a=1&b=2') });
});
