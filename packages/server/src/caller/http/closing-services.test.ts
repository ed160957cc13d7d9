import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { SentAnswer } from '../../engine/ports.ts';
import { sendingCall } from '../../engine/testing/calls.ts';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer } from '../dial/dialer.ts';
import { callOf, messageOf, rawService, send, until } from '../testing/services.ts';
import { defaultSenderLimits, HttpSender } from './http-sender.ts';

const answered = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A service on the bare socket: `later` decides on the requests behind the first of each connection. */
async function behindTheFirst(later: (socket: Socket) => void) {
  const requests: string[] = [];
  const served = new WeakMap<Socket, number>();
  const service = await rawService((socket, request) => {
    if (!/^(GET|POST) /.test(request)) return;
    requests.push(request);
    const count = (served.get(socket) ?? 0) + 1;
    served.set(socket, count);
    if (count === 1) socket.write(answered);
    else later(socket);
  });
  return { ...service, requests };
}

/** A sender for which the machine's time stands still. */
function timedSender() {
  const upkeep = new ManualRuntime();
  const dialer = new Dialer({ upkeep: systemRuntime });
  const parts = { runtime: systemRuntime, upkeep, dialer, limits: defaultSenderLimits, version: '1' };
  return { upkeep, own: new HttpSender(parts) };
}

test('a call that meets the end of a reused connection is sent once more, the same byte for byte', async () => {
  for (const end of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.resetAndDestroy()]) {
    const { own } = timedSender();
    const { url, requests, sockets } = await behindTheFirst(end);
    const first = await send(`${url}/a`, { payload: '{}' }, own);
    assert.deepEqual([first.outcome.kind, first.note], ['success', undefined]);
    let asked = 0;
    const second = await new Promise<SentAnswer>((ended) => {
      own.send(
        sendingCall(callOf(`${url}/a`, { payload: '{}' }), ended, () => {
          asked += 1;
          return true;
        }),
      );
    });
    assert.deepEqual([second.outcome.kind, second.health], ['success', 'ok']);
    assert.match(second.note ?? '', /^sent twice: the service was closing the connection/);
    assert.deepEqual([requests.length, sockets.size, asked], [3, 2, 2]);
    assert.equal(requests[1], requests[2]);
    await own.close();
  }
});

test('it is not sent again where it must not go any more; it may have run', async () => {
  const { own } = timedSender();
  const { url, requests } = await behindTheFirst((socket) => socket.destroy());
  await send(url, {}, own);
  let asked = 0;
  const answer = await new Promise<SentAnswer>((ended) => {
    own.send(
      sendingCall(callOf(url), ended, () => {
        asked += 1;
        return asked === 1;
      }),
    );
  });
  assert.deepEqual([answer.health, asked, requests.length], ['cut', 2, 2]);
  assert.match(answer.note ?? '', /^not sent a second time, though the service was closing/);
  await own.close();
});

test('it is an error where a byte of the answer has come, where it was sent twice, and where the end comes late', async () => {
  const { own, upkeep } = timedSender();
  const halfway = await behindTheFirst((socket) => socket.end('HTTP/1.1 200'));
  await send(halfway.url, {}, own);
  const lost = await send(halfway.url, {}, own);
  assert.match(messageOf(lost), /^the connection was lost before the whole answer came: the service closed it/);
  assert.deepEqual([lost.health, halfway.requests.length], ['unavailable', 2]);

  let isDead = false;
  const dying = await rawService((socket) => {
    if (isDead) socket.destroy();
    else socket.write(answered);
  });
  await send(dying.url, {}, own);
  isDead = true;
  const twice = await send(dying.url, {}, own);
  assert.deepEqual([twice.outcome.kind, twice.health], ['error', 'unavailable']);
  assert.match(twice.note ?? '', /^sent twice/);
  assert.equal(dying.sockets.size, 2);

  const working = await behindTheFirst(() => undefined);
  await send(working.url, {}, own);
  const dies = send(working.url, {}, own);
  await until(() => working.requests.length === 2);
  await upkeep.advance(101);
  for (const socket of working.sockets) socket.destroy();
  const died = await dies;
  assert.deepEqual([died.outcome.kind, died.health, died.note], ['error', 'unavailable', undefined]);
  assert.equal(working.requests.length, 2);
  await own.close();
});

test('a service that ends three reused connections gets new ones for a minute', async () => {
  const { own, upkeep } = timedSender();
  let isClosing = true;
  const { url, sockets, requests } = await behindTheFirst((socket) => {
    if (isClosing) socket.destroy();
    else socket.write(answered);
  });
  // Each finds the connection of the call before it, but for the first: that makes three ends.
  for (let call = 0; call < 4; call += 1) assert.equal((await send(url, {}, own)).outcome.kind, 'success');
  assert.deepEqual([requests.length, sockets.size], [7, 4]);
  isClosing = false;
  for (let call = 0; call < 5; call += 1) assert.equal((await send(url, {}, own)).note, undefined);
  assert.deepEqual([requests.length, sockets.size], [12, 9]);
  await upkeep.advance(60_000);
  for (let call = 0; call < 5; call += 1) await send(url, {}, own);
  assert.deepEqual([requests.length, sockets.size], [17, 10]);
  await own.close();
});

test('a body over 64 KiB is not sent on a connection that has been idle for more than a second', async () => {
  const { own, upkeep } = timedSender();
  const { url, sockets } = await rawService((socket, part) => {
    if (part.endsWith('\n') || part.endsWith('.')) socket.write(answered);
  });
  const [large, small] = [`${'x'.repeat(65_536)}.`, `${'x'.repeat(65_535)}.`];
  for (const [waitMs, payload, count] of [
    [0, large, 1],
    [1000, large, 1],
    [1001, small, 1],
    [1001, large, 2],
  ] as const) {
    await upkeep.advance(waitMs);
    assert.equal((await send(url, { payload }, own)).outcome.kind, 'success');
    assert.equal(sockets.size, count, `${payload.length} bytes after ${waitMs} ms`);
  }
  await own.close();
});

test('900 calls of a service that closes behind each answer all succeed, and none comes more than twice', async () => {
  const own = new HttpSender({
    runtime: systemRuntime,
    upkeep: systemRuntime,
    dialer: new Dialer({ upkeep: systemRuntime }),
    limits: defaultSenderLimits,
    version: '1',
  });
  const arrived = new Map<string, number>();
  const { url } = await rawService((socket, request) => {
    const [, gid = ''] = /gid=(\w+)/.exec(request) ?? [];
    arrived.set(gid, (arrived.get(gid) ?? 0) + 1);
    socket.write(answered);
    setTimeout(() => socket.destroy(), Number(gid.slice(1)) % 4);
  });
  let next = 0;
  const others = Array.from({ length: 64 }, async () => {
    for (; next < 900; ) {
      next += 1;
      const answer = await send(url, { gid: `g${next}`, timeoutMs: 20_000 }, own);
      assert.equal(answer.outcome.kind, 'success', messageOf(answer));
    }
  });
  await Promise.all(others);
  assert.equal(arrived.size, 900);
  assert.ok([...arrived.values()].every((count) => count <= 2));
  await own.close();
});
