import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { certificates } from '../../caller/testing/certificates.ts';
import { cancel } from './cancel.ts';

const { ca, cert, key } = certificates();
const session = { processId: 7, secretKey: -9 };
const request = '0000001004d2162e00000007fffffff7';

let server: ReturnType<typeof createServer>;
/** What it was sent in the clear, and over TLS. */
let told: { readonly clear: string[]; readonly secured: string[] };
/** What it answers to who asks for TLS. */
let answer = 'S';
beforeEach(async () => {
  told = { clear: [], secured: [] };
  answer = 'S';
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      told.clear.push(bytes.toString('hex'));
      if (bytes.length > 8) return;
      socket.write(answer);
      const secured = new TLSSocket(socket, { isServer: true, cert, key });
      secured.on('error', () => undefined);
      secured.on('data', (more) => told.secured.push(more.toString('hex')));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

/** Resolves once the connection has ended. */
async function cancelOver(tls: ConnectionOptions | undefined): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection');
  cancel({ host: '127.0.0.1', port }, session, tls);
  const [socket] = await connected;
  await once(socket as Socket, 'close');
}

test('the request goes out as it is where the session is without TLS', async () => {
  await cancelOver(undefined);
  assert.deepEqual(told, { clear: [request], secured: [] });
});

test('over TLS nothing of it is seen in the clear', async () => {
  await cancelOver({ rejectUnauthorized: true, ca });
  assert.deepEqual(told, { clear: ['0000000804d2162f'], secured: [request] });
});

test('a server that cannot show who it is, or has no TLS, is not told the key', async () => {
  await cancelOver({ rejectUnauthorized: true });
  for (const other of ['N', 'S\0']) {
    answer = other;
    await cancelOver({ rejectUnauthorized: true, ca });
  }
  assert.deepEqual(told.secured, []);
  assert.deepEqual([...new Set(told.clear)], ['0000000804d2162f']);
});
