import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { certificates } from '../testing/certificates.ts';
import { withoutDescriptors } from '../testing/descriptors.ts';
import { until } from '../testing/services.ts';
import { Dialer, type DialerParts, type Dialing, type DialRequest, type DialResult } from './dialer.ts';
import type { FoundHost } from './hosts.ts';

const { ca, cert, key } = certificates();
const trusted = createSecureContext({ ca });

const doubted: string[] = [];

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

interface Listening {
  readonly port: number;
  readonly sockets: Socket[];
}

async function listening(server: Server, address = '127.0.0.1', port = 0): Promise<Listening> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(port, address);
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** Accepts, and speaks TLS no sooner than it is released. */
async function slowTls(address: string, port = 0): Promise<Listening & { release(): void; areGone(): Promise<void> }> {
  const tls = createTlsServer({ cert, key }, () => undefined);
  tls.on('tlsClientError', () => undefined);
  const listener = await listening(createServer(), address, port);
  const each = (action: (socket: Socket) => void) => {
    for (const socket of listener.sockets) action(socket);
  };
  return {
    ...listener,
    release: () => each((socket) => tls.emit('connection', socket)),
    /** Its callers have gone. */
    areGone: async () => {
      each((socket) => socket.resume());
      await until(() => listener.sockets.every((socket) => socket.destroyed));
    },
  };
}

function dialerOf(addresses: FoundHost | readonly string[], more: Partial<DialerParts> = {}): Dialer {
  const found = Array.isArray(addresses) ? { addresses } : (addresses as FoundHost);
  return new Dialer({
    upkeep: systemRuntime,
    trust: () => trusted,
    hosts: { find: (_host, done) => done(found), doubt: (host) => doubted.push(host) },
    ...more,
  });
}

function dial(dialer: Dialer, request: Partial<DialRequest> & { readonly port: number }) {
  let hasReturned = false;
  const results: DialResult[] = [];
  const whole: DialRequest = { host: '127.0.0.1', tls: undefined, ...request };
  const dialing = dialer.dial(whole, (result) => {
    assert.ok(hasReturned, 'told before dial has returned');
    results.push(result);
    assert.equal(results.length, 1, 'told twice');
    if ('ok' in result) closers.push(() => result.ok.socket.destroy());
  });
  hasReturned = true;
  const ended = async () => {
    await until(() => results.length === 1);
    const [result] = results;
    assert.ok(result !== undefined);
    return result;
  };
  return { dialing, results, ended };
}

async function connected(dialed: { ended(): Promise<DialResult> }) {
  const result = await dialed.ended();
  assert.ok('ok' in result, JSON.stringify(result));
  return result.ok;
}

async function failed(dialed: { ended(): Promise<DialResult> }) {
  const result = await dialed.ended();
  assert.ok('failed' in result);
  return result.failed;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('an address is connected to at once; the socket is as it comes, without listeners of the dialer', async () => {
  const { port } = await listening(createServer((socket) => socket.end('hello')));
  const { socket, alpn, onread } = await connected(dial(dialerOf([]), { port }));
  assert.deepEqual([alpn, onread, socket.listenerCount('error')], [undefined, undefined, 0]);
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'hello');
});

for (const isTls of [false, true]) {
  test(`what arrives ${isTls ? 'over TLS' : ''} goes into the buffer of onread`, async () => {
    const server = isTls
      ? createTlsServer({ cert, key }, (socket) => socket.end('hello'))
      : createServer((socket) => socket.end('hello'));
    const { port } = await listening(server);
    const buffer = Buffer.alloc(64);
    let text = '';
    const onread: OnReadOpts = {
      buffer,
      callback: (bytes) => {
        text += buffer.toString('latin1', 0, bytes);
        return true;
      },
    };
    const tls = isTls ? { alpn: [] } : undefined;
    const dialed = await connected(dial(dialerOf([]), { port, tls, onread: () => onread }));
    assert.equal(dialed.onread, onread);
    await until(() => text === 'hello');
  });
}

