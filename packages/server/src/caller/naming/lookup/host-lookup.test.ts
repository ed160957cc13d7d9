import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { DnsServer } from '../../../../../../test/lib/dns-server.ts';
import { systemRuntime } from '../../../runtime.ts';
import { withoutDescriptors } from '../../testing/descriptors.ts';
import { HostLookup } from './host-lookup.ts';
import type { LookupSettings } from './looked.ts';

const server = new DnsServer();
const folder = mkdtempSync(join(tmpdir(), 'holdfast-hosts-'));
const hostsPath = join(folder, 'hosts');
const resolvConfPath = join(folder, 'resolv.conf');
before(() => server.start());
after(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});
beforeEach(() => {
  server.asked.length = 0;
});

let nowMs = 0;
const runtime = { ...systemRuntime, monotonicMs: () => nowMs };

function lookupWith(settings: Partial<LookupSettings> = {}, shortage = (_code: string) => {}): HostLookup {
  return new HostLookup({
    settings: { servers: [server.address], timeoutMs: 2000, ttlMaxMs: 30_000, ...settings },
    runtime,
    hostsPath,
    resolvConfPath,
    shortage,
  });
}

test('what the hosts file says now is known at once; localhost is known always', () => {
  const lookup = lookupWith();
  assert.equal(lookup.local('orders'), undefined);
  assert.deepEqual(
    [lookup.local('LocalHost'), lookup.local('a.localhost.')],
    [
      ['::1', '127.0.0.1'],
      ['::1', '127.0.0.1'],
    ],
  );
  writeFileSync(hostsPath, '10.0.0.1 orders\n127.0.0.7 localhost\n');
  assert.equal(lookup.local('orders'), undefined, 'it is not looked at for a second');
  nowMs += 1000;
  assert.deepEqual([lookup.local('Orders.'), lookup.local('localhost')], [['10.0.0.1'], ['127.0.0.7']]);
  writeFileSync(`${hostsPath}.new`, '10.0.0.2 orders\n127.0.0.7 localhost\n');
  renameSync(`${hostsPath}.new`, hostsPath);
  nowMs += 1000;
  assert.deepEqual(lookup.local('orders'), ['10.0.0.2']);
  rmSync(hostsPath);
  nowMs += 1000;
  assert.equal(lookup.local('orders'), undefined);
});

test('names are completed as resolv.conf says, and the addresses of the first that exists count', async () => {
  writeFileSync(resolvConfPath, 'search ns.cluster cluster\noptions ndots:2\n');
  server.records.set('orders.cluster', [
    { type: 'A', address: '10.0.0.2', ttl: 20 },
    { type: 'A', address: '10.0.0.1', ttl: 9 },
  ]);
  assert.deepEqual(await lookupWith().lookUp('orders'), {
    kind: 'found',
    answer: ['10.0.0.1', '10.0.0.2'],
    ttlMs: 9000,
  });
  assert.deepEqual(
    server.asked.filter((question) => question.startsWith('A ')),
    ['A orders.ns.cluster', 'A orders.cluster'],
  );
  const bounded = await lookupWith({ ttlMaxMs: 5000 }).lookUp('orders');
  assert.equal(bounded.kind === 'found' && bounded.ttlMs, 5000);
  rmSync(resolvConfPath);
});

test('a name that no DNS server knows may be known to the system; else it is gone', async () => {
  const gone = await lookupWith().lookUp('nobody.test');
  assert.equal(gone.kind === 'gone' && gone.reason, 'DNS does not know the name (ENOTFOUND)');
  // Refused: this server does not say whether it exists.
  server.codes.set('refused.test', 5);
  const refused = await lookupWith().lookUp('refused.test');
  assert.match(refused.kind === 'failed' ? refused.reason : '', /^DNS gave no answer: .*EREFUSED/);
  server.codes.set('localhost', 5);
  const known = await lookupWith().lookUp('localhost');
  assert.ok(known.kind === 'found' && known.answer.includes('127.0.0.1'), JSON.stringify(known));
});

test('without descriptors for a socket it is this machine that cannot ask', async () => {
  const codes: string[] = [];
  const looked = await withoutDescriptors(() => lookupWith({}, (code) => codes.push(code)).lookUp('orders.test'));
  const reason = 'DNS cannot be asked: this process has no file descriptors left (EMFILE)';
  assert.deepEqual(looked, { kind: 'failed', reason, isLocal: true, shortage: 'EMFILE' });
  assert.deepEqual(codes, ['EMFILE']);
});

test('a server that never answers for IPv6 delays nobody for long', { timeout: 20_000 }, async () => {
  server.records.set('v4.test', [{ type: 'A', address: '10.0.0.4' }]);
  server.swallows = (question) => question === 'AAAA v4.test';
  // Longer than any test may take.
  const looked = await lookupWith({ timeoutMs: 600_000 }).lookUp('v4.test');
  server.swallows = () => false;
  assert.deepEqual(looked.kind === 'found' && looked.answer, ['10.0.0.4']);
});
