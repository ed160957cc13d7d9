/** Services that break the rules of HTTP/2, or only use them in odd ways. */
import assert from 'node:assert/strict';
import { createServer as createNetServer } from 'node:net';
import { test } from 'node:test';
import type { SentAnswer } from '../../engine/ports.ts';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer, type DialRequest, type DialResult } from '../dial/dialer.ts';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../http2/frames.ts';
import { indexed, literal } from '../http2/hpack/encoder.ts';
import { grpcSenderWith, grpcService, reply, sendGrpc } from '../testing/grpc-services.ts';
import { listen, messageOf, until } from '../testing/services.ts';

const { ack, endHeaders, endStream, padded } = flags;
const nothing = Buffer.alloc(0);
const head = Buffer.concat([indexed(8), literal('content-type', 'application/grpc')]);
const ended = literal('grpc-status', '0');
const headFrame = frameOf(frameTypes.headers, endHeaders, 1, head);
const dataFrame = frameOf(frameTypes.data, 0, 1, Buffer.alloc(5));
const endFrame = frameOf(frameTypes.headers, endHeaders | endStream, 1, ended);

/** Says the first before anything is asked, and the second once a call is here. */
async function rawAnswer(greeting: Buffer, answer: Buffer): Promise<SentAnswer> {
  const server = createNetServer((socket) => {
    let isAnswered = false;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (isAnswered || !chunk.includes('dtm-gid')) return;
      isAnswered = true;
      socket.write(answer);
    });
    socket.write(greeting);
  });
  const url = `127.0.0.1:${await listen(server, '127.0.0.1')}/a.B/C`;
  const sender = grpcSenderWith({ answerHeaderBytes: 4096 });
  const sent = await sendGrpc(url, { timeoutMs: 5000 }, sender);
  server.close();
  return sent;
}

const greeting = settingsFrame([[3, 100]]);

test('odd answers that are allowed are read', async () => {
  const long = Buffer.concat([
    head,
    ...Array.from({ length: 40 }, (_, index) => literal(`x-${index}`, 'v'.repeat(20))),
  ]);
  const answers: Record<string, Buffer[]> = {
    plain: [headFrame, dataFrame, endFrame],
    'in trailers alone': [frameOf(frameTypes.headers, endHeaders | endStream, 1, Buffer.concat([head, ended]))],
    padded: [
      headFrame,
      frameOf(frameTypes.data, padded, 1, Buffer.concat([Buffer.of(9), Buffer.alloc(14)])),
      frameOf(
        frameTypes.headers,
        padded | endHeaders | endStream,
        1,
        Buffer.concat([Buffer.of(3), ended, Buffer.alloc(3)]),
      ),
    ],
    'with an interim answer': [
      frameOf(frameTypes.headers, endHeaders, 1, literal(':status', '103')),
      frameOf(frameTypes.headers, endHeaders, 1, literal(':status', '100')),
      headFrame,
      endFrame,
    ],
    'with a block in pieces': [
      frameOf(frameTypes.headers, 0, 1, long.subarray(0, 100)),
      frameOf(frameTypes.continuation, 0, 1, nothing),
      frameOf(frameTypes.continuation, endHeaders, 1, long.subarray(100)),
      endFrame,
    ],
    'with frames that mean nothing': [
      frameOf(0x42, 0xff, 77, Buffer.alloc(100)),
      frameOf(frameTypes.priority, 0, 1, Buffer.alloc(5)),
      headFrame,
      settingsFrame([
        [0x99, 1],
        [4, 1],
        [5, 20_000],
      ]),
      frameOf(frameTypes.settings, ack, 0, nothing),
      frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)),
      numberFrame(frameTypes.windowUpdate, 0, 5),
      endFrame,
    ],
    'with a reset behind it': [headFrame, endFrame, numberFrame(frameTypes.resetStream, 1, 0)],
  };
  for (const [what, frames] of Object.entries(answers)) {
    const sent = await rawAnswer(greeting, Buffer.concat(frames));
    assert.deepEqual([messageOf(sent), sent.outcome.kind], ['', 'success'], what);
  }
});

