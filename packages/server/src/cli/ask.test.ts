import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Address, ask } from './ask.ts';

async function serverOf(t: TestContext, listener: RequestListener): Promise<Address> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 50 };
}

test('a coordinator that is silent, falls silent or trickles does not hold a command for ever', async (t) => {
  const trickles: NodeJS.Timeout[] = [];
  t.after(() => trickles.forEach(clearInterval));
  const address = await serverOf(t, (request, response) => {
    if (request.url === '/begins') response.write('{');
    if (request.url === '/trickles') trickles.push(setInterval(() => response.write(' '), 5));
  });
  for (const path of ['/', '/begins', '/trickles'])
    await assert.rejects(ask(address, 'GET', path), {
      name: 'CommandError',
      message: /^the coordinator at http:\/\/127\.0\.0\.1:\d+ did not answer within 0\.05 s\.\nIt may be .*--timeout/,
    });
  await assert.rejects(ask(address, 'POST', '/'), /may have done it all the same: look with holdfast show/);
});

test('long work is waited for while the coordinator answers, and no longer', async (t) => {
  let healthy = 0;
  const address = await serverOf(t, (request, response) => {
    if (request.url === '/healthz') {
      healthy += 1;
      // It is well three times; then it falls silent.
      if (healthy <= 3) response.end('{}');
    }
  });
  // Long enough for a busy machine to say three times that it is well.
  const patient = { ...address, timeoutMs: 500 };
  await assert.rejects(ask(patient, 'POST', '/long', undefined, { isLong: true }), /did not answer within 0\.5 s/);
  assert.equal(healthy, 4);
});

test('what does not speak HTTP is told so, in words', async (t) => {
  const server = createTcpServer((socket) => socket.on('error', () => undefined).end('\0\0not HTTP'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  await assert.rejects(ask(address, 'GET', '/'), /does not answer in HTTP. Is that the port of gRPC\?/);
});
