import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServiceName, serviceNameOf } from '@holdfast/core';
import { DnsServer } from '../../../../../test/lib/dns-server.ts';
import { systemRuntime } from '../../runtime.ts';
import { type LookedService, lookUp } from './dns-lookup.ts';
import { HostLookup } from './lookup/host-lookup.ts';
import type { LookupSettings } from './lookup/looked.ts';

const server = new DnsServer();
before(() => server.start());
after(() => server.stop());

function nameOf(url: string): ServiceName {
  const name = serviceNameOf(url);
  assert.ok(name !== undefined, url);
  return name;
}

function look(url: string, more: Partial<LookupSettings> = {}): Promise<LookedService> {
  const settings = { servers: [server.address], timeoutMs: 2000, ttlMaxMs: 30_000, ...more };
  return lookUp(nameOf(url), new HostLookup({ settings, runtime: systemRuntime }));
}

function basesOf(looked: LookedService): readonly string[] {
  assert.equal(looked.kind, 'found', JSON.stringify(looked));
  return looked.answer.map(({ base }) => base);
}

test('a host by all its addresses, in a fixed order, for the shortest of their times', async () => {
  server.records.set('orders.shop', [
    { type: 'A', address: '10.0.0.2', ttl: 20 },
    { type: 'A', address: '10.0.0.1', ttl: 9 },
  ]);
  const looked = await look('dns:///Orders.shop:8080/a');
  assert.deepEqual(basesOf(looked), ['10.0.0.1:8080', '10.0.0.2:8080']);
  assert.equal(looked.kind === 'found' && looked.ttlMs, 9000);
  assert.deepEqual(looked.kind === 'found' && looked.answer.map(({ authority }) => authority), [
    'orders.shop:8080',
    'orders.shop:8080',
  ]);
  const bounded = await look('dns:///orders.shop:8080/a', { ttlMaxMs: 5000 });
  assert.equal(bounded.kind === 'found' && bounded.ttlMs, 5000);
});

test('a service by its records, each host by its addresses', async () => {
  server.records.set('_orders._tcp.shop', [
    { type: 'SRV', priority: 10, weight: 3, port: 8001, target: 'a.shop' },
    { type: 'SRV', priority: 10, weight: 1, port: 8002, target: 'b.shop' },
    { type: 'SRV', priority: 20, weight: 0, port: 8003, target: 'gone.shop' },
  ]);
  server.records.set('a.shop', [{ type: 'A', address: '10.0.0.1' }]);
  server.records.set('b.shop', [
    { type: 'A', address: '10.0.0.2' },
    { type: 'A', address: '10.0.0.3' },
  ]);
  const looked = await look('dns+srv://_orders._tcp.shop/a');
  assert.deepEqual(
    looked.kind === 'found' && looked.answer.map(({ base, priority, weight }) => [base, priority, weight]),
    [
      ['10.0.0.1:8001', 10, 3],
      ['10.0.0.2:8002', 10, 1],
      ['10.0.0.3:8002', 10, 1],
    ],
  );
});

test('what does not exist is gone, whichever way DNS says so', async () => {
  server.records.set('empty.shop', []);
  server.records.set('_nowhere._tcp.shop', [{ type: 'SRV', priority: 1, weight: 1, port: 1, target: 'gone.shop' }]);
  for (const url of [
    'dns:///gone.shop:80/a',
    'dns:///empty.shop:80/a',
    'dns+srv://gone.shop/a',
    'dns+srv://empty.shop/a',
    'dns+srv://_nowhere._tcp.shop/a',
  ]) {
    const looked = await look(url);
    assert.equal(looked.kind, 'gone', `${url} ${JSON.stringify(looked)}`);
  }
});

test('a silent DNS is a failure, within the time that it is given', async () => {
  server.isSilent = true;
  const startedMs = performance.now();
  const looked = await look('dns:///orders.shop:80/a', { timeoutMs: 300 });
  server.isSilent = false;
  assert.equal(looked.kind, 'failed');
  assert.match(
    looked.kind === 'failed' ? looked.reason : '',
    /DNS (did not answer within 300 ms|cannot say: .*ETIMEOUT)/,
  );
  assert.ok(performance.now() - startedMs < 10_000);
  assert.ok(server.asked.filter((question) => question === 'A orders.shop').length >= 2, 'it was asked again');
});

test('an address needs no DNS, and what DNS does not know the machine may', async () => {
  assert.deepEqual(basesOf(await look('dns:///127.0.0.1:80/a')), ['127.0.0.1:80']);
  assert.deepEqual(basesOf(await look('dns:///[::1]:80/a')), ['[::1]:80']);
  const local = basesOf(await look('dns:///localhost:80/a', { servers: [] }));
  assert.ok(local.includes('127.0.0.1:80') || local.includes('[::1]:80'), local.join());
});
