/**
 * Header blocks of HTTP/2 as another encoder packs them (nghttp2, by node:http2: Huffman codes, a table of its own), and
 * mutated ones. What was sent is read as it was; all else is refused, and the same in any frames.
 */
import assert from 'node:assert/strict';
import http2, { type OutgoingHttpHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { FrameReader, Http2Error } from '../../packages/server/src/caller/http2/frame-reader.ts';
import { flags, frameOf, frameTypes, preface, settingsFrame } from '../../packages/server/src/caller/http2/frames.ts';
import { HeaderBlocks } from '../../packages/server/src/caller/http2/header-blocks.ts';
import { HpackDecoder, HpackError } from '../../packages/server/src/caller/http2/hpack/decoder.ts';
import { indexed, literal } from '../../packages/server/src/caller/http2/hpack/encoder.ts';
import { Random } from '../lib/random.ts';
import { fuzz } from './slice.ts';

const request = Buffer.concat([indexed(2), indexed(6), literal(':path', '/'), literal(':authority', 'service')]);
const { endHeaders, endStream } = flags;

type Header = readonly [name: string, value: string];

function headersOf(random: Random): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':status': random.chance(0.5) ? 200 : random.whole(201, 599), date: 'today' };
  for (let count = random.whole(0, 6); count > 0; count -= 1) {
    // Few names and values, so that the table has them; long ones, so that it forgets some.
    const length = random.chance(0.1) ? random.whole(100, 3000) : random.whole(0, 6);
    const from = random.whole(33, 120);
    const value = Array.from({ length }, (_, at) => String.fromCharCode(33 + ((from + at * random.whole(0, 3)) % 94)));
    headers[`x-${random.whole(0, 9)}`] = random.chance(0.5) ? `v${random.whole(0, 3)}` : value.join('');
  }
  return headers;
}

/** The blocks of a connection on which a service answers with these headers. */
function blocksOf(all: readonly OutgoingHttpHeaders[], tableBytes: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const blocks: Buffer[] = [];
    const parts: Buffer[] = [];
    const frames = new FrameReader({
      data: () => undefined,
      dataBytes: () => undefined,
      dataEnd: () => undefined,
      frame: (type, flag, _id, payload) => {
        if (type !== frameTypes.headers && type !== frameTypes.continuation) return;
        parts.push(Buffer.from(payload));
        if ((flag & endHeaders) === 0) return;
        blocks.push(Buffer.concat(parts.splice(0)));
        if (blocks.length === all.length) {
          session.destroy();
          resolve(blocks);
        }
      },
    });
    const socket = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        frames.push(chunk);
        done();
      },
    });
    const session = http2.performServerHandshake(socket);
    session.on('error', reject);
    let answered = 0;
    session.on('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.respond(all[answered], { endStream: true });
      answered += 1;
    });
    socket.push(Buffer.concat([preface, settingsFrame([[1, tableBytes]])]));
    for (const index of all.keys()) {
      socket.push(frameOf(frameTypes.headers, endHeaders | endStream, 2 * index + 1, request));
    }
  });
}

/** The headers of each block, in their order; a text: why one was refused. */
function decoded(blocks: readonly Buffer[]): (Header[] | string)[] {
  const decoder = new HpackDecoder();
  const read: (Header[] | string)[] = [];
  try {
    for (const block of blocks) {
      const headers: Header[] = [];
      decoder.decode(block, (name, value) => headers.push([name, value]));
      read.push(headers);
    }
  } catch (error) {
    assert.ok(error instanceof HpackError, String(error));
    read.push(error.message);
  }
  return read;
}

/** What comes of it in frames. */
function framed(block: Buffer, at: number): unknown {
  const blocks = new HeaderBlocks(100_000);
  try {
    if (at === 0) return blocks.begin(endHeaders, 1, block);
    blocks.begin(0, 1, block.subarray(0, at));
    return blocks.go(endHeaders, 1, block.subarray(at));
  } catch (error) {
    assert.ok(error instanceof HpackError || error instanceof Http2Error, String(error));
    return error.message;
  }
}

test('header blocks are read as another encoder meant them, and mutated ones break nothing', () =>
  fuzz('header blocks', async (seed) => {
    const random = new Random(seed);
    const all = Array.from({ length: random.whole(1, 8) }, () => headersOf(random));
    const blocks = await blocksOf(all, random.chance(0.5) ? 4096 : random.whole(0, 4096));
    const sent = all.map((headers) => Object.entries(headers).map(([name, value]) => [name, String(value)]));
    assert.deepEqual(decoded(blocks), sent);
    for (let round = 0; round < 20; round += 1) {
      const mutated = blocks.map((block) => mutatedOf(block, random));
      assert.deepEqual(decoded(mutated), decoded(mutated));
      const [first = Buffer.alloc(0)] = mutated;
      assert.deepEqual(framed(first, random.whole(0, first.length)), framed(first, 0));
    }
  }));

function mutatedOf(block: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(block);
  for (let left = random.whole(0, 2); left > 0; left -= 1) {
    bytes[random.whole(0, bytes.length - 1)] = random.chance(0.3) ? 0xff : random.whole(0, 255);
  }
  return random.chance(0.2) ? bytes.subarray(0, random.whole(0, bytes.length)) : bytes;
}
