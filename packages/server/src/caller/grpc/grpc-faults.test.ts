import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer as createHttpServer } from 'node:http';
import { constants } from 'node:http2';
import { createServer as createNetServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer } from '../dial/dialer.ts';
import { certificates } from '../testing/certificates.ts';
import {
  grpcSenderWith,
  grpcService,
  reply,
  type SeenCall,
  secureGrpcService,
  sendGrpc,
  silentProxy,
} from '../testing/grpc-services.ts';
import { listen, messageOf, until } from '../testing/services.ts';
import { idleCheckMs } from './limits.ts';

const { NGHTTP2_REFUSED_STREAM: refused, NGHTTP2_INTERNAL_ERROR: internal, NGHTTP2_CANCEL: cancelled } = constants;

test('nobody there, or somebody who speaks no HTTP/2: a failure of the origin', async () => {
  const closed = createNetServer();
  const port = await listen(closed, '127.0.0.1');
  closed.close();
  const none = await sendGrpc(`127.0.0.1:${port}/a.B/C`);
  assert.match(messageOf(none), /^cannot connect: .*ECONNREFUSED/);
  assert.equal(none.health, 'connect');
  const http = createHttpServer((_request, response) => response.end('hello'));
  const other = await sendGrpc(`127.0.0.1:${await listen(http, '127.0.0.1')}/a.B/C`);
  assert.equal(messageOf(other), 'cannot connect: the service does not speak HTTP/2, which gRPC needs');
  assert.equal(other.health, 'connect');
  const unknown = await sendGrpc('no-such-host.invalid:1/a.B/C');
  assert.deepEqual([/^cannot connect: /.test(messageOf(unknown)), unknown.health], [true, 'connect']);
});

test('a connection that never comes about ends with the time-out, and is not kept', async () => {
  const accepted: { destroyed: boolean }[] = [];
  const mute = createNetServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', () => undefined);
    socket.on('end', () => socket.end());
  });
  const url = `127.0.0.1:${await listen(mute, '127.0.0.1')}/a.B/C`;
  const sent = await Promise.all([sendGrpc(url, { timeoutMs: 60 }), sendGrpc(url, { timeoutMs: 90 })]);
  assert.deepEqual(sent.map(messageOf), [
    'no HTTP/2 settings from the service within 60 ms',
    'no HTTP/2 settings from the service within 90 ms',
  ]);
  assert.deepEqual(
    sent.map(({ health }) => health),
    ['connect', 'connect'],
  );
  await until(() => accepted.length > 0 && accepted.every(({ destroyed }) => destroyed));
  assert.equal(accepted.length, 1);
});

test('a service that does not answer: the call is cancelled there, and the connection serves on', async () => {
  const codes: number[] = [];
  let isMute = false;
  const { url, sessions, seen } = await grpcService((call) => {
    call.stream.on('close', () => codes.push(call.stream.rstCode));
    if (!isMute) reply(call);
  });
  const runtime = new ManualRuntime();
  const sender = grpcSenderWith({}, { runtime });
  await sendGrpc(url, {}, sender);
  await until(() => codes.length === 1);
  isMute = true;
  const waiting = sendGrpc(url, { timeoutMs: 80 }, sender);
  await until(() => seen.length === 2);
  await runtime.advance(80);
  const sent = await waiting;
  assert.deepEqual([messageOf(sent), sent.health], ['no whole answer within 80 ms', 'unavailable']);
  await until(() => codes.length === 2);
  assert.deepEqual(codes, [0, cancelled]);
  isMute = false;
  assert.equal((await sendGrpc(url, {}, sender)).outcome.kind, 'success');
  assert.equal(sessions.length, 1);
});

