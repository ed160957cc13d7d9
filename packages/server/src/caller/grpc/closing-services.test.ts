/** Services that end their connections when they like: what that says of them, and what becomes of the call. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { SentAnswer } from '../../engine/ports.ts';
import { sendingCall } from '../../engine/testing/calls.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer, type DialRequest } from '../dial/dialer.ts';
import { grpcSenderWith, grpcService, reply, type SeenCall, sendGrpc } from '../testing/grpc-services.ts';
import { callOf, messageOf, until } from '../testing/services.ts';

/** No time passes: however busy the machine is, an end of a connection is at once. */
const standing = { ...systemRuntime, monotonicMs: () => 0 };

/** A service and its sockets; `talk` is told which connection a call came by. */
async function serviceWith(talk: (call: SeenCall, socket: Socket, count: number) => void) {
  const sockets: Socket[] = [];
  const { server, ...more } = await grpcService((call) => {
    const socket = sockets.find(({ remotePort }) => remotePort === call.session.socket.remotePort);
    if (socket !== undefined) talk(call, socket, more.seen.length);
  });
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  return { ...more, server, sockets };
}

test('a connection that ends as soon as it is used again: the call goes once more, and that is told', async () => {
  const { url, seen, sockets } = await serviceWith((call, socket, count) => {
    if (count === 2) socket.resetAndDestroy();
    else reply(call);
  });
  const sender = grpcSenderWith({}, { upkeep: standing });
  assert.equal((await sendGrpc(url, { gid: 'a' }, sender)).note, undefined);
  const sent = await sendGrpc(url, { gid: 'b', payload: 'same' }, sender);
  assert.deepEqual([sent.outcome.kind, sent.health], ['success', 'ok']);
  assert.match(sent.note ?? '', /^sent twice: the service was closing the connection/);
  const [, lost, second] = seen;
  assert.deepEqual([seen.length, sockets.length, second?.body], [3, 2, lost?.body]);
  const identity = (call?: SeenCall) => Object.entries(call?.headers ?? {}).filter(([name]) => name.startsWith('dtm-'));
  assert.deepEqual(identity(second), identity(lost));
});

test('it goes a second time and no third; a first call of a connection goes once', async () => {
  let isClosing = false;
  const { url, seen } = await serviceWith((call, socket) => {
    if (isClosing) socket.destroy();
    else reply(call);
  });
  const sender = grpcSenderWith({}, { upkeep: standing });
  await sendGrpc(url, {}, sender);
  isClosing = true;
  const sent = await sendGrpc(url, {}, sender);
  assert.deepEqual([sent.outcome.kind, sent.health, seen.length], ['error', 'unavailable', 3]);
  assert.match(sent.note ?? '', /^sent twice/);
  const fresh = await sendGrpc(url, {}, sender);
  assert.deepEqual([fresh.outcome.kind, fresh.note, seen.length], ['error', undefined, 4]);
});

test('once a service has begun to answer, or had the call for longer, it is called once', async () => {
  let late: (() => void) | undefined;
  const { url, seen } = await serviceWith((call, socket, count) => {
    if (count === 2) {
      call.stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      call.stream.write(Buffer.alloc(5), () => setImmediate(() => socket.destroy()));
    } else if (count === 4) late = () => socket.destroy();
    else reply(call);
  });
  let nowMs = 0;
  const sender = grpcSenderWith({}, { upkeep: { ...systemRuntime, monotonicMs: () => nowMs } });
  await sendGrpc(url, {}, sender);
  const begun = await sendGrpc(url, {}, sender);
  assert.deepEqual([begun.outcome.kind, begun.note, seen.length], ['error', undefined, 2]);
  await sendGrpc(url, {}, sender);
  const waiting = sendGrpc(url, {}, sender);
  await until(() => late !== undefined);
  // The service works on it: its death that much later is no close that was under way.
  nowMs += 101;
  late?.();
  const dead = await waiting;
  assert.deepEqual([dead.outcome.kind, dead.health, dead.note, seen.length], ['error', 'unavailable', undefined, 4]);
});

