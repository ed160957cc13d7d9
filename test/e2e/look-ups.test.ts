/** Hosts of plain URLs, on a started coordinator. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DnsServer } from '../lib/dns-server.ts';
import { until } from '../lib/until.ts';
import { DtmClient } from './dtm-client.ts';
import { ScriptedService } from './scripted-service.ts';

const service = new ScriptedService();
const dns = new DnsServer();
let coordinator: Coordinator;
let client: DtmClient;

before(async () => {
  await Promise.all([service.start(), dns.start()]);
  const settings = { HOLDFAST_DNS_SERVERS: dns.address, HOLDFAST_DNS_TIMEOUT_MS: '60000' };
  coordinator = await startCoordinator({ settings });
  client = new DtmClient(coordinator.url);
});
after(async () => {
  client.close();
  await coordinator.stop();
  await Promise.all([service.stop(), dns.stop()]);
});

const saga = (gid: string, url: string, more: object = {}) => ({
  gid,
  trans_type: 'saga',
  steps: [{ action: url, compensate: url }],
  payloads: ['1'],
  ...more,
});

async function metric(name: string): Promise<number> {
  const { text } = await client.http.get('/api/metrics');
  const found = text.split('\n').find((line) => line.startsWith(name));
  return Number(found?.split(' ').at(-1) ?? 0);
}

test('names that DNS is silent about keep no other waiting, and open the breaker of no other', async () => {
  dns.swallows = (question) => question.endsWith('.dead.test');
  dns.records.set('good.test', [{ type: 'A', address: '127.0.0.1' }]);
  const dead = Array.from({ length: 20 }, () => client.newGid());
  for (const gid of dead) await client.does('submit', saga(gid, `http://${gid}.dead.test/in`, { request_timeout: 60 }));
  await until(
    'all of them are looked up',
    () => dns.asked.filter((question) => /^A .*\.dead/.test(question)).length === 20,
  );
  const good = client.newGid();
  await client.does('submit', saga(good, `http://good.test:${new URL(service.url).port}/in`, { wait_result: true }));
  assert.equal(service.callsOf(good).length, 1);
  for (const gid of dead) {
    const { attempts } = JSON.parse((await client.http.get(`/api/v1/transactions/${gid}`)).text);
    assert.deepEqual(attempts, [], 'it still waits for DNS');
  }
  assert.equal(await metric('holdfast_lookups_found_total'), 1);
  assert.doesNotMatch(coordinator.logs, /a destination does not serve/);
});

test('of several addresses the one that answers is called; an attempt names each that did not', async () => {
  dns.records.set('two.test', [
    { type: 'A', address: '127.0.0.2' },
    { type: 'A', address: '127.0.0.1' },
  ]);
  const gid = client.newGid();
  await client.does('submit', saga(gid, `http://two.test:${new URL(service.url).port}/in`, { wait_result: true }));
  assert.equal(service.callsOf(gid).length, 1);
  const nowhere = client.newGid();
  await client.does('submit', saga(nowhere, 'http://two.test:1/in'));
  await until('it was tried', async () => {
    const { attempts } = JSON.parse((await client.http.get(`/api/v1/transactions/${nowhere}`)).text);
    return /^cannot connect: 127\.0\.0\.\d:1, 127\.0\.0\.\d:1: connection refused \(ECONNREFUSED\)$/.test(
      attempts[0]?.reason,
    );
  });
});
