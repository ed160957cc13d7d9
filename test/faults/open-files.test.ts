/** A coordinator that has too few descriptors for its clients and its calls: what is short is its own. */
import assert from 'node:assert/strict';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

const openFiles = 120;
const idleClients = 79;
const sagas = 60;

test('no saga is rolled back and no breaker opens for want of descriptors; what is short is named', async (t) => {
  const service = createServer((asked, response) => {
    asked.resume();
    setTimeout(() => response.end('{}'), 500);
  }).listen(0, '127.0.0.1');
  t.after(() => service.close().closeAllConnections());
  await until('the service listens', () => service.listening);
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const coordinator = await startCoordinator({ openFiles });
  t.after(() => coordinator.stop());
  assert.match(coordinator.logs, /^ {2}warning +the limit of open files is 120, and the settings allow for \d+: /m);

  // One connection for everything that is asked, made while there still are descriptors.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (method: string, path: string, body = '') =>
    new Promise<string>((resolve, reject) => {
      const asked = request(`${coordinator.url}${path}`, { agent, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  await ask('GET', '/healthz');
  const clients: Socket[] = Array.from({ length: idleClients }, () =>
    connect(Number(new URL(coordinator.url).port), '127.0.0.1'),
  );
  for (const client of clients) client.on('error', () => client.destroy());
  t.after(() => clients.forEach((client) => void client.destroy()));

  const steps = [{ action: `${url}/action`, compensate: `${url}/undo` }];
  const gids = Array.from({ length: sagas }, (_, index) => `s${index}`);
  for (const gid of gids) {
    await ask(
      'POST',
      '/api/dtmsvr/submit',
      JSON.stringify({ gid, trans_type: 'saga', retry_limit: 3, steps, payloads: ['1'] }),
    );
  }
  await until('the shortage is named', async () => {
    return (await ask('GET', '/readyz')).includes('"warning":"this process has no file descriptors left (EMFILE)"');
  });
  assert.match(await ask('GET', '/api/metrics'), /^holdfast_local_shortages_total\{code="EMFILE"\} [1-9]/m);
  assert.match(coordinator.logs, /"level":"warn".*"code":"EMFILE".*this process has no file descriptors left/);
  for (const client of clients) client.destroy();
  const statusOf = async (gid: string) => {
    const { transaction } = JSON.parse(await ask('GET', `/api/dtmsvr/query?gid=${gid}`));
    return transaction.status;
  };
  await until(
    'all have ended',
    async () => {
      for (const gid of gids) if ((await statusOf(gid)) === 'submitted') return false;
      return true;
    },
    60_000,
  );
  const ends = new Set<string>();
  for (const gid of gids) ends.add(await statusOf(gid));
  assert.deepEqual([...ends], ['succeed']);
  assert.doesNotMatch(coordinator.logs, /a destination does not serve/);
});