test('whoever carries the call on is asked before it goes again; where it must not, it was cut', async () => {
  const { url, seen } = await serviceWith((call, socket, count) => (count === 1 ? reply(call) : socket.destroy()));
  const sender = grpcSenderWith({}, { upkeep: standing });
  await sendGrpc(url, {}, sender);
  let asked = 0;
  const mayGo = () => {
    asked += 1;
    return asked === 1;
  };
  const sent = await new Promise<SentAnswer>((resolve) => {
    sender.send(sendingCall(callOf(url, { protocol: 'grpc' }), resolve, mayGo));
  });
  assert.deepEqual([sent.health, asked, seen.length], ['cut', 2, 2]);
  assert.match(sent.note ?? '', /^not sent a second time, though the service was closing/);
});

test('where the second connection cannot be made, the call may have run, and the service counts as reached', async () => {
  const { url, seen, server } = await serviceWith((call, socket, count) => {
    if (count === 1) reply(call);
    else {
      server.close();
      socket.destroy();
    }
  });
  const sender = grpcSenderWith({}, { upkeep: standing });
  await sendGrpc(url, {}, sender);
  const sent = await sendGrpc(url, {}, sender);
  assert.deepEqual([/^cannot connect: /.test(messageOf(sent)), sent.health, seen.length], [true, 'unavailable', 2]);
});

test('a service that closes behind its answers is called on new connections for a while, and nothing fails', async () => {
  const { url, seen, sockets } = await serviceWith((call, socket, count) => {
    if (count <= 6 && count % 2 === 0) socket.destroy();
    else reply(call);
  });
  const sender = grpcSenderWith({}, { upkeep: standing });
  for (let call = 1; call <= 8; call += 1) {
    assert.equal((await sendGrpc(url, {}, sender)).outcome.kind, 'success', `call ${call}`);
  }
  // Three were lost, each on a connection that had served one; then each call had its own.
  assert.deepEqual([seen.length, sockets.length], [11, 8]);
});

test('with a clean end between the calls nothing is lost, sent twice or an error', async () => {
  let closed = 0;
  const { url, seen } = await serviceWith((call, socket, count) => {
    call.stream.once('close', () => {
      closed += 1;
      setTimeout(() => closed === seen.length && socket.end(), count % 4);
    });
    reply(call);
  });
  const sender = grpcSenderWith({}, { upkeep: standing });
  for (let call = 0; call < 40; call += 1) {
    assert.equal(messageOf(await sendGrpc(url, {}, sender)), '');
    if (call % 8 === 7) await until(() => sender.idleConnections === 0);
  }
  assert.ok(seen.length >= 40);
});

test('a large body does not go on a connection that has been idle for a second before that has answered a ping', async () => {
  const { url, seen } = await grpcService(reply);
  let nowMs = 0;
  const upkeep = { ...systemRuntime, monotonicMs: () => nowMs };
  const sender = grpcSenderWith({}, { upkeep });
  await sendGrpc(url, {}, sender);
  let pings = 0;
  seen[0]?.session.on('ping', () => {
    pings += 1;
  });
  nowMs = 1500;
  await sendGrpc(url, { payload: 'small' }, sender);
  assert.equal(pings, 0);
  await until(() => sender.idleConnections === 1);
  nowMs = 3000;
  await sendGrpc(url, { payload: 'x'.repeat(65 * 1024) }, sender);
  assert.deepEqual([pings, seen.length], [1, 3]);
});

test('what this machine lacks is told as that, and says nothing about the service', async () => {
  const none = { waitsFor: 'connection', cancel: () => undefined };
  const dialer = new Dialer({ upkeep: systemRuntime });
  dialer.dial = (_request: DialRequest, done) => {
    process.nextTick(done, {
      failed: { message: 'this process has no file descriptors left (EMFILE)', isLocal: true },
    });
    return none;
  };
  const sent = await sendGrpc('127.0.0.1:1/a.B/C', {}, grpcSenderWith({}, { dialer }));
  assert.deepEqual(
    [sent.health, messageOf(sent)],
    ['local', 'cannot connect: this process has no file descriptors left (EMFILE)'],
  );
});