test('half an answer, or a stream that is reset, is an error whose result is not known', async () => {
  let talk = (_call: SeenCall) => undefined as unknown;
  const { url, seen } = await grpcService((call) => talk(call));
  talk = ({ stream }) => stream.close(internal);
  const reset = await sendGrpc(url);
  assert.match(messageOf(reset), /^the service reset the call \(INTERNAL_ERROR\)/);
  talk = ({ stream }) => stream.close(cancelled);
  const cancel = await sendGrpc(url);
  assert.equal(messageOf(cancel), 'the service reset the call (CANCEL)');
  talk = ({ stream, session }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(Buffer.alloc(5), () => session.destroy());
  };
  const half = await sendGrpc(url);
  for (const sent of [reset, cancel, half])
    assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'unavailable']);
  assert.equal(seen.length, 3);
});

test('a refused stream was not processed: it is sent again, a few times', async () => {
  let refusals = 2;
  const { url, seen } = await grpcService((call) => {
    if (refusals > 0) call.stream.close(refused);
    else reply(call);
    refusals -= 1;
  });
  assert.equal((await sendGrpc(url)).outcome.kind, 'success');
  assert.equal(seen.length, 3);
  refusals = 100;
  const sent = await sendGrpc(url);
  assert.deepEqual([messageOf(sent), sent.health], ['the service refused the call again and again', 'unavailable']);
  assert.equal(seen.length, 3 + 4);
});

test('GOAWAY: what it says was not processed goes out again on a new connection; the rest ends where it is', async () => {
  const waiting: SeenCall[] = [];
  let isAway = false;
  const { url, seen, sessions } = await grpcService((call) => {
    if (isAway) {
      reply(call);
      return;
    }
    waiting.push(call);
    if (waiting.length < 3) return;
    isAway = true;
    call.session.goaway(0, waiting[0]?.stream.id ?? 0);
    const [first] = waiting;
    if (first !== undefined) setImmediate(() => reply(first, { status: 10, message: 'by the first' }));
  });
  const sent = await Promise.all(['a', 'b', 'c'].map((gid) => sendGrpc(url, { gid })));
  assert.deepEqual(sent.map(messageOf), ['by the first FAILURE', '', '']);
  assert.deepEqual(
    seen.map(({ headers }) => headers['dtm-gid']),
    ['a', 'b', 'c', 'b', 'c'],
  );
  assert.equal(messageOf(await sendGrpc(url)), '');
  assert.equal(sessions.length, 2);
});

test('a connection on which no call can begin is a failure to connect; others are not opened again and again', async () => {
  const { url, sessions, server, seen } = await grpcService(reply, { settings: { maxConcurrentStreams: 0 } });
  server.on('session', (session) => session.close());
  const sent = await sendGrpc(url);
  assert.match(messageOf(sent), /^cannot connect: the service (closed it|is going away)/);
  assert.equal(sent.health, 'connect');
  assert.deepEqual([sessions.length, seen.length], [1, 0]);
});

test('GOAWAY with an error: what may have been processed is an error, and is not sent again', async () => {
  const waiting: SeenCall[] = [];
  const { url, seen } = await grpcService((call) => {
    waiting.push(call);
    if (waiting.length === 2) call.session.goaway(refused, waiting[0]?.stream.id ?? 0);
    else if (waiting.length > 2) reply(call);
  });
  const [first, second] = await Promise.all([sendGrpc(url, { gid: 'a' }), sendGrpc(url, { gid: 'b' })]);
  assert.deepEqual([first?.outcome.kind, first?.health], ['error', 'unavailable']);
  assert.equal(second?.outcome.kind, 'success');
  assert.deepEqual(
    seen.map(({ headers }) => headers['dtm-gid']),
    ['a', 'b', 'b'],
  );
});

test('a service that goes away after each call is called on a new connection each time', async () => {
  const { url, sessions } = await grpcService((call) => {
    reply(call);
    call.session.goaway();
  });
  for (let count = 1; count <= 5; count += 1) {
    assert.equal((await sendGrpc(url)).outcome.kind, 'success');
    assert.equal(sessions.length, count);
  }
});

