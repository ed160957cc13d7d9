import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DnsServer } from '../../../../../../test/lib/dns-server.ts';
import { systemRuntime } from '../../../runtime.ts';
import { until } from '../../testing/services.ts';
import { createLookups } from './lookups.ts';

const server = new DnsServer();
before(() => server.start());
after(() => server.stop());

function lookups() {
  const limits = { staleMs: 60_000, names: 1000 };
  return createLookups({ servers: [server.address], timeoutMs: 60_000, ttlMaxMs: 30_000, ...limits }, systemRuntime);
}

test('dead names keep no good one waiting, however many they are', async () => {
  server.records.set('good.test', [{ type: 'A', address: '10.0.0.1' }]);
  const { hosts, tally } = lookups();
  server.hold();
  let dead = 0;
  for (let index = 0; index < 20; index += 1) hosts.find(`${index}.dead.test`, () => (dead += 1));
  await until(() => server.asked.length >= 40);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  // From here on only the dead ones are swallowed.
  const swallowed = server.keepHeld();
  hosts.find('good.test', resolve);
  assert.deepEqual(await promise, { addresses: ['10.0.0.1'] });
  assert.deepEqual([dead, tally], [0, { found: 1, gone: 0, failed: 0 }]);
  swallowed();
  await until(() => dead === 20);
  assert.deepEqual(tally, { found: 1, gone: 20, failed: 0 });
});

test('connections to a host of DNS take turns; what the machine knows has its order', async () => {
  server.records.set('two.test', [
    { type: 'A', address: '10.0.0.1' },
    { type: 'A', address: '10.0.0.2' },
  ]);
  const { hosts } = lookups();
  const told: unknown[] = [];
  hosts.find('two.test', (found) => told.push(found));
  await until(() => told.length === 1);
  hosts.find('Two.test', (found) => told.push(found));
  assert.deepEqual(told, [{ addresses: ['10.0.0.1', '10.0.0.2'] }, { addresses: ['10.0.0.2', '10.0.0.1'] }]);
  const local: unknown[] = [];
  hosts.find('localhost', (found) => local.push(found));
  hosts.find('localhost', (found) => local.push(found));
  assert.deepEqual(local[0], local[1]);
});
