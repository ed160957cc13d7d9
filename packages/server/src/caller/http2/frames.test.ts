/** Frames and header blocks as they come from a connection: cut anywhere, and mutated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader, Http2Error } from './frame-reader.ts';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from './frames.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { HpackError } from './hpack/decoder.ts';
import { indexed, literal } from './hpack/encoder.ts';

const { endHeaders, endStream, padded, priority } = flags;
const block = Buffer.concat([indexed(8), literal('content-type', 'application/grpc'), literal('grpc-status', '0')]);
const transcript = Buffer.concat([
  settingsFrame([[3, 100]]),
  frameOf(frameTypes.headers, endHeaders, 1, block),
  frameOf(frameTypes.data, 0, 1, Buffer.from('a body of'.repeat(30))),
  frameOf(frameTypes.data, padded, 1, Buffer.from('\x03 some\0\0\0')),
  frameOf(frameTypes.data, padded, 1, Buffer.of(0)),
  frameOf(frameTypes.data, 0, 1, Buffer.alloc(0)),
  frameOf(frameTypes.ping, 0, 0, Buffer.from('12345678')),
  frameOf(
    frameTypes.headers,
    padded | priority | endHeaders,
    3,
    Buffer.concat([Buffer.of(4, 0, 0, 0, 0, 9), block, Buffer.alloc(4)]),
  ),
  frameOf(frameTypes.headers, endStream, 1, block.subarray(0, 5)),
  frameOf(frameTypes.continuation, 0, 1, block.subarray(5, 20)),
  frameOf(frameTypes.continuation, endHeaders, 1, block.subarray(20)),
  numberFrame(frameTypes.windowUpdate, 0, 1000),
]);

/** What is understood, and the end of it where it is refused. */
function read(...pieces: Buffer[]): string[] {
  const seen: string[] = [];
  let body = '';
  const blocks = new HeaderBlocks(1000);
  const reader = new FrameReader({
    data: (flag, id, length, padding) => seen.push(`data ${flag} ${id} ${length} ${padding}`),
    dataBytes: (bytes, from, to) => {
      assert.ok(to > from);
      body += bytes.toString('latin1', from, to);
    },
    dataEnd: () => {
      seen.push(`body ${body}`);
      body = '';
    },
    frame: (type, flag, id, payload) => {
      if (type === frameTypes.headers) seen.push(JSON.stringify(blocks.begin(flag, id, payload) ?? 'begun'));
      else if (type === frameTypes.continuation) seen.push(JSON.stringify(blocks.go(flag, id, payload) ?? 'goes on'));
      else seen.push(`${type} ${flag} ${id} ${payload.toString('hex')}`);
    },
  });
  try {
    for (const piece of pieces) reader.push(piece);
  } catch (error) {
    if (!(error instanceof Http2Error) && !(error instanceof HpackError)) throw error;
    seen.push(error.message);
  }
  seen.push(`begun: ${body}`);
  return seen;
}

test('frames are the same however their bytes are cut', () => {
  const whole = read(transcript);
  assert.equal(whole.length, 17);
  assert.deepEqual(
    whole.filter((line) => line.startsWith('body')),
    [`body ${'a body of'.repeat(30)}`, 'body  some', 'body ', 'body '],
  );
  assert.equal(whole.filter((line) => line.includes('"grpcStatus":"0"')).length, 3);
  for (let at = 0; at <= transcript.length; at += 1) {
    assert.deepEqual(read(transcript.subarray(0, at), transcript.subarray(at)), whole, `cut at ${at}`);
  }
  assert.deepEqual(read(...[...transcript].map((byte) => Buffer.of(byte))), whole);
});

test('mutated bytes are read or refused the same way whole and in pieces, and break nothing', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Buffer.from(transcript);
    for (let change = random(4); change >= 0; change -= 1) bytes[random(bytes.length)] = random(256);
    const at = random(bytes.length);
    assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), read(bytes), `round ${round}`);
  }
});