test('a service that has gone is connected to again', async () => {
  const { url, sessions } = await grpcService(reply);
  const sender = grpcSenderWith();
  await sendGrpc(url, {}, sender);
  sessions[0]?.destroy();
  await until(() => sender.idleConnections === 0);
  const sent = await Promise.all(Array.from({ length: 5 }, () => sendGrpc(url, {}, sender)));
  assert.deepEqual([sent.map(messageOf).join(''), sessions.length], ['', 2]);
});

test('a service that takes one stream at once gets one at once; waiting counts against the time-out', async () => {
  const open: SeenCall[] = [];
  let most = 0;
  let answers = true;
  const { url, seen } = await grpcService(
    (call) => {
      open.push(call);
      most = Math.max(most, open.length);
      if (answers) setImmediate(() => reply(open.pop() ?? call));
    },
    { settings: { maxConcurrentStreams: 1 } },
  );
  const runtime = new ManualRuntime();
  const sender = grpcSenderWith({}, { runtime });
  const sent = await Promise.all(Array.from({ length: 20 }, () => sendGrpc(url, {}, sender)));
  assert.ok(sent.every(({ outcome }) => outcome.kind === 'success'));
  assert.deepEqual([most, seen.length], [1, 20]);
  answers = false;
  const waiting = [200, 100].map((timeoutMs) => sendGrpc(url, { timeoutMs }, sender));
  await until(() => seen.length === 21);
  await runtime.advance(200);
  const [first, second] = await Promise.all(waiting);
  assert.equal(messageOf(first ?? assert.fail()), 'no whole answer within 200 ms');
  assert.equal(messageOf(second ?? assert.fail()), 'no free stream (the service takes 1 at once) within 100 ms');
  assert.equal(second?.health, 'unavailable');
  assert.equal(seen.length, 21);
});

test('a connection whose other end is gone is found by the first call that times out', async () => {
  const { port } = await grpcService(reply);
  const proxy = await silentProxy(port);
  const sender = grpcSenderWith({ grpcKeepaliveTimeoutMs: 50 });
  assert.equal((await sendGrpc(proxy.url, {}, sender)).outcome.kind, 'success');
  proxy.silence();
  const lost = await sendGrpc(proxy.url, { timeoutMs: 60 }, sender);
  assert.deepEqual([messageOf(lost), lost.health], ['no whole answer within 60 ms', 'unavailable']);
  // It does not go out on the old connection while that is being asked.
  assert.equal(messageOf(await sendGrpc(proxy.url, {}, sender)), '');
  assert.equal(proxy.connections(), 2);
});

test('a connection on which nothing gets through any more is closed with all that waits to be written', async () => {
  const opened: Socket[] = [];
  const openedOne = (message: unknown) => opened.push((message as { readonly socket: Socket }).socket);
  subscribe('net.client.socket', openedOne);
  const { port, server } = await grpcService(reply, { settings: { initialWindowSize: 2 ** 30 } });
  server.on('session', (session) => session.setLocalWindowSize(2 ** 30));
  const proxy = await silentProxy(port);
  const sender = grpcSenderWith({ grpcKeepaliveTimeoutMs: 50 });
  assert.equal(messageOf(await sendGrpc(proxy.url, {}, sender)), '');
  unsubscribe('net.client.socket', openedOne);
  proxy.freeze();
  const payload = 'x'.repeat(1_000_000);
  await Promise.all(Array.from({ length: 30 }, () => sendGrpc(proxy.url, { payload, timeoutMs: 100 }, sender)));
  await until(() => opened[0]?.destroyed === true);
});

test('a connection that was silent for long is asked before it is used: a dead one costs no call', async () => {
  const { port, seen } = await grpcService(reply);
  const proxy = await silentProxy(port);
  const upkeep = new ManualRuntime();
  const sender = grpcSenderWith({}, { upkeep });
  await sendGrpc(proxy.url, {}, sender);
  let pings = 0;
  seen[0]?.session.on('ping', () => {
    pings += 1;
  });
  await until(() => sender.idleConnections === 1);
  await upkeep.advance(20_000);
  assert.equal((await sendGrpc(proxy.url, {}, sender)).outcome.kind, 'success');
  assert.deepEqual([pings, proxy.connections()], [1, 1]);
  proxy.silence();
  await until(() => sender.idleConnections === 1);
  await upkeep.advance(20_000);
  const waiting = sendGrpc(proxy.url, {}, sender);
  await upkeep.advance(idleCheckMs);
  assert.equal((await waiting).outcome.kind, 'success');
  assert.deepEqual([seen.length, proxy.connections()], [3, 2]);
});

