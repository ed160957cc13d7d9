/** Branches that are named instead of addressed, on a started coordinator. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DnsServer } from '../lib/dns-server.ts';
import { until } from '../lib/until.ts';
import { DtmClient } from './dtm-client.ts';
import { failure, ScriptedService } from './scripted-service.ts';

const services = [new ScriptedService(), new ScriptedService(), new ScriptedService()];
const dns = new DnsServer();
let coordinator: Coordinator;
let client: DtmClient;

const portOf = (service: ScriptedService | undefined) => new URL(service?.url ?? '').port;
const settings = (names: string) => ({
  HOLDFAST_NAMES: names,
  HOLDFAST_DNS_SERVERS: dns.address,
  HOLDFAST_RETRY_INTERVAL_MS: '1000',
});

before(async () => {
  await Promise.all([...services.map((service) => service.start()), dns.start()]);
  const addresses = services.map(({ url }) => `${url}/base`).join(',');
  coordinator = await startCoordinator({ settings: settings(`orders=${addresses} remote=10.0.0.1:9000`) });
  client = new DtmClient(coordinator.url);
});
after(async () => {
  client.close();
  await coordinator.stop();
  await Promise.all([...services.map((service) => service.stop()), dns.stop()]);
});

const saga = (gid: string, ...urls: readonly [action: string, compensate: string][]) => ({
  gid,
  trans_type: 'saga',
  wait_result: true,
  steps: urls.map(([action, compensate]) => ({ action, compensate })),
  payloads: urls.map(() => '{"amount":30}'),
});

async function attemptsOf(of: DtmClient, gid: string): Promise<readonly { reason: string }[]> {
  return JSON.parse((await of.http.get(`/api/v1/transactions/${gid}`)).text).attempts;
}

const untilTold = (of: DtmClient, gid: string, reason: RegExp) =>
  until(`${gid} has an attempt that tells ${reason}`, async () =>
    (await attemptsOf(of, gid)).some((attempt) => reason.test(attempt.reason)),
  );

const arrivedOf = (gid: string) =>
  services.flatMap(({ arrived }) => arrived.filter(({ query }) => query['gid'] === gid));

test('a saga whose steps name a service goes round its addresses', async () => {
  const gid = client.newGid();
  const step = ['svc://orders/in?x=1', 'svc://orders/undo'] as const;
  await client.does('submit', saga(gid, [...step], [...step], [...step]));
  const calls = services.map(({ arrived }) => arrived.filter(({ query }) => query['gid'] === gid));
  assert.deepEqual(
    calls.map((list) => list.length),
    [1, 1, 1],
  );
  for (const { path, search } of calls.flat()) {
    assert.equal(path, '/base/in');
    assert.match(search, /^\?x=1&branch_id=0\d&gid=.*&op=action&trans_type=saga$/);
  }
});

test('a json-rpc transaction calls a name by JSON-RPC where its query has a method', async () => {
  const gid = client.newGid();
  const steps = [{ action: 'svc://orders/rpc?method=Orders.add', compensate: '' }];
  const asked = {
    gid,
    trans_type: 'saga',
    protocol: 'json-rpc',
    wait_result: true,
    steps,
    payloads: ['{"amount":30}'],
  };
  await client.does('submit', asked);
  const bodies = services
    .flatMap(({ arrived }) => arrived.map(({ body }) => body))
    .filter((body) => body.includes(gid));
  const [{ method, params }] = bodies.map((body) => JSON.parse(body));
  assert.deepEqual([bodies.length, method, params.amount, params.op], [1, 'Orders.add', 30, 'action']);
});

test('a host that DNS knows is called at its addresses, under its own name', async () => {
  dns.records.set('orders.shop', [{ type: 'A', address: '127.0.0.1' }]);
  const gid = client.newGid();
  const url = `dns:///orders.shop:${portOf(services[1])}/in`;
  await client.does('submit', saga(gid, [url, url]));
  assert.deepEqual(
    arrivedOf(gid).map(({ path, headers }) => [path, headers.host]),
    [['/in', `orders.shop:${portOf(services[1])}`]],
  );
});

test('service records tell hosts and ports; what was refused is compensated at the same name', async () => {
  const record = (service: ScriptedService | undefined, priority: number) =>
    ({ type: 'SRV', priority, weight: 1, port: Number(portOf(service)), target: 'host.shop' }) as const;
  dns.records.set('host.shop', [{ type: 'A', address: '127.0.0.1' }]);
  dns.records.set('_orders._tcp.shop', [record(services[0], 10), record(services[2], 20)]);
  services[0]?.script('/refuse', failure);
  const gid = client.newGid();
  const { status } = await client.post(
    'submit',
    saga(gid, ['dns+srv://_orders._tcp.shop/refuse', 'dns+srv://_orders._tcp.shop/undo']),
  );
  assert.equal(status, 409);
  assert.deepEqual(services[0]?.callsOf(gid), ['/refuse', '/undo']);
  assert.deepEqual(services[2]?.callsOf(gid), []);
});

test('a name that does not resolve is an error of the call, told in words, and the saga goes on once it does', async () => {
  const gid = client.newGid();
  const url = `dns:///late.shop:${portOf(services[0])}/in`;
  await client.does('submit', { ...saga(gid, [url, url]), wait_result: false });
  await untilTold(client, gid, /^no address of late\.shop: DNS does not know the name \(ENOTFOUND\)$/);
  dns.records.set('late.shop', [{ type: 'A', address: '127.0.0.1' }]);
  await client.untilStatus(gid, 'succeed');
});

test('D7: what names nothing known is refused at once, naming the field and what there is', async () => {
  const refused = async (url: string, more: object = {}) => {
    const gid = client.newGid();
    const { status, text } = await client.post('submit', { ...saga(gid, [url, '']), ...more });
    assert.equal(status, 400, text);
    assert.equal((await client.get(`query?gid=${gid}`)).text, '{"branches":[],"transaction":null}');
    return JSON.parse(text).message;
  };
  assert.equal(
    await refused('svc://stock/FAILURE'),
    'steps[0].action: must be svc:// and a name of the settings: orders, remote',
  );
  assert.match(await refused('svc://remote/a'), /must have \/package\.Service\/Method after its name/);
  assert.match(
    await refused('etcd://10.9.9.9:2379/orders/a.B/C'),
    /asks the registry of etcd:\/\/ URLs.*not supported yet/,
  );
  assert.match(await refused('dns:///orders/a'), /must be svc:\/\/name\/\.\.\., dns:\/\/\/host:port/);
  const gid = client.newGid();
  await client.does('prepare', { gid, trans_type: 'tcc' });
  const branch = { gid, trans_type: 'tcc', branch_id: '01', confirm: 'svc://orders/a', cancel: 'svc://stock/a' };
  const { status, text } = await client.post('registerBranch', branch);
  assert.deepEqual(
    [status, JSON.parse(text).message],
    [400, 'cancel: must be svc:// and a name of the settings: orders, remote'],
  );
  await client.does('registerBranch', { ...branch, cancel: 'svc://orders/b' });
  await client.does('submit', { gid, trans_type: 'tcc', wait_result: true });
  assert.deepEqual(
    arrivedOf(gid).map(({ path }) => path),
    ['/base/a'],
  );
  const topic = await client.get('subscribe?topic=t&remark=&url=svc%3A%2F%2Fstock%2Fa');
  assert.deepEqual(
    [topic.status, JSON.parse(topic.text).message],
    [400, 'url: must be svc:// and a name of the settings: orders, remote'],
  );
});

test('one of three services dies: the sagas go on', async () => {
  await services[1]?.stop();
  for (let round = 0; round < 10; round += 1) {
    const gid = client.newGid();
    await client.does('submit', { ...saga(gid, ['svc://orders/in', '']), retry_limit: 3 });
    assert.equal(arrivedOf(gid).length, 1);
  }
});

test('a test that moves the clock waits for DNS, too', async () => {
  dns.records.set('clocked.shop', [{ type: 'A', address: '127.0.0.1' }]);
  const development = await startCoordinator({ command: 'dev', settings: settings('orders=a:1') });
  const other = new DtmClient(development.url);
  try {
    const gid = other.newGid();
    const url = `dns:///clocked.shop:${portOf(services[0])}/in`;
    dns.hold();
    await other.does('submit', { ...saga(gid, [url, url]), wait_result: false });
    await until('DNS is asked', () => dns.asked.includes('A clocked.shop'));
    let isSettled = false;
    const settled = other.http.post('/api/dev/settle', {}).finally(() => {
      isSettled = true;
    });
    for (let round = 0; round < 20; round += 1) await other.http.get('/healthz');
    assert.equal(isSettled, false);
    dns.release();
    assert.deepEqual(JSON.parse((await settled).text), { driven: [gid], idle: true });
    assert.equal(await other.statusOf(gid), 'succeed');
  } finally {
    other.close();
    await development.stop();
  }
});

test('a name that was taken out of the settings does no harm to what is stored, and is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-naming-'));
  const startWith = (names: string) =>
    startCoordinator({ settings: { ...settings(names), HOLDFAST_DATA_DIR: folder } });
  const gid = client.newGid();
  services[0]?.script('/gone', { status: 500, body: 'not now' });
  for (const [name, reason] of [
    ['orders', /^127\.0\.0\.1:\d+: HTTP 500: not now$/],
    ['stock', /^no address of orders: svc:\/\/orders is no longer a name in the settings; put it back$/],
  ] as const) {
    const started = await startWith(`${name}=${services[0]?.url}`);
    const other = new DtmClient(started.url);
    try {
      if (name === 'orders')
        await other.does('submit', { ...saga(gid, ['svc://orders/gone', '']), wait_result: false });
      await untilTold(other, gid, reason);
      await started.kill('SIGTERM');
    } finally {
      other.close();
      await started.stop();
    }
  }
  await rm(folder, { recursive: true });
});
