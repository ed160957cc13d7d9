import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { until } from '../lib/until.ts';
import { minute } from './manual-clock.ts';
import { broken, failure } from './scripted-service.ts';
import { world } from './world.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const at = world(({ url }) => ({ HOLDFAST_ALERT_WEBHOOK_URL: `${url}/hook` }));
type World = ReturnType<typeof at>;
let service: World['service'];
let coordinator: World['coordinator'];
let client: World['client'];
let clock: World['clock'];
let counted: World['counted'];

beforeEach(() => {
  ({ service, coordinator, client, clock, counted } = at());
});

const alertsFor = (gid: string) =>
  service.arrived
    .filter(({ path }) => path === '/hook')
    .map(({ body }) => JSON.parse(body))
    .filter((alert) => alert.gid === gid);

test('62: the third error in a row alerts once, with what failed; a success later ends it', async () => {
  const gid = client.newGid();
  const action = service.script(`/${gid}/a`, broken, broken, broken, broken);
  const body = { gid, trans_type: 'msg', query_prepared: '', steps: [{ action }], payloads: ['1'] };
  await client.does('submit', body);
  for (let run = 1; run <= 4; run += 1) {
    await until(`it was called ${run} times`, () => service.callsOf(gid).length === run);
    if (run === 3) await until('the alert came', () => alertsFor(gid).length > 0);
    assert.equal(alertsFor(gid).length, run < 3 ? 0 : 1);
    await client.retryNow(gid);
  }
  await client.untilStatus(gid, 'succeed');
  const alert = { gid, status: 'submitted', kind: 'failing', branch: action, error: 'HTTP 500: oops', retry_count: 3 };
  assert.deepEqual(alertsFor(gid), [alert]);
  assert.equal(await counted('holdfast_incidents_raised_total{type="msg",kind="failing",incident="failing"}'), 1);
  assert.match(coordinator.logs, new RegExp(`"level":"warn".*"gid":"${gid}".*fails again and again`));
  assert.match(coordinator.logs, new RegExp(`"level":"info".*"gid":"${gid}".*an incident of a transaction has ended`));
});

test('63: a webhook that fails holds nothing up, and is told again', async () => {
  const gid = client.newGid();
  service.script('/hook', broken);
  await client.does('prepare', {
    gid,
    trans_type: 'msg',
    query_prepared: '',
    steps: [{ action: service.url }],
    payloads: ['1'],
  });
  await clock.advance(minute);
  await until('it was told twice', () => alertsFor(gid).length === 2, 20_000);
  assert.deepEqual(alertsFor(gid)[1], {
    gid,
    status: 'prepared',
    kind: 'decision',
    branch: '',
    error: 'prepared-needs-human',
    retry_count: 0,
  });
  await client.does('submit', { gid, trans_type: 'msg', wait_result: true });
});

test('a FAILURE of what cannot fail alerts at once', async () => {
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc', timeout_to_fail: 60 });
  const urls = { confirm: service.script(`/${gid}/c`, failure), cancel: `${service.url}/d` };
  await client.does('registerBranch', { gid, trans_type: 'tcc', branch_id: '01', data: '', ...urls });
  await client.does('submit', { gid, trans_type: 'tcc' });
  await until('the alert came', () => alertsFor(gid).length === 1);
  assert.match(alertsFor(gid)[0].error, /no money/);
  assert.equal(
    JSON.parse((await client.http.get(`/api/v1/transactions/${gid}`)).text).incident,
    'failure-retried: confirm of branch 01',
  );
  await client.retryNow(gid);
  await client.untilStatus(gid, 'succeed');
});
