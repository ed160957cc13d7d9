import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { test } from 'node:test';
import { createSecureContext, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer } from '../dial/dialer.ts';
import { certificates } from '../testing/certificates.ts';
import { listen, messageOf, rawService, send, senderWith, service, until } from '../testing/services.ts';
import { defaultSenderLimits, HttpSender } from './http-sender.ts';

/** For localhost, signed by itself, for a hundred years; known to everybody, so of no use but here. */
const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2YT1hrvRWosEFMPQ
xfUagv2qLmhQqhkk8plXKt9g7lqhRANCAATHc72Mx1o4gzvEc6H2sFymvdDLJA1N
v4JxwueWIwwkrfBP05k+kOMV+ULm0792/Pk7TNdFCROR+sA/DlL7rjB8
-----END PRIVATE KEY-----
`;
const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUPSIoXTnUczUCVNQH//y2H8qjw8EwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdCBvbmx5MCAXDTI2MTEyNDA4NTA0MloYDzIxMjYxMDMx
MDg1MDQyWjAUMRIwEAYDVQQDDAl0ZXN0IG9ubHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATHc72Mx1o4gzvEc6H2sFymvdDLJA1Nv4JxwueWIwwkrfBP05k+kOMV
+ULm0792/Pk7TNdFCROR+sA/DlL7rjB8o28wbTAdBgNVHQ4EFgQUHlzFXkshOLUq
n5myNGJwmBz+PdUwHwYDVR0jBBgwFoAUHlzFXkshOLUqn5myNGJwmBz+PdUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAN9itN/nynkEU3tVOyBsU2Ey6I97LcRCN7r03PHF9p7JAiBj
EwQyaszlw9vS3CEYiGKBLHxuLKsYH6uAIsydieMjDw==
-----END CERTIFICATE-----
`;

test('the time-out holds for the whole exchange: no answer, a slow answer, redirects', async () => {
  const runtime = new ManualRuntime();
  const sender = senderWith({}, runtime);
  const silent = await service(() => undefined);
  const unanswered = send(silent.url, { timeoutMs: 60 }, sender);
  await until(() => silent.seen.length === 1);
  await runtime.advance(60);
  const answer = await unanswered;
  assert.equal(messageOf(answer), 'no whole answer within 60 ms');
  assert.deepEqual([answer.health, answer.durationMs], ['unavailable', 60]);
  await until(() => [...silent.sockets].every((socket) => socket.destroyed));

  let drops = 0;
  const slow = await rawService((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.write('x', () => (drops += 1)), 5);
    socket.on('close', () => clearInterval(drip));
  });
  const dripping = send(slow.url, { timeoutMs: 60 }, sender);
  await until(() => drops > 2);
  await runtime.advance(60);
  assert.equal(messageOf(await dripping), 'no whole answer within 60 ms');

  const turns: (() => void)[] = [];
  const turning = await service((_request, response) => {
    turns.push(() => response.writeHead(307, { Location: '/again' }).end());
  });
  const turned = send(turning.url, { timeoutMs: 100 }, sender);
  await until(() => turns.length === 1);
  await runtime.advance(60);
  turns[0]?.();
  await until(() => turns.length === 2);
  await runtime.advance(40);
  assert.equal(messageOf(await turned), 'no whole answer within 100 ms');
});

test('B25: without a connection the time-out is a connection failure, and the attempt to connect is given up', async () => {
  // TLS towards a service that accepts and never speaks: the connection is not made before it is secure.
  const { port, sockets } = await rawService(() => undefined);
  const answer = await send(`https://127.0.0.1:${port}/`, { timeoutMs: 50 });
  assert.match(messageOf(answer), /^no (TLS )?connection .*within 50 ms$/);
  assert.equal(answer.health, 'connect');
  await until(() => sockets.size === 1 && [...sockets].every((socket) => socket.destroyed));
});

test('refused, unresolvable and TLS failures are connection failures with a short reason', async () => {
  const gone = await service(() => undefined);
  await new Promise((resolve) => gone.server.close(resolve));
  const refused = await send(gone.url);
  assert.match(messageOf(refused), /^cannot connect: .*ECONNREFUSED/);
  const byName = await send(gone.url.replace('127.0.0.1', 'localhost'));
  assert.match(messageOf(byName), /^cannot connect: .*ECONNREFUSED/);
  const unknown = await send('http://no-such-host.invalid/x');
  assert.match(messageOf(unknown), /^cannot connect: .*(ENOTFOUND|EAI_AGAIN)/);
  const plain = await service((_request, response) => response.end());
  const noTls = await send(plain.url.replace('http:', 'https:'));
  assert.match(messageOf(noTls), /^cannot connect: /);
  for (const answer of [refused, byName, unknown, noTls]) {
    assert.equal(answer.health, 'connect');
    assert.equal(answer.outcome.kind, 'error');
    assert.doesNotMatch(messageOf(answer), /\n| {4}at /);
  }
});

