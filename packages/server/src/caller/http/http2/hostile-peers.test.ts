/** Services over TLS that break the rules of HTTP/2, or do nothing: each call ends in time, and its connection goes. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { ManualRuntime } from '../../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../../runtime.ts';
import { Dialer, type DialRequest, type DialResult } from '../../dial/dialer.ts';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../http2/frames.ts';
import { indexed, literal } from '../../http2/hpack/encoder.ts';
import { certificates } from '../../testing/certificates.ts';
import { closePeers, http2Peer, type Peer } from '../../testing/http2-peer.ts';
import { send, until } from '../../testing/services.ts';
import { defaultSenderLimits, HttpSender } from '../http-sender.ts';

const trusted = createSecureContext({ ca: certificates().ca });
after(closePeers);

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
const times = (count: number, frame: Buffer) => Buffer.concat(Array.from({ length: count }, () => frame));

const broken: Readonly<Record<string, Buffer>> = {
  nothing,
  'DATA of no stream': data(0, 10),
  'DATA of a stream that was never begun': data(77, 10),
  'a frame that is too long': data(1, 16_385),
  'CONTINUATION of nothing': frameOf(frameTypes.continuation, endHeaders, 1, ok),
  'a header block that is cut': Buffer.concat([answerHead(1, 0), frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))]),
  'a header block without end': Buffer.concat([
    answerHead(1, 0),
    times(2000, frameOf(frameTypes.continuation, 0, 1, literal('x', 'v'.repeat(500)))),
  ]),
  'headers of no table': frameOf(frameTypes.headers, endHeaders, 1, Buffer.of(0xff, 0x7f)),
  'no status': frameOf(frameTypes.headers, endHeaders, 1, literal('a', 'b')),
  'a push': frameOf(frameTypes.pushPromise, endHeaders, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), ok])),
  'a window that grows by nothing': numberFrame(frameTypes.windowUpdate, 0, 0),
  'a window that is too large': numberFrame(frameTypes.windowUpdate, 0, 2 ** 31 - 1),
  'settings of a wrong length': frameOf(frameTypes.settings, 0, 0, Buffer.alloc(5)),
  'settings again and again': times(20_000, settingsFrame([[4, 65_535]])),
  'pings again and again': times(20_000, frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))),
  'DATA of nothing again and again': Buffer.concat([answerHead(1), times(20_000, data(1, 0))]),
  'a body that stands still': Buffer.concat([answerHead(1), data(1, 100)]),
  'a reset': numberFrame(frameTypes.resetStream, 1, 8),
  'what is not HTTP/2': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(100)),
  'GOAWAY that takes back more and more': Buffer.concat([goAway(2 ** 31 - 1), goAway(1), goAway(0, 2)]),
  'GOAWAY with more': Buffer.concat([goAway(0), goAway(2 ** 31 - 1)]),
};

const opened = settingsFrame([]);
const whole = Buffer.concat([answerHead(1), data(1, 2, endStream)]);
const peers: Readonly<Record<string, Peer>> = {
  ...Object.fromEntries(
    Object.entries(broken).flatMap(([what, bytes]) => [
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

test('a peer that breaks the rules, goes away or does nothing keeps no connection', async () => {
  const dialer = new Dialer({ upkeep: systemRuntime, trust: () => trusted });
  const dialed = new Map<number, Socket[]>();
  const watched = {
    dial: (request: DialRequest, done: (result: DialResult) => void) =>
      dialer.dial(request, (result) => {
        if ('ok' in result) dialed.set(request.port, [...(dialed.get(request.port) ?? []), result.ok.socket]);
        done(result);
      }),
  };
  // No time passes for the calls until each peer has had its say, however busy the machine is.
  const runtime = new ManualRuntime();
  const own = new HttpSender({
    runtime,
    upkeep: systemRuntime,
    dialer: watched as Dialer,
    limits: { ...defaultSenderLimits, idleMs: 500 },
    version: '1',
  });
  const ports = new Map<number, string>();
  const silent = new Set(Object.keys(peers));
  const calls = Object.entries(peers).map(async ([what, one]) => {
    const port = await http2Peer(one, () => silent.delete(what));
    ports.set(port, what);
    const url = `https://127.0.0.1:${port}`;
    // The body is more than the windows let through.
    return Promise.all(['', 'x'.repeat(200_000)].map((payload) => send(url, { timeoutMs: 3000, payload }, own)));
  });
  await until(() => silent.size === 0).catch(() => undefined);
  assert.deepEqual([...silent], [], 'all were called');
  await runtime.advance(3000);
  await Promise.all(calls);
  await own.close();
  const left = () =>
    [...dialed].filter(([, sockets]) => sockets.some(({ destroyed }) => !destroyed)).map(([port]) => ports.get(port));
  await until(() => left().length === 0).catch(() => undefined);
  assert.deepEqual(left(), []);
});
