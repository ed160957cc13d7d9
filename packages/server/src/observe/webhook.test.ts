import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { postJson } from './webhook.ts';

test('user and password of the URL are a header; a redirect is not followed; no error shows the URL', async (t) => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const status = Number(/\d+$/.exec(request.url ?? '')?.[0] ?? 200);
    response.writeHead(status, { location: '/elsewhere' }).end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await postJson(`http://user:p%40ss@${host}/hook?a=b`, '{}');
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  assert.deepEqual([asked[0]?.url, asked[0]?.headers.authorization], ['/hook?a=b', authorization]);
  for (const [status, kind] of [
    [307, 'refused'],
    [400, 'refused'],
    [500, 'refused'],
    [429, 'unavailable'],
    [503, 'unavailable'],
  ] as const) {
    const posted = await postJson(`http://user:secret@${host}/${status}`, '{}');
    assert.deepEqual(posted, { kind, reason: `HTTP ${status}` });
  }
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  const gone = await postJson(`http://user:secret@${host}/`, '{}');
  assert.ok(gone.kind === 'unavailable' && gone.reason !== '' && !gone.reason.includes('secret'));
  assert.equal(asked.length, 6);
  assert.equal((await postJson('nowhere', '{}')).kind, 'refused');
});