test('https: a self-signed certificate is a connection failure; a trusted one is used', async () => {
  const server = createTlsServer({ key: testKey, cert: testCertificate }, (request, response) => {
    response.end(request.url?.startsWith('/no') ? 'FAILURE' : '');
  });
  const port = await listen(server, '127.0.0.1');
  const untrusted = await send(`https://localhost:${port}/`, { payload: 'abc' });
  assert.match(messageOf(untrusted), /^cannot connect: 127\.0\.0\.1:\d+: self-signed certificate/);
  assert.equal(untrusted.health, 'connect');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([testCertificate]);
  try {
    const later = senderWith();
    assert.equal((await send(`https://localhost:${port}/`, { payload: 'abc' }, later)).outcome.kind, 'success');
    assert.equal((await send(`https://127.0.0.1:${port}/no`, {}, later)).outcome.kind, 'failure');
  } finally {
    setDefaultCACertificates(trusted);
  }
});

test('a redirect to where no connection can be made does not count as not sent: this service has answered', async () => {
  for (const [isLocal, health] of [
    [false, 'unavailable'],
    [true, 'ok'],
  ] as const) {
    const dialer = new Dialer({ upkeep: systemRuntime });
    const dial = dialer.dial.bind(dialer);
    dialer.dial = (request, done) => {
      if (request.tls === undefined) return dial(request, done);
      process.nextTick(done, { failed: { message: 'no way', isLocal } });
      return { waitsFor: 'connection', cancel: () => undefined };
    };
    const parts = { runtime: systemRuntime, upkeep: systemRuntime, limits: defaultSenderLimits, version: '1' };
    const own = new HttpSender({ ...parts, dialer });
    const { url } = await service((_request, response) =>
      response.writeHead(307, { Location: 'https://127.0.0.1:1/' }).end(),
    );
    const answer = await send(url, {}, own);
    assert.deepEqual([messageOf(answer), answer.health], ['cannot connect: no way', health]);
    await own.close();
  }
});

test('what is no http URL is an error, never a throw', async () => {
  for (const url of [
    'svc/x',
    'localhost:8080/x',
    'ftp://x/y',
    'http://',
    'http://[::1',
    '//x/y',
    ' ',
    'http://x:99999/',
  ]) {
    const answer = await send(url);
    assert.equal(answer.outcome.kind, 'error', url);
    assert.equal(answer.health, 'ok');
    assert.match(messageOf(answer), /not an absolute http/, url);
  }
});

test('IPv6', async (context) => {
  const found = await service((_request, response) => response.end(), '::1').catch(() => undefined);
  if (found === undefined) return context.skip('this machine has no IPv6');
  assert.equal((await send(`${found.url}/a`)).outcome.kind, 'success');
  assert.equal(found.seen[0]?.headers.host, `[::1]:${found.port}`);
});

test('a connection that is lost after the request was written is an error, sent once', async () => {
  for (const payload of ['', 'abc']) {
    let requests = 0;
    const { url } = await rawService((socket) => {
      requests += 1;
      socket.resetAndDestroy();
    });
    const answer = await send(url, { payload });
    assert.match(messageOf(answer), /^the connection was lost before the whole answer came: ./);
    assert.equal(answer.health, 'unavailable');
    assert.equal(requests, 1);
  }
});

test('a connection that is lost in the middle of an answer is an error, whatever was read', async () => {
  for (const head of ['Content-Length: 100\r\n\r\nSUCCESS', 'Transfer-Encoding: chunked\r\n\r\n7\r\nSUCCESS\r\n']) {
    const { url } = await rawService((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}`));
    assert.match(messageOf(await send(url)), /^the connection was lost/);
  }
});

test('an answer framed by the end of the connection is whole', async () => {
  const { url } = await rawService((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nFAILURE'));
  assert.equal((await send(url)).outcome.kind, 'failure');
});

test('chunks, trailers and early hints are read past', async () => {
  const { url } = await rawService((socket) =>
    socket.write(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n' +
        '2\r\nno\r\n6\r\n money\r\n0\r\nX: y\r\n\r\n',
    ),
  );
  assert.equal(messageOf(await send(url)), 'no money FAILURE');
});

test('an answer that cannot be read is an error that says what is wrong with it', async () => {
  const cases: [answer: string, reason: string][] = [
    [`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 'its headers are larger than 32768 bytes'],
    ['SSH-2.0-OpenSSH\r\n', 'it is no answer in HTTP/1.1'],
    ['HTTP/1.1 000 OK\r\n', 'its status is 000, which no HTTP answer has'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'it has two different Content-Length'],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'it has both Transfer-Encoding and Content-Length',
    ],
  ];
  for (const [answer, reason] of cases) {
    const { url, sockets } = await rawService((socket) => socket.write(answer));
    const sent = await send(url);
    assert.equal(messageOf(sent), `the answer cannot be read: ${reason}`);
    assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'unavailable']);
    await until(() => [...sockets].every((socket) => socket.destroyed));
  }
});

