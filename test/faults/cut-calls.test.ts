/** Calls that hang, and connections that do not come about: what a stop ends, and who goes on meanwhile. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer as createSecureServer } from 'node:tls';
import { certificates } from '../../packages/server/src/caller/testing/certificates.ts';
import { DtmClient } from '../e2e/dtm-client.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

const yearS = 365 * 24 * 3600;
const { cert, key, caFile } = certificates();
let coordinator: Coordinator;
let client: DtmClient;

before(async () => {
  coordinator = await startCoordinator({
    settings: { HOLDFAST_DESTINATIONS_ORIGIN_IN_FLIGHT: '16', HOLDFAST_CALLS_CA_FILE: caFile },
  });
  client = new DtmClient(coordinator.url);
});

after(async () => {
  client.close();
  await coordinator.stop();
});

function sagaOf(gid: string, urls: readonly string[], more: object = {}): object {
  const steps = urls.map((action) => ({ action, compensate: '' }));
  return { gid, trans_type: 'saga', steps, payloads: urls.map(() => '{}'), ...more };
}

async function ask(path: string) {
  return JSON.parse((await client.http.get(`/api/v1/${path}`)).text);
}

const shown = (gid: string) => ask(`transactions/${gid}`);

/** Answers `/quick`, and takes everything else without ever answering it. */
async function hangingService() {
  const sockets = new Set<Socket>();
  const arrived: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const path = /^\w+ (\/\w*)/.exec(chunk.toString('latin1'))?.[1] ?? '';
      arrived.push(path);
      if (path === '/quick') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${address.port}`, sockets, arrived, close };
}

test('calls that hang for a year leave room for short ones, are listed, and give back their places when stopped', async (t) => {
  const service = await hangingService();
  t.after(service.close);
  const gids = Array.from({ length: 20 }, () => client.newGid());
  for (const gid of gids)
    await client.does('submit', sagaOf(gid, [`${service.url}/hangs`], { request_timeout: yearS }));
  await until('three quarters of the places are taken', () => service.arrived.length === 12);
  await client.does(
    'submit',
    sagaOf(client.newGid(), [`${service.url}/quick`, `${service.url}/quick`], { wait_result: true }),
  );
  const { destinations } = await ask('destinations');
  const [origin] = destinations;
  assert.deepEqual(
    [origin.origin, origin.callsOut, origin.places, origin.longCallsOut, origin.longPlaces, origin.waiting],
    [service.url, 12, 16, 12, 12, 8],
  );
  assert.ok(gids.includes(origin.longest[0].gid));
  const waiting = (await Promise.all(gids.map(shown))).filter(({ heldBack }) => heldBack.length > 0);
  assert.deepEqual(
    waiting.map(({ heldBack: [held] }) => held.longest.length),
    Array.from({ length: 8 }, () => 3),
  );
  // Those that wait first: otherwise the places of the others would be theirs.
  const inOrder = [...waiting.map(({ gid }) => gid), ...gids];
  for (const gid of new Set(inOrder)) await client.does('forceStop', { gid });
  await until('what was out is cut', () => service.sockets.size <= 1);
  assert.equal(service.arrived.filter((path) => path === '/hangs').length, 12, 'what waited never goes');
  const attempts = (await Promise.all(gids.map(shown))).flatMap((one) => one.attempts);
  assert.equal(attempts.length, 12);
  for (const { reason } of attempts)
    assert.match(reason, /^cut: an operator stopped the transaction; it may have run$/);
  assert.deepEqual((await ask('destinations')).destinations, []);
});

/** TLS whose handshake goes on only once it is released: until then a connection is being made. */
async function lateService() {
  const arrived: string[] = [];
  const waiting: Socket[] = [];
  const inner = createSecureServer({ cert, key }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => arrived.push(chunk.toString('latin1')));
  });
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    waiting.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const release = () => {
    for (const socket of waiting) inner.emit('connection', socket);
  };
  const close = () => {
    server.close();
    for (const socket of waiting) socket.destroy();
  };
  return { url: `https://127.0.0.1:${address.port}`, arrived, waiting, release, close };
}

test('an action whose connection is still being made when its saga is stopped is never sent', async (t) => {
  const service = await lateService();
  t.after(service.close);
  const gid = client.newGid();
  await client.does('submit', sagaOf(gid, [`${service.url}/late`], { request_timeout: 20 }));
  await until('it connects', () => service.waiting.length === 1);
  const [call] = (await shown(gid)).inFlight;
  assert.equal(call.sentAt, null, 'not sent while it connects');
  await client.does('forceStop', { gid });
  service.release();
  await until('the connection ends or is used', () => {
    return service.arrived.length > 0 || service.waiting.every(({ destroyed }) => destroyed);
  });
  assert.deepEqual(service.arrived, []);
  assert.deepEqual((await shown(gid)).attempts, [], 'it was never made');
});
