/** Services over TLS that go away or stand still at any point of HTTP/2: each call ends in time, and its connection goes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, createServer, type TLSSocket } from 'node:tls';
import { systemRuntime } from '../../../runtime.ts';
import { Dialer, type DialRequest, type DialResult } from '../../dial/dialer.ts';
import { flags, frameOf, frameTypes, settingsFrame } from '../../grpc/http2/frames.ts';
import { indexed } from '../../grpc/http2/hpack/encoder.ts';
import { certificates } from '../../testing/certificates.ts';
import { send, until } from '../../testing/services.ts';
import { defaultSenderLimits, HttpSender } from '../http-sender.ts';

const { ca, cert, key } = certificates();
const trusted = createSecureContext({ ca });
const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

const { endHeaders, endStream } = flags;
const nothing = Buffer.alloc(0);
/** Of status 200. */
const ok = indexed(8);
const answerHead = (id: number, flag: number = endHeaders) => frameOf(frameTypes.headers, flag, id, ok);
const goAway = (last: number, code = 0) => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(last, 0);
  payload.writeUInt32BE(code, 4);
  return frameOf(frameTypes.goaway, 0, 0, payload);
};
const data = (id: number, bytes: number, flag = 0) => frameOf(frameTypes.data, flag, id, Buffer.alloc(bytes));

const still: Readonly<Record<string, Buffer>> = {
  nothing,
  'a body that stands still': Buffer.concat([answerHead(1), data(1, 100)]),
};

interface Peer {
  /** Bytes at the start, and behind the head of the first call. */
  readonly first: Buffer;
  readonly second: Buffer;
  /** It reads no more when the first call has begun. */
  readonly isDeaf?: true;
}

const opened = settingsFrame([]);
const whole = Buffer.concat([answerHead(1), data(1, 2, endStream)]);
const peers: Readonly<Record<string, Peer>> = {
  ...Object.fromEntries(
    Object.entries(still).flatMap(([what, bytes]) => [
      [what, { first: opened, second: bytes }],
      [`${what}, behind GOAWAY`, { first: opened, second: Buffer.concat([goAway(1), bytes]) }],
      [`${what}, behind GOAWAY with an error`, { first: opened, second: Buffer.concat([goAway(0, 1), bytes]) }],
      [`${what}, behind an answer`, { first: opened, second: Buffer.concat([whole, bytes]) }],
      [`${what}, behind an answer and GOAWAY`, { first: opened, second: Buffer.concat([whole, goAway(1), bytes]) }],
      [`${what}, read by nobody`, { first: opened, second: bytes, isDeaf: true }],
      [`${what}, before the settings`, { first: bytes, second: nothing }],
      [`${what}, with the settings`, { first: Buffer.concat([opened, goAway(0), bytes]), second: nothing }],
    ]),
  ),
};

/** It never ends a connection by itself, and does not follow when the client does. */
async function peer({ first, second, isDeaf }: Peer) {
  const server = createServer({ cert, key, ALPNProtocols: ['h2'], allowHalfOpen: true }, (socket: TLSSocket) => {
    socket.on('error', () => undefined).on('end', () => undefined);
    socket.write(first);
    let read = nothing;
    let hasBegun = false;
    socket.on('data', (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      // The preface, and HEADERS somewhere behind it.
      if (hasBegun || !hasHead(read.subarray(24))) return;
      hasBegun = true;
      if (isDeaf === true) socket.pause();
      socket.write(second);
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function hasHead(frames: Buffer): boolean {
  for (let at = 0; at + 9 <= frames.length; at += 9 + frames.readUIntBE(at, 3)) {
    if (frames[at + 3] === frameTypes.headers) return true;
  }
  return false;
}

test('a peer that goes away or stands still keeps no connection', async () => {
  const dialer = new Dialer({ upkeep: systemRuntime, trust: () => trusted });
  const dialed = new Map<number, Socket[]>();
  const watched = {
    dial: (request: DialRequest, done: (result: DialResult) => void) =>
      dialer.dial(request, (result) => {
        if ('ok' in result) dialed.set(request.port, [...(dialed.get(request.port) ?? []), result.ok.socket]);
        done(result);
      }),
  };
  const own = new HttpSender({
    runtime: systemRuntime,
    upkeep: systemRuntime,
    dialer: watched as Dialer,
    limits: { ...defaultSenderLimits, idleMs: 500 },
    version: '1',
  });
  const ports = new Map<number, string>();
  const calls = Object.entries(peers).flatMap(async ([what, one]) => {
    const port = await peer(one);
    ports.set(port, what);
    const url = `https://127.0.0.1:${port}`;
    // The body is more than the windows let through.
    return Promise.all(['', 'x'.repeat(200_000)].map((payload) => send(url, { timeoutMs: 3000, payload }, own)));
  });
  await Promise.all(calls);
  await own.close();
  const left = () =>
    [...dialed].filter(([, sockets]) => sockets.some(({ destroyed }) => !destroyed)).map(([port]) => ports.get(port));
  await until(() => left().length === 0).catch(() => undefined);
  assert.deepEqual(left(), []);
  assert.deepEqual(
    [...ports].filter(([port]) => !dialed.has(port)).map(([, what]) => what),
    [],
    'all were called',
  );
});
