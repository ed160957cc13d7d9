/** gRPC branches that are named instead of addressed: a started coordinator, services of another gRPC library. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DnsServer } from '../lib/dns-server.ts';
import { DtmClient } from './dtm-client.ts';
import { GrpcClient } from './grpc-client.ts';
import { ScriptedGrpcService } from './scripted-grpc-service.ts';

const first = new ScriptedGrpcService();
const second = new ScriptedGrpcService();
const third = new ScriptedGrpcService();
const services = [first, second, third];
const dns = new DnsServer();
let coordinator: Coordinator;
let client: DtmClient;
let grpc: GrpcClient;

before(async () => {
  await Promise.all([...services.map((service) => service.start()), dns.start()]);
  for (const service of services) service.script('shop.Orders/Add');
  const orders = services.map(({ address }) => address).join(',');
  coordinator = await startCoordinator({
    settings: {
      HOLDFAST_NAMES: `orders=${orders}`,
      HOLDFAST_DNS_SERVERS: dns.address,
      HOLDFAST_RETRY_INTERVAL_MS: '1000',
    },
  });
  client = new DtmClient(coordinator.url);
  grpc = new GrpcClient(coordinator.grpcAddress);
});
after(async () => {
  client.close();
  grpc.close();
  for (const service of services) service.stop();
  await Promise.all([coordinator.stop(), dns.stop()]);
});

const portOf = ({ address }: ScriptedGrpcService) => Number(address.split(':').at(-1));
const opsOf = (service: ScriptedGrpcService, gid: string) =>
  service.callsOf(gid).map(({ metadata }) => metadata.get('dtm-op')[0]);

const payload = Buffer.from([0x0a, 0x02, 0xff, 0xfe]);

const saga = (Gid: string, steps: readonly (readonly [action: string, compensate: string])[]) => ({
  Gid,
  TransType: 'saga',
  Steps: JSON.stringify(steps.map(([action, compensate]) => ({ action, compensate }))),
  BinPayloads: steps.map(() => payload),
  TransOptions: { WaitResult: true },
});

const add = (service: string) => [`${service}/shop.Orders/Add`, `${service}/shop.Orders/Add`] as const;

test('a saga over gRPC goes round the addresses of a name, byte for byte', async () => {
  const gid = client.newGid();
  await grpc.does('Submit', saga(gid, [add('svc://orders'), add('svc://orders'), add('svc://orders')]));
  assert.deepEqual(
    services.map((service) => opsOf(service, gid)),
    [['action'], ['action'], ['action']],
  );
  assert.ok(first.arrived.every(({ body }) => body.equals(payload)));
});

test('hosts and service records of DNS are called by gRPC, and what was refused is undone there', async () => {
  dns.records.set('orders.shop', [{ type: 'A', address: '127.0.0.1' }]);
  dns.records.set('_orders._tcp.shop', [
    { type: 'SRV', priority: 1, weight: 1, port: portOf(second), target: 'orders.shop' },
  ]);
  second.script('shop.Orders/Refuse', { code: status.ABORTED, details: 'sold out' });
  const gid = client.newGid();
  const refused = await grpc.call(
    'Submit',
    saga(gid, [
      add(`dns:///orders.shop:${portOf(first)}`),
      ['dns+srv://_orders._tcp.shop/shop.Orders/Refuse', 'dns+srv://_orders._tcp.shop/shop.Orders/Add'],
    ]),
  );
  assert.equal(refused.code, status.ABORTED);
  assert.match(refused.details, /sold out/);
  assert.deepEqual(opsOf(first, gid), ['action', 'compensate']);
  assert.deepEqual(opsOf(second, gid), ['action', 'compensate']);
});

test('a transaction over HTTP may call a name whose addresses are gRPC', async () => {
  const gid = client.newGid();
  await client.does('submit', {
    gid,
    trans_type: 'saga',
    wait_result: true,
    steps: [{ action: 'svc://orders/shop.Orders/Add', compensate: '' }],
    payloads: ['plain'],
  });
  assert.deepEqual(
    services.flatMap((service) => opsOf(service, gid)),
    ['action'],
  );
});

test('what cannot be called is refused at once', async () => {
  const refused = async (url: string) => {
    const { code, details } = await grpc.call('Submit', saga(client.newGid(), [[url, '']]));
    assert.equal(code, status.INVALID_ARGUMENT, details);
    return details;
  };
  assert.match(await refused('svc://stock/shop.Orders/Add'), /must be svc:\/\/ and a name of the settings: orders/);
  assert.match(await refused('svc://orders/add'), /must have \/package\.Service\/Method after its name/);
  assert.match(await refused('dns:///orders.shop:80/add'), /must have \/package\.Service\/Method after the service/);
  assert.match(
    await refused('consul://10.0.0.1:8500/orders/shop.Orders/Add'),
    /registry of consul:\/\/ URLs.*dns\+srv/,
  );
});

test('D14: a gid or branch id that gRPC cannot carry is refused, and nothing is stored', async () => {
  for (const end of [' ', 'ü']) {
    const gid = client.newGid() + end;
    const { code, details } = await grpc.call('Submit', saga(gid, [add('svc://orders')]));
    assert.deepEqual([code, details.replace(/:.*/, '')], [status.INVALID_ARGUMENT, 'gid']);
    assert.equal((await grpc.call('Prepare', { Gid: gid, TransType: 'tcc' })).code, status.INVALID_ARGUMENT);
    const steps = [{ action: 'svc://orders/shop.Orders/Add', compensate: '' }];
    const named = await client.post('submit', { gid, trans_type: 'saga', steps, payloads: ['1'] });
    assert.equal(named.status, 400);
    assert.match(named.text, /gid: must be printable ASCII without a blank at either end/);
    const stored = await client.get(`query?gid=${encodeURIComponent(gid)}`);
    assert.equal(JSON.parse(stored.text).transaction, null);
    const tcc = client.newGid();
    await client.does('prepare', { gid: tcc, trans_type: 'tcc' });
    const branch = { gid: tcc, trans_type: 'tcc', branch_id: `01${end}`, confirm: steps[0]?.action, cancel: '' };
    const registered = await client.post('registerBranch', branch);
    assert.equal(registered.status, 400);
    assert.match(registered.text, /branch_id: must be printable ASCII/);
    await client.does('registerBranch', { ...branch, branch_id: '0 1' });
  }
});

test('one of three services dies: the sagas go on', async () => {
  third.stop();
  const gids = Array.from({ length: 9 }, () => client.newGid());
  for (const gid of gids) {
    const { code } = await grpc.call('Submit', saga(gid, [add('svc://orders')]));
    // A call that was under way when the connection went is tried again after the back-off.
    if (code !== 0) await client.untilStatus(gid, 'succeed');
  }
});
