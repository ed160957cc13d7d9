import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask } from './ask.ts';

test('a coordinator that is silent, or falls silent in its answer, does not hold a command for ever', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/begins') response.write('{');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  for (const path of ['/', '/begins'])
    await assert.rejects(ask(address, 'GET', path, undefined, 50), {
      name: 'CommandError',
      message: /^no coordinator answers at http:\/\/127\.0\.0\.1:\d+ \(silent for 0\.05 s\)/,
    });
});
