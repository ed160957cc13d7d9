import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';
import { DtmClient } from './dtm-client.ts';
import { ManualClock, minute } from './manual-clock.ts';
import { broken, failure, ScriptedService } from './scripted-service.ts';

/** Numbers are those of the conformance cases in the protocol's description. */
const service = new ScriptedService();
let coordinator: Coordinator;
let client: DtmClient;
let clock: ManualClock;

before(async () => {
  await service.start();
  const settings = { HOLDFAST_ALERT_WEBHOOK_URL: `${service.url}/hook` };
  coordinator = await startCoordinator({ command: 'dev', settings });
  client = new DtmClient(coordinator.url);
  clock = new ManualClock(client.http);
});

after(async () => {
  client.close();
  await coordinator.stop();
  await service.stop();
});

const alertsFor = (gid: string) =>
  service.arrived
    .filter(({ path }) => path === '/hook')
    .map(({ body }) => JSON.parse(body))
    .filter((alert) => alert.gid === gid);

async function metric(name: string): Promise<number> {
  const { text } = await client.http.get('/api/metrics');
  const found = text.split('\n').find((line) => line.startsWith(name));
  return Number(found?.split(' ').at(-1) ?? 0);
}

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
  assert.equal(await metric('holdfast_incidents_raised_total{type="msg",kind="failing",incident="failing"}'), 1);
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