test('TLS: the name is asked for and checked, the protocol is agreed on, the next handshake is short', async () => {
  const server = createTlsServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => socket.write('x'));
  const { port } = await listening(server);
  const names: unknown[] = [];
  server.on('secureConnection', (socket) => names.push(socket.servername));
  const dialer = dialerOf(['127.0.0.1']);
  const request = { host: 'localhost', port, tls: { alpn: ['http/1.1'] } };
  const first = await connected(dial(dialer, request));
  assert.deepEqual([first.alpn, (first.socket as TLSSocket).isSessionReused()], ['http/1.1', false]);
  // The service tells it some time after the handshake.
  await once(first.socket, 'session');
  const second = await connected(dial(dialer, request));
  assert.equal((second.socket as TLSSocket).isSessionReused(), true);
  await connected(dial(dialer, { ...request, host: 'localhost.' }));
  await connected(dial(dialer, { ...request, host: '127.0.0.1' }));
  await until(() => names.length === 4);
  assert.deepEqual(names, ['localhost', 'localhost', 'localhost', false]);
  const other = await failed(dial(dialer, { ...request, host: 'other.test' }));
  const where = `127.0.0.1:${port}`;
  assert.equal(other.message, `${where}: the certificate is not for other.test (ERR_TLS_CERT_ALTNAME_INVALID)`);
});