test('while calls wait in silence the connection is asked, but not so often that a service would take offence', async () => {
  let pings = 0;
  const { url, seen } = await grpcService(() => undefined);
  const sender = grpcSenderWith({ grpcKeepaliveMs: 20 });
  const waiting = sendGrpc(url, { timeoutMs: 400 }, sender);
  await until(() => seen.length === 1);
  seen[0]?.session.on('ping', () => {
    pings += 1;
  });
  assert.equal(messageOf(await waiting), 'no whole answer within 400 ms');
  assert.ok(pings >= 2 && pings <= 3, `${pings} pings`);
});

test('a dead connection ends its calls before their time-out', async () => {
  const { port, seen } = await grpcService(() => undefined);
  const proxy = await silentProxy(port);
  const sender = grpcSenderWith({ grpcKeepaliveMs: 30, grpcKeepaliveTimeoutMs: 30 });
  const waiting = sendGrpc(proxy.url, { timeoutMs: 30_000 }, sender);
  await until(() => seen.length === 1);
  proxy.silence();
  const sent = await waiting;
  assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'unavailable']);
});

test('idle connections are closed after a time, and the longest idle beyond their number', async () => {
  const short = grpcSenderWith({ grpcIdleMs: 30 });
  const one = await grpcService(reply);
  await sendGrpc(one.url, {}, short);
  await until(() => one.sessions[0]?.destroyed === true);
  assert.equal(short.idleConnections, 0);
  const few = grpcSenderWith({ idleConnections: 2 });
  const services = await Promise.all([0, 1, 2].map(() => grpcService(reply)));
  for (const { url } of services) await sendGrpc(url, {}, few);
  await until(() => services[0]?.sessions[0]?.destroyed === true);
  assert.deepEqual(
    services.map(({ sessions }) => sessions[0]?.destroyed),
    [true, false, false],
  );
  await until(() => few.idleConnections === 2);
});

test('closing waits for the calls under way', async () => {
  const { url, seen, sessions } = await grpcService((call) => seen.length > 1 && reply(call));
  const sender = grpcSenderWith();
  const first = sendGrpc(url, {}, sender);
  await until(() => seen.length === 1);
  let isClosed = false;
  const closing = sender.close().then(() => {
    isClosed = true;
  });
  await new Promise(setImmediate);
  assert.equal(isClosed, false);
  const [call] = seen;
  if (call !== undefined) reply(call);
  assert.equal((await first).outcome.kind, 'success');
  await closing;
  await until(() => sessions[0]?.destroyed === true);
});

test('D10: over TLS the service must have a certificate that is trusted', async () => {
  const { ca, key, cert } = certificates();
  const { url, port, seen } = await secureGrpcService(reply, { key, cert });
  const untrusted = await sendGrpc(`grpcs://${url}`);
  assert.match(messageOf(untrusted), /^cannot connect: .*certificate/);
  assert.equal(untrusted.health, 'connect');
  const context = createSecureContext({ ca });
  const trusting = grpcSenderWith({}, { dialer: new Dialer({ upkeep: systemRuntime, trust: () => context }) });
  assert.equal(messageOf(await sendGrpc(`grpcs://${url}`, {}, trusting)), '');
  assert.equal(messageOf(await sendGrpc(`grpcs://localhost:${port}/a.B/C`, {}, trusting)), '');
  assert.deepEqual(
    seen.map(({ headers }) => headers[':scheme']),
    ['https', 'https'],
  );
  const plain = await sendGrpc(url, {}, trusting);
  assert.deepEqual([plain.outcome.kind, plain.health], ['error', 'connect']);
});
