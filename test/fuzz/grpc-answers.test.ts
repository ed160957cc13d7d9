/**
 * Answers of gRPC services that are nearly right, on an HTTP/2 of our own: whatever comes, each call ends once, nothing is
 * thrown, and the same bytes mean the same however they are cut.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { AnswerHead } from '../../packages/server/src/caller/http2/answer-head.ts';
import {
  flags,
  frameOf,
  frameTypes,
  numberFrame,
  settingsFrame,
} from '../../packages/server/src/caller/http2/frames.ts';
import { indexed, literal } from '../../packages/server/src/caller/http2/hpack/encoder.ts';
import { Incoming } from '../../packages/server/src/caller/http2/incoming.ts';
import { Http2Session } from '../../packages/server/src/caller/http2/session.ts';
import { Random } from '../lib/random.ts';
import { fuzz } from './slice.ts';

const { ack, endHeaders, endStream, padded, priority } = flags;
const head = Buffer.concat([indexed(8), literal('content-type', 'application/grpc')]);
const ended = literal('grpc-status', '0');
const huffman = Buffer.from('488264025885aec3771a4b6196d07abe', 'hex');

/** Frames of an answer to one of the calls 1, 3 and 5. */
function frames(random: Random): Buffer[] {
  const id = 2 * random.whole(0, 2) + 1;
  return [
    settingsFrame([[random.whole(0, 8), random.whole(0, 2 ** 31)]]),
    frameOf(frameTypes.settings, ack, 0, Buffer.alloc(0)),
    frameOf(frameTypes.headers, endHeaders, id, random.whole(0, 3) === 0 ? huffman : head),
    frameOf(frameTypes.headers, 0, id, head.subarray(0, 7)),
    frameOf(frameTypes.continuation, endHeaders, id, head.subarray(7)),
    frameOf(
      frameTypes.headers,
      endHeaders | padded | priority,
      id,
      Buffer.concat([Buffer.of(2, 0, 0, 0, 0, 1), head, Buffer.alloc(2)]),
    ),
    frameOf(frameTypes.data, 0, id, Buffer.alloc(random.whole(0, 50))),
    frameOf(frameTypes.data, endStream, id, Buffer.alloc(5)),
    frameOf(frameTypes.headers, endHeaders | endStream, id, ended),
    frameOf(frameTypes.headers, endHeaders | endStream, id, Buffer.concat([head, ended])),
    frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)),
    frameOf(frameTypes.ping, ack, 0, Buffer.alloc(8)),
    numberFrame(frameTypes.windowUpdate, random.whole(0, 1) * id, random.whole(0, 2 ** 31)),
    numberFrame(frameTypes.resetStream, id, random.whole(0, 13)),
    frameOf(frameTypes.goaway, 0, 0, Buffer.from(`0000000${random.whole(0, 5)}0000000${random.whole(0, 9)}`, 'hex')),
  ];
}

/** What three calls are told, and the connection, when the service says this. */
function told(pieces: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const incoming = new Incoming();
  const session = new Http2Session(
    Object.assign(socket, { destroySoon: () => socket.destroy() }) as unknown as Socket,
    incoming,
    { streamWindowBytes: 16_484, answerHeaderBytes: 500, foreignWords: 'not HTTP/2' },
    {
      settings: (most) => lines.push(`settings ${most}`),
      goaway: (code, lastId) => lines.push(`goaway ${code} ${lastId}`),
      ended: (why) => lines.push(`ended ${why?.message}`),
    },
  );
  for (const call of ['a', 'b', 'c']) {
    let isClosed = false;
    let unsaidBytes = 0;
    const say = (what: string, more: unknown) => {
      assert.equal(isClosed, false, 'it was closed');
      if (unsaidBytes > 0) lines.push(`${call} data ${unsaidBytes}`);
      unsaidBytes = 0;
      lines.push(`${call} ${what} ${JSON.stringify(more)}`);
    };
    session.request(literal('x', call), Buffer.alloc(30_000), {
      bodySent: () => undefined,
      answerHead: (given: AnswerHead, isLast) => say('head', [given, isLast]),
      answerData: (_bytes, from, to) => {
        assert.equal(isClosed, false, 'it was closed');
        unsaidBytes += to - from;
      },
      answerTrailers: (given: AnswerHead) => say('trailers', given),
      streamClosed: (end) => {
        say('closed', end);
        isClosed = true;
      },
    });
  }
  session.ping(() => lines.push('pong'));
  for (const piece of pieces) {
    piece.copy(incoming.buffer);
    incoming.callback(piece.length);
  }
  session.destroy('the end');
  assert.equal(lines.filter((line) => / closed /.test(line)).length, 3, 'each call ends once');
  return lines;
}

test('answers that are nearly right end each call once, however they are cut', async () => {
  await fuzz('answers over gRPC', (seed) => {
    const random = new Random(seed);
    const parts = [settingsFrame([[3, 100]])];
    for (let count = random.whole(1, 12); count > 0; count -= 1) {
      const all = frames(random);
      parts.push(all[random.whole(0, all.length - 1)] ?? Buffer.alloc(0));
    }
    const bytes = Buffer.concat(parts);
    for (let changes = random.whole(0, 3); changes > 0; changes -= 1) {
      bytes[random.whole(0, bytes.length - 1)] = random.whole(0, 255);
    }
    const whole = told([bytes]);
    const at = random.whole(0, bytes.length);
    assert.deepEqual(told([bytes.subarray(0, at), bytes.subarray(at)]), whole);
  });
});
