import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Dialer } from '../caller/dial/dialer.ts';
import { defaultSenderLimits, HttpSender } from '../caller/http/http-sender.ts';
import { certificates } from '../caller/testing/certificates.ts';
import { systemRuntime } from '../runtime.ts';
import { type Posted, postJson } from './webhook.ts';

const { ca, cert, key } = certificates();
const trusted = createSecureContext({ ca });
const sender = new HttpSender({
  runtime: systemRuntime,
  upkeep: systemRuntime,
  dialer: new Dialer({ upkeep: systemRuntime, trust: () => trusted }),
  limits: defaultSenderLimits,
  version: '1',
});
after(() => sender.close());

const post = (url: string): Promise<Posted> => postJson(sender, url, '{}');

test('user and password of the URL are a header; a redirect is followed within its origin; no error shows the URL', async (t) => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const status = Number(/\d+$/.exec(request.url ?? '')?.[0] ?? 200);
    response.writeHead(status, { location: '/elsewhere' }).end('{}');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await post(`http://user:p%40ss@${host}/hook?a=b`);
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  assert.deepEqual([asked[0]?.url, asked[0]?.headers.authorization], ['/hook?a=b', authorization]);
  for (const [status, kind] of [
    [302, 'refused'],
    [400, 'refused'],
    [500, 'refused'],
    [429, 'unavailable'],
    [503, 'unavailable'],
  ] as const) {
    const posted = await post(`http://user:secret@${host}/${status}`);
    assert.deepEqual(posted, { kind, reason: `HTTP ${status}` });
  }
  assert.deepEqual(await post(`http://${host}/307`), { kind: 'sent' });
  assert.deepEqual(
    asked.slice(-2).map(({ url }) => url),
    ['/307', '/elsewhere'],
  );
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  const gone = await post(`http://user:secret@${host}/`);
  assert.ok(gone.kind === 'unavailable' && gone.reason !== '' && !gone.reason.includes('secret'));
  assert.equal(asked.length, 8);
  assert.equal((await post('nowhere')).kind, 'refused');
});

test('what calls trust counts, and ports that browsers refuse are as good as others', async (t) => {
  const asked: string[] = [];
  const secured = createTlsServer({ cert, key }, (request, response) => {
    asked.push(`${request.method} ${request.headers['content-type']}`);
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(secured, 'listening');
  t.after(() => secured.close().closeAllConnections());
  assert.deepEqual(await post(`https://127.0.0.1:${(secured.address() as AddressInfo).port}/hook`), { kind: 'sent' });
  assert.deepEqual(asked, ['POST application/json']);
  // Nobody listens there; fetch would not even try.
  const refused = await post('http://127.0.0.1:6000/hook');
  assert.match(refused.kind === 'unavailable' ? refused.reason : '', /127\.0\.0\.1:6000: connection refused/);
});