test('TLS: new connections trust what is trusted now, and resume no session of what was trusted before', async () => {
  const { port } = await listening(createTlsServer({ cert, key }, (socket) => socket.write('x')));
  let context = trusted;
  const dialer = dialerOf([], { trust: () => context });
  const { socket } = await connected(dial(dialer, { port, tls: { alpn: [] } }));
  await once(socket, 'session');
  context = createSecureContext();
  const untrusted = await failed(dial(dialer, { port, tls: { alpn: [] } }));
  assert.match(untrusted.message, /: the certificate is signed by an authority that Holdfast does not trust \(/);
});

test('several addresses: earlier attempts live on beside later ones, and the first that connects wins', async () => {
  const upkeep = new ManualRuntime();
  const slow = await slowTls('127.0.0.2');
  const slower = await slowTls('127.0.0.3', slow.port);
  const dialer = dialerOf(['127.0.0.2', '127.0.0.3', '127.0.0.4'], { upkeep });
  const dialed = dial(dialer, { host: 'localhost', port: slow.port, tls: { alpn: [] } });
  await until(() => slow.sockets.length === 1);
  await upkeep.advance(249);
  assert.equal(dialed.dialing.waitsFor, `connection to 127.0.0.2:${slow.port}`);
  await upkeep.advance(1);
  await until(() => slower.sockets.length === 1);
  // Nobody listens at the third.
  await upkeep.advance(250);
  const both = `connection to 127.0.0.2:${slow.port} or 127.0.0.3:${slow.port}`;
  await until(() => dialed.dialing.waitsFor.includes('refused'));
  assert.equal(dialed.dialing.waitsFor, `${both} (127.0.0.4:${slow.port}: connection refused (ECONNREFUSED))`);
  await upkeep.advance(3_600_000);
  assert.deepEqual(dialed.results, [], 'there is no time-out of its own');
  slow.release();
  const { socket } = await connected(dialed);
  assert.equal(socket.remoteAddress, '127.0.0.2');
  await slower.areGone();
});

test('an address that fails is followed by the next at once', async () => {
  const { port } = await listening(createServer(), '127.0.0.9');
  // Its clock stands still.
  const dialer = dialerOf(['127.0.0.2', '::1', '127.0.0.3', '127.0.0.9'], { upkeep: new ManualRuntime() });
  const { socket } = await connected(dial(dialer, { host: 'many.test', port }));
  assert.equal(socket.remoteAddress, '127.0.0.9');
});

test("a failure names each address and why, and is nobody else's where this machine is short of something", async () => {
  const port = await deadPort();
  const dialer = dialerOf(['127.0.0.2', '127.0.0.3']);
  assert.deepEqual(await failed(dial(dialer, { host: 'two.test', port })), {
    message: `127.0.0.2:${port}, 127.0.0.3:${port}: connection refused (ECONNREFUSED)`,
    isLocal: false,
  });
  const unknown = dialerOf({ reason: 'the name is not known (ENOTFOUND)', isLocal: false });
  assert.deepEqual(await failed(dial(unknown, { host: 'no.test', port })), {
    message: 'no.test: the name is not known (ENOTFOUND)',
    isLocal: false,
  });
  assert.deepEqual(doubted.slice(-2), ['two.test', 'no.test']);
  const impossible = await failed(dial(dialer, { host: 'two.test', port: 70_000 }));
  assert.match(impossible.message, /^127\.0\.0\.2:70000, 127\.0\.0\.3:70000: .*ERR_SOCKET_BAD_PORT/);
});

test('without descriptors the failure is one of this machine, by name and by address', async () => {
  const { port } = await listening(createServer());
  const codes: string[] = [];
  const dialer = dialerOf(['127.0.0.1', '127.0.0.2'], { shortage: (code) => codes.push(code) });
  const failures = await withoutDescriptors(() =>
    Promise.all(['127.0.0.1', 'two.test'].map((host) => failed(dial(dialer, { host, port })))),
  );
  const why = 'this process has no file descriptors left (EMFILE)';
  assert.deepEqual(failures, [
    { message: `127.0.0.1:${port}: ${why}`, isLocal: true },
    { message: `127.0.0.1:${port}, 127.0.0.2:${port}: ${why}`, isLocal: true },
  ]);
  assert.deepEqual(codes, ['EMFILE', 'EMFILE']);
  await connected(dial(dialer, { port }));
});

test('what TLS says in riddles is told in words', async () => {
  const plain = await listening(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const modern = createTlsServer({ cert, key, ALPNProtocols: ['h2'] });
  const { port } = await listening(modern);
  const closing = await listening(createServer((socket) => socket.destroy()));
  const tls = { alpn: ['http/1.1'] };
  const told = async (to: number) => (await failed(dial(dialerOf([]), { port: to, tls }))).message;
  assert.match(await told(plain.port), /: the port does not speak TLS \(/);
  assert.match(await told(port), /: the service speaks none of the protocols that were offered by ALPN \(/);
  assert.match(await told(closing.port), /: the connection was closed (during the TLS handshake|while it was made) \(/);
});

test('who gives up is told nothing more, and what was under way is closed', async () => {
  const slow = await slowTls('127.0.0.2');
  const dialer = dialerOf(['127.0.0.2', '127.0.0.3']);
  const dialed = dial(dialer, { host: 'localhost', port: slow.port, tls: { alpn: [] } });
  await until(() => slow.sockets.length === 1);
  dialed.dialing.cancel();
  await slow.areGone();
  let answer: ((found: FoundHost) => void) | undefined;
  const waiting = new Dialer({
    upkeep: systemRuntime,
    hosts: { find: (_host, done) => (answer = done), doubt: () => undefined },
  });
  const early: { dialing: Dialing; results: DialResult[] } = dial(waiting, { host: 'a.test', port: slow.port });
  assert.equal(early.dialing.waitsFor, 'address of a.test');
  early.dialing.cancel();
  answer?.({ addresses: ['127.0.0.2'] });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([dialed.results, early.results, slow.sockets.length], [[], [], 1]);
});

test('the system sends at once, and asks after half a minute of silence whether the other end is there', async () => {
  const plain = await listening(createServer());
  const secured = await listening(createTlsServer({ cert, key }));
  // SO_KEEPALIVE, TCP_NODELAY, TCP_KEEPIDLE
  const script =
    'import socket; s = socket.socket(fileno=3); print([s.getsockopt(*o) for o in [(1, 9), (6, 1), (6, 4)]])';
  for (const [port, tls] of [
    [plain.port, undefined],
    [secured.port, { alpn: [] }],
  ] as const) {
    const { socket } = await connected(dial(dialerOf([]), { port, tls }));
    const { fd } = (socket as Socket & { readonly _handle: { readonly fd: number } })._handle;
    const options = execFileSync('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit', fd] });
    assert.equal(String(options).trim(), '[1, 1, 30]');
  }
});