test('an answer of which the meaning is certain is taken, whatever strict parsers say', async () => {
  const answers = [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  ];
  for (const answer of answers) {
    const { url } = await rawService((socket) => socket.write(answer));
    assert.equal((await send(url, { payload: '{}' })).outcome.kind, 'success', JSON.stringify(answer));
  }
});

test('bytes behind an answer, or between two, are never taken for the answer of the next call', async () => {
  const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nFAILURE';
  const good = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  for (const isLater of [false, true]) {
    const own = senderWith({ idleMs: 3_600_000 });
    const { url, sockets } = await rawService((socket) => socket.write(isLater ? good : good + evil));
    for (let call = 0; call < 3; call += 1) {
      assert.equal((await send(url, {}, own)).outcome.kind, 'success');
      if (isLater) for (const socket of sockets) socket.write(evil);
      await until(() => own.idleConnections === 0);
    }
    assert.equal(sockets.size, 3);
  }
});

test('connections are used again, and closed when idle', async () => {
  const brief = senderWith({ idleMs: 30 });
  const { url, sockets, server } = await service((_request, response) => response.end());
  // Else it names a time in each answer, which counts.
  server.keepAliveTimeout = 0;
  for (let call = 0; call < 5; call += 1) await send(url, {}, brief);
  assert.equal(sockets.size, 1);
  assert.equal(brief.idleConnections, 1);
  await until(() => brief.idleConnections === 0);
  await until(() => [...sockets].every((socket) => socket.destroyed));
});

test('a connection that the service closed while idle costs no call', async () => {
  const own = senderWith();
  const { url, sockets, seen } = await service((_request, response) => response.end());
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await send(url, { payload: 'abc' }, own)).outcome.kind, 'success');
    for (const socket of sockets) socket.destroy();
    // Its end has arrived; in one round it was noticed before the next call, in the other it was not.
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 2 === 1) await until(() => own.idleConnections === 0);
  }
  assert.equal(seen.length, 20);
});

test('idle connections are bounded, for each origin and in total', async () => {
  const bounded = senderWith({ originIdleConnections: 2, idleConnections: 3 });
  const services = await Promise.all(
    [1, 2].map(() => service((_request, response) => setImmediate(() => response.end()))),
  );
  for (const { url, sockets } of services) {
    await Promise.all(Array.from({ length: 6 }, () => send(url, {}, bounded)));
    assert.equal(sockets.size, 6);
  }
  assert.equal(bounded.idleConnections, 3);
  const open = () => services.flatMap(({ sockets }) => [...sockets]).filter((socket) => !socket.destroyed).length;
  await until(() => open() === 3);
});

test('close waits for what is in flight, and closes everything', async () => {
  const closing = senderWith();
  let release: () => void = () => undefined;
  const { url, sockets } = await service((_request, response) => {
    release = () => response.end();
  });
  const answer = send(url, {}, closing);
  await until(() => sockets.size === 1);
  const closed = closing.close();
  await new Promise((resolve) => setImmediate(resolve));
  release();
  assert.equal((await answer).outcome.kind, 'success');
  await closed;
  await closing.close();
  await until(() => [...sockets].every((socket) => socket.destroyed));
});

test('a service that asks for a client certificate is named so, also where it says it after the handshake', async () => {
  const { ca, cert, key } = certificates();
  const server = createTlsServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (_, response) =>
    response.end(),
  );
  const port = await listen(server, '127.0.0.1');
  const trusted = createSecureContext({ ca });
  const dialer = new Dialer({ upkeep: systemRuntime, trust: () => trusted });
  const own = new HttpSender({
    runtime: systemRuntime,
    upkeep: systemRuntime,
    dialer,
    limits: defaultSenderLimits,
    version: '1',
  });
  const answer = await send(`https://127.0.0.1:${port}/`, { payload: '{}' }, own);
  assert.match(messageOf(answer), /: the service asks for a client certificate; Holdfast has none \(ERR_SSL_\w+\)$/);
  await own.close();
});
