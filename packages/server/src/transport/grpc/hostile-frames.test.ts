/** Clients that break the rules of HTTP/2: their connection ends, others are served, and nothing of them stays. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { until } from '../../../../../test/lib/until.ts';
import { flags, frameOf, frameTypes, numberFrame, preface, settingsFrame } from '../../caller/http2/frames.ts';
import { indexed, literal } from '../../caller/http2/hpack/encoder.ts';
import { encode } from './protobuf.ts';
import { dtmRequest } from './schema.ts';
import { close, start } from './testing.ts';

after(close);

const { endHeaders, endStream, padded } = flags;
const begun = Buffer.concat([preface, settingsFrame([])]);
const head = Buffer.concat([
  indexed(3),
  indexed(6),
  literal(':path', '/dtmgimp.Dtm/Submit'),
  literal(':authority', 'h'),
  literal('content-type', 'application/grpc'),
  literal('te', 'trailers'),
]);
const submit = encode(dtmRequest, { Gid: 'g', TransType: 'tcc' });
const message = Buffer.concat([Buffer.of(0, 0, 0, 0, submit.length), submit]);
const headers = (id: number, flag: number = endHeaders) => frameOf(frameTypes.headers, flag, id, head);
const times = (count: number, frame: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => frame(index)));

/** What is sent behind the preface and the settings. */
const attacks: Readonly<Record<string, Buffer>> = {
  'DATA of no stream': frameOf(frameTypes.data, 0, 0, Buffer.alloc(10)),
  'DATA of a stream that was never begun': frameOf(frameTypes.data, 0, 7, Buffer.alloc(10)),
  'DATA behind the end': Buffer.concat([headers(1, endHeaders | endStream), frameOf(frameTypes.data, 0, 1, message)]),
  'DATA that is padded with more than there is': Buffer.concat([
    headers(1),
    frameOf(frameTypes.data, padded, 1, Buffer.of(9, 1)),
  ]),
  'a stream of the server’s': headers(2),
  'streams that go back': Buffer.concat([headers(5), headers(3)]),
  'a frame that is too long': frameOf(frameTypes.data, 0, 1, Buffer.alloc(16_385)),
  'CONTINUATION of nothing': frameOf(frameTypes.continuation, endHeaders, 1, head),
  'a header block that is cut': Buffer.concat([headers(1, 0), frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))]),
  'a header block without end': Buffer.concat([
    headers(1, 0),
    times(2000, () => frameOf(frameTypes.continuation, 0, 1, literal('x', 'v'.repeat(500)))),
  ]),
  'headers of no table': frameOf(frameTypes.headers, endHeaders, 1, Buffer.of(0xff, 0x7f)),
  'no pseudo-headers': frameOf(frameTypes.headers, endHeaders, 1, literal('a', 'b')),
  'a name in upper case': frameOf(frameTypes.headers, endHeaders, 1, Buffer.concat([head, literal('X-A', 'b')])),
  'a line break in a value': frameOf(frameTypes.headers, endHeaders, 1, Buffer.concat([head, literal('x', 'a\r\nb')])),
  'settings of a wrong length': frameOf(frameTypes.settings, 0, 0, Buffer.alloc(5)),
  'a ping of a wrong length': frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7)),
  'a window that grows by nothing': numberFrame(frameTypes.windowUpdate, 0, 0),
  'a window that is too large': numberFrame(frameTypes.windowUpdate, 0, 2 ** 31 - 1),
  'a push': frameOf(frameTypes.pushPromise, endHeaders, 1, Buffer.concat([Buffer.alloc(4), head])),
  'streams that are begun and reset': times(5000, (index) =>
    Buffer.concat([headers(2 * index + 1), numberFrame(frameTypes.resetStream, 2 * index + 1, 8)]),
  ),
  'settings again and again': times(20_000, () => settingsFrame([[4, 65_535]])),
  'pings again and again': times(20_000, () => frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))),
  'DATA of nothing again and again': Buffer.concat([
    headers(1),
    times(20_000, () => frameOf(frameTypes.data, 0, 1, Buffer.alloc(0))),
  ]),
};

test('whoever breaks the rules of HTTP/2 is cut off or answered, and others are served meanwhile', async () => {
  const { number, server, coordinator, address, observed } = await start();
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const asIs = (bytes: Buffer) => bytes;
  const served = () =>
    new Promise((resolve) =>
      client.makeUnaryRequest('/dtmgimp.Dtm/Submit', asIs, asIs, submit, (error) => resolve(error)),
    );
  for (const [what, bytes] of Object.entries(attacks)) {
    const socket = connectTcp(number, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    // Answers are not read: they must not pile up.
    socket.write(begun);
    socket.write(bytes);
    assert.equal(await served(), null, what);
    socket.destroy();
  }
  client.close();
  await until('nothing of them is held', () => server.receivingBytes === 0);
  assert.equal(coordinator.asked.length, Object.keys(attacks).length, 'nothing of theirs was asked');
  assert.deepEqual(
    observed.filter((line) => line.startsWith('broke')),
    [],
  );
});

test('a client that says that it goes and then breaks the rules is let go', async () => {
  const { number } = await start({ keepAliveMs: 50, keepAliveTimeoutMs: 60_000 });
  const socket = connectTcp({ port: number, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  const closed = once(socket, 'close');
  const goAway = frameOf(frameTypes.goaway, 0, 0, Buffer.alloc(8));
  socket.end(Buffer.concat([begun, headers(1), goAway, frameOf(frameTypes.data, 0, 0, message)]));
  await closed;
});

test('a request in frames of every kind is taken: padded, with priority, its head and message in pieces', async () => {
  const { number, coordinator } = await start();
  const socket = connectTcp(number, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.write(begun);
  socket.write(
    Buffer.concat([
      frameOf(frameTypes.headers, 0, 1, head.subarray(0, 9)),
      frameOf(frameTypes.continuation, endHeaders, 1, head.subarray(9)),
      frameOf(frameTypes.data, padded, 1, Buffer.concat([Buffer.of(3), message.subarray(0, 4), Buffer.alloc(3)])),
      frameOf(0x42, 0, 1, Buffer.alloc(20)),
      frameOf(frameTypes.data, 0, 1, message.subarray(4)),
      frameOf(frameTypes.data, endStream, 1, Buffer.alloc(0)),
    ]),
  );
  await until('it was asked', () => coordinator.asked.length === 1);
  socket.destroy();
});
