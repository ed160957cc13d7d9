import assert from 'node:assert/strict';
import { test } from 'node:test';
import { second } from './manual-clock.ts';
import { ongoing } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world();

test('1, 2, 3, 4: version, newGid, ping, metrics; health', async () => {
  const { client } = at();
  assert.match((await client.get('version')).text, /^\{"version":"[^"]+"\}$/);
  const { gid, dtm_result: result } = JSON.parse((await client.get('newGid')).text);
  assert.match(gid, /^[2-9A-HJ-NP-Za-km-z]{22}$/);
  assert.equal(result, 'SUCCESS');
  assert.equal((await client.http.get('/api/ping')).text, '{"msg":"pong"}');
  assert.equal((await client.http.post('/api/ping', {})).text, '{"msg":"pong"}');
  assert.equal((await client.http.get('/api/metrics')).status, 200);
  assert.equal((await client.http.get('/healthz')).status, 200);
  assert.equal((await client.http.get('/readyz')).status, 200);
});

test('6, 7: query without gid is refused, an unknown gid is null', async () => {
  const { client } = at();
  assert.equal((await client.get('query')).status, 400);
  const { status, text } = await client.get('query?gid=nobody');
  assert.deepEqual([status, JSON.parse(text)], [200, { branches: [], transaction: null }]);
});

test('8, 9, 10, 11, 12: pages, filters, one gid', async () => {
  const { client, clock } = at();
  const gids = [client.newGid(), client.newGid(), client.newGid()];
  await clock.advance(10 * second);
  const beganMs = await clock.nowMs();
  for (const gid of gids) {
    await client.does('submit', { gid, trans_type: 'saga', steps: [], payloads: [] });
    await clock.advance(10);
  }
  const other = client.newGid();
  await client.does('prepare', { gid: other, trans_type: 'tcc' });
  const all = async (query: string) => JSON.parse((await client.get(`all?${query}`)).text);

  const seen: string[] = [];
  let position = '';
  do {
    const page = await all(`limit=1&position=${encodeURIComponent(position)}`);
    assert.ok(page.transactions.length <= 1);
    assert.notEqual(page.next_position === '' ? undefined : page.next_position, position);
    for (const { gid } of page.transactions) seen.push(gid);
    position = page.next_position;
  } while (position !== '');
  assert.deepEqual(
    seen.filter((gid) => gids.includes(gid)),
    [...gids].reverse(),
    'newest first, each once',
  );
  const first = await all('limit=1');
  const rest = await all(`limit=1000&position=${encodeURIComponent(first.next_position)}`);
  assert.deepEqual([rest.transactions.length, rest.next_position], [seen.length - 1, '']);
  assert.equal((await all(`gid=${gids[0]}`)).transactions.length, 1);
  assert.equal((await all('gid=nobody')).transactions, null);
  const window = `createTimeStart=${beganMs}&createTimeEnd=${beganMs + second}`;
  const matching = await all(`status=succeed&transType=saga&${window}&limit=1000`);
  assert.deepEqual(
    [matching.transactions.map(({ gid }: { gid: string }) => gid), matching.next_position],
    [[...gids].reverse(), ''],
  );
  assert.deepEqual((await all('createTimeStart=1000&createTimeEnd=2000')).transactions ?? [], []);
});

test('13: bad numbers and unknown statuses are refused', async () => {
  const { client } = at();
  for (const query of ['limit=abc', 'limit=-1', 'status=lost', 'transType=none', 'createTimeStart=x', 'position=%00']) {
    const { status, text } = await client.get(`all?${query}`);
    assert.equal(status, 400, query);
    assert.doesNotMatch(text, /abc|lost|none|FAILURE|ONGOING/, query);
  }
});

/** A message whose branch is asked again after so many seconds. */
async function waiting(retry_interval: number): Promise<string> {
  const { client, service } = at();
  const gid = client.newGid();
  const action = service.script(`/${gid}`, ongoing);
  const asked = { gid, trans_type: 'msg', steps: [{ action }], payloads: [''], retry_interval };
  await client.post('submit', { ...asked, wait_result: true });
  return gid;
}

test('16, 17: resetCronTime makes what is due late due now', async () => {
  const { client, clock, service } = at();
  const late: string[] = [];
  for (let count = 0; count < 10; count += 1) late.push(await waiting(110));
  const sooner = await waiting(90);
  const reset = async (query: string) => {
    const answer = JSON.parse((await client.get(`resetCronTime?${query}`)).text);
    await clock.settle();
    return answer;
  };
  const calledAgain = () => late.filter((gid) => service.callsOf(gid).length === 2).length;
  assert.deepEqual(await reset('timeout=100&limit=9'), { succeed_count: 9, has_remaining: true });
  assert.equal(calledAgain(), 9);
  assert.deepEqual(await reset('timeout=100&limit=10'), { succeed_count: 1, has_remaining: false });
  assert.deepEqual([calledAgain(), service.callsOf(sooner).length], [10, 1]);
  assert.deepEqual(await reset('timeout=88&limit=10'), { succeed_count: 1, has_remaining: false });
  assert.equal(service.callsOf(sooner).length, 2);
  assert.deepEqual(await reset('timeout=88&limit=10'), { succeed_count: 0, has_remaining: false });
  assert.equal((await client.get('resetCronTime?timeout=x')).status, 400);
});

test('18, Q12: resetNextCronTime makes one due now, whatever its time', async () => {
  const { client, clock, service } = at();
  const gid = await waiting(5000);
  const atMs = await clock.nowMs();
  await client.does('resetNextCronTime', { gid });
  await clock.settle();
  assert.deepEqual([await client.statusOf(gid), service.callsOf(gid).length], ['succeed', 2]);
  assert.equal(await clock.nowMs(), atMs);
  await client.does('resetNextCronTime', { gid });
  assert.equal(await client.statusOf(gid), 'succeed', 'of one that has ended too, which stays so');
});

test('19: unknown gids are not found', async () => {
  const { client } = at();
  for (const [route, body] of [
    ['forceStop', { gid: 'nobody' }],
    ['resetNextCronTime', { gid: 'nobody' }],
    ['abort', { gid: 'nobody', trans_type: 'tcc' }],
    ['registerBranch', { gid: 'nobody', trans_type: 'tcc', branch_id: '01', confirm: '', cancel: '' }],
  ] as const) {
    const { status, text } = await client.post(route, body);
    assert.equal(status, 404, route);
    assert.doesNotMatch(text, /FAILURE|ONGOING/);
  }
});

test('102: CR, LF and semicolons are removed from a gid in a body', async () => {
  const { client } = at();
  const gid = client.newGid();
  const asked = { gid: `${gid};\r\n`, trans_type: 'saga', steps: [], payloads: [], wait_result: true };
  await client.does('submit', asked);
  assert.equal(await client.statusOf(gid), 'succeed');
});

test('Q32: a request of another type than the stored one is refused', async () => {
  const { client } = at();
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  for (const [route, body] of [
    ['prepare', { gid, trans_type: 'saga', steps: [], payloads: [] }],
    ['submit', { gid, trans_type: 'saga', steps: [], payloads: [] }],
    ['abort', { gid, trans_type: 'msg' }],
  ] as const) {
    const { status, text } = await client.post(route, body);
    assert.equal(status, 400, route);
    assert.match(text, /trans_type/);
  }
  assert.equal(await client.statusOf(gid), 'prepared');
});

test('Q29: bad input stores nothing, names the field and never echoes its value', async () => {
  const { client } = at();
  for (const [field, body] of [
    ['trans_type', { trans_type: 'FAILURE' }],
    ['payloads', { trans_type: 'saga', steps: [{ action: 'http://a', compensate: '' }], payloads: [] }],
    ['timeout_to_fail', { trans_type: 'saga', steps: [], payloads: [], timeout_to_fail: 'FAILURE' }],
    ['retry_interval', { trans_type: 'saga', steps: [], payloads: [], retry_interval: -1 }],
    ['custom_data', { trans_type: 'saga', steps: [], payloads: [], custom_data: '{FAILURE' }],
    [
      'orders',
      {
        trans_type: 'saga',
        steps: [{ action: 'http://a', compensate: '' }],
        payloads: [''],
        custom_data: '{"orders":{"0":[7]}}',
      },
    ],
    ['branch_headers', { trans_type: 'saga', steps: [], payloads: [], branch_headers: { 'FAILURE \n': 'x' } }],
  ] as const) {
    const gid = client.newGid();
    const { status, text } = await client.post('submit', { gid, ...body });
    assert.equal(status, 400, `${field}: ${text}`);
    assert.ok(text.includes(field), `${field}: ${text}`);
    assert.doesNotMatch(text, /FAILURE|ONGOING/);
    assert.equal(JSON.parse((await client.get(`query?gid=${gid}`)).text).transaction, null);
  }
});