test('an answer that breaks the rules is an error that says so, and its result is not known', async () => {
  const broken = /^the call was broken off: the service breaks the rules of HTTP\/2: /;
  const answers: Record<string, [answer: Buffer, message?: RegExp]> = {
    'DATA before the headers': [dataFrame],
    'DATA of no stream': [frameOf(frameTypes.data, 0, 0, nothing)],
    'a stream that was never begun': [frameOf(frameTypes.headers, endHeaders, 3, head)],
    'a stream of its own': [frameOf(frameTypes.headers, endHeaders, 2, head)],
    'a frame that is too long': [frameOf(frameTypes.headers, endHeaders, 1, Buffer.alloc(16_385))],
    'a push': [frameOf(frameTypes.pushPromise, endHeaders, 1, Buffer.concat([Buffer.alloc(4), head]))],
    'trailers that are not the end': [Buffer.concat([headFrame, frameOf(frameTypes.headers, endHeaders, 1, ended)])],
    'CONTINUATION of nothing': [frameOf(frameTypes.continuation, endHeaders, 1, head)],
    'a block that is cut': [Buffer.concat([frameOf(frameTypes.headers, 0, 1, head), dataFrame])],
    'padded with more than there is': [frameOf(frameTypes.headers, padded | endHeaders, 1, Buffer.of(9, 0x88))],
    'a reset of a wrong length': [frameOf(frameTypes.resetStream, 0, 1, Buffer.alloc(5))],
    'a ping of a wrong length': [frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7))],
    'a goaway that is too short': [frameOf(frameTypes.goaway, 0, 0, Buffer.alloc(7))],
    'settings of a wrong length': [frameOf(frameTypes.settings, 0, 0, Buffer.alloc(7))],
    'a window that grows by nothing': [numberFrame(frameTypes.windowUpdate, 0, 0)],
    'a window that is too large': [numberFrame(frameTypes.windowUpdate, 0, 2 ** 31 - 1)],
    'first windows that are too large': [settingsFrame([[4, 2 ** 31]])],
    'frames that are too small': [settingsFrame([[5, 100]])],
    'a header of no table': [frameOf(frameTypes.headers, endHeaders, 1, Buffer.of(0xff, 0x7f))],
    'no Huffman code': [frameOf(frameTypes.headers, endHeaders, 1, Buffer.of(0x40, 0x81, 0x18, 0))],
    'a block without end': [
      Buffer.concat([
        frameOf(frameTypes.headers, 0, 1, head),
        ...Array.from({ length: 100 }, () => frameOf(frameTypes.continuation, 0, 1, nothing)),
      ]),
    ],
    'more headers than are read': [
      frameOf(frameTypes.headers, endHeaders, 1, Buffer.concat([head, literal('x', 'v'.repeat(5000))])),
      /^the call was broken off: the headers of the answer take more than 4096 bytes$/,
    ],
    'a reset': [
      Buffer.concat([headFrame, numberFrame(frameTypes.resetStream, 1, 2)]),
      /^the service reset the call \(INTERNAL_ERROR\)$/,
    ],
    'no status': [
      Buffer.concat([headFrame, frameOf(frameTypes.data, endStream, 1, Buffer.alloc(5))]),
      /^the answer ended without a gRPC status$/,
    ],
  };
  for (const [what, [answer, message = broken]] of Object.entries(answers)) {
    const sent = await rawAnswer(greeting, answer);
    assert.match(messageOf(sent), message, what);
    assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'unavailable'], what);
  }
});

test('who does not begin with HTTP/2 was surely not called', async () => {
  const greetings = [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    Buffer.from('220 mail.example.com ESMTP\r\n'),
    frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)),
    frameOf(frameTypes.settings, 0, 1, nothing),
  ];
  for (const bytes of greetings) {
    const sent = await rawAnswer(bytes, nothing);
    assert.equal(messageOf(sent), 'cannot connect: the service does not speak HTTP/2, which gRPC needs');
    assert.equal(sent.health, 'connect');
  }
});

test('headers that another HPACK encoder compresses are read as they were, call after call', async () => {
  const texts = ['no money', 'a=b; c="d"', 'ABCxyz0189/?&%25', '~!@#$^*()_+|', 'x'.repeat(300), 'Zürich'];
  let count = 0;
  const { url } = await grpcService((call) => {
    count += 1;
    const more: Record<string, string> = {};
    for (let index = 0; index < count % 9; index += 1)
      more[`x-${count % 7}-${index}`] = `${count * index} ${texts[index % 5]}`;
    const message = encodeURIComponent(`${texts[count % texts.length]} ${count % 40}`);
    reply(call, { trailers: { ...more, 'grpc-status': '13', 'grpc-message': message } });
  });
  for (let call = 1; call <= 300; call += 1) {
    const expected = `gRPC 13 INTERNAL: ${texts[call % texts.length]} ${call % 40}`;
    assert.equal(messageOf(await sendGrpc(url)), expected);
  }
});

test('a body goes out as the service takes it, also where it changes how much that is', async () => {
  const { url, seen, server } = await grpcService(reply, { settings: { initialWindowSize: 10 } });
  server.on('session', (session) => {
    session.on('stream', (stream) => {
      if (stream.id === 3) session.settings({ initialWindowSize: 100_000 });
    });
  });
  const payload = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
  const sender = grpcSenderWith();
  for (let call = 0; call < 3; call += 1) {
    assert.equal(messageOf(await sendGrpc(url, { payload }, sender)), '');
    assert.ok(seen[call]?.body.subarray(5).equals(payload), `call ${call}`);
  }
});

test('a service that reads no more and breaks the rules does not keep its connection', async () => {
  let taken = 0;
  const server = createNetServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (!chunk.includes('dtm-gid')) return;
      socket.pause();
      socket.write(frameOf(frameTypes.headers, endHeaders, 3, head));
    });
    socket.write(Buffer.concat([settingsFrame([[4, 2 ** 31 - 1]]), numberFrame(frameTypes.windowUpdate, 0, 2 ** 30)]));
  });
  const upkeep = new ManualRuntime();
  const dialer = new Dialer({ upkeep: systemRuntime });
  const watched = {
    dial: (request: DialRequest, done: (result: DialResult) => void) =>
      dialer.dial(request, (result) => {
        taken += 1;
        if ('ok' in result) result.ok.socket.on('close', () => (taken -= 1));
        done(result);
      }),
  };
  const sender = grpcSenderWith({}, { upkeep, dialer: watched as Dialer });
  const url = `127.0.0.1:${await listen(server, '127.0.0.1')}/a.B/C`;
  const sent = await sendGrpc(url, { payload: 'x'.repeat(16 * 1024 * 1024) }, sender);
  assert.match(messageOf(sent), /^the call was broken off: the service breaks the rules of HTTP\/2/);
  assert.equal(taken, 1, 'what is still to be written waits a moment');
  await upkeep.advance(1000);
  await until(() => taken === 0);
});
