/** What becomes of answers over HTTP/2, frame by frame. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { systemRuntime } from '../../../runtime.ts';
import { Dialer } from '../../dial/dialer.ts';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../http2/frames.ts';
import { indexed, literal } from '../../http2/hpack/encoder.ts';
import { certificates } from '../../testing/certificates.ts';
import { closePeers, http2Peer } from '../../testing/http2-peer.ts';
import { messageOf, send } from '../../testing/services.ts';
import { defaultSenderLimits, HttpSender } from '../http-sender.ts';

const trusted = createSecureContext({ ca: certificates().ca });
const sender = new HttpSender({
  runtime: systemRuntime,
  upkeep: systemRuntime,
  dialer: new Dialer({ upkeep: systemRuntime, trust: () => trusted }),
  limits: { ...defaultSenderLimits, answerHeaderBytes: 2000, answerBytes: 200_000 },
  version: '1',
});
after(async () => {
  await sender.close();
  closePeers();
});

const { endHeaders, endStream, padded } = flags;
const ok = indexed(8);
const failure = '{"dtm_result":"FAILURE"}';
const heads = (flag: number, ...block: Buffer[]) =>
  frameOf(frameTypes.headers, flag | endHeaders, 1, Buffer.concat(block));
const data = (text: string | Buffer, flag = 0) => frameOf(frameTypes.data, flag, 1, Buffer.from(text));
const early = heads(0, literal(':status', '103'), literal('link', 'x'.repeat(100)));
const unread = 'the answer cannot be read: ';

/** Frames of an answer, and what is said of it; a failure where it is read to its end. */
const answers: Readonly<Record<string, readonly [message: string | RegExp, ...frames: Buffer[]]>> = {
  'in one frame': [failure, heads(0, ok), data(failure, endStream)],
  'of a known length': [failure, heads(0, ok, literal('content-length', '24')), data(failure, endStream)],
  'the same length twice': [
    failure,
    heads(0, ok, literal('content-length', '24'), literal('content-length', '24')),
    data(failure, endStream),
  ],
  'in many frames, with an empty one at the end': [
    failure,
    heads(0, ok),
    ...[...failure].map((letter) => data(letter)),
    data('', endStream),
  ],
  'with padding': [
    failure,
    heads(0, ok),
    data(Buffer.concat([Buffer.of(9), Buffer.from(failure), Buffer.alloc(9)]), padded | endStream),
  ],
  'with more padding than a window': [
    failure,
    heads(0, ok),
    ...Array.from({ length: 700 }, () => data(Buffer.concat([Buffer.of(199), Buffer.alloc(199)]), padded)),
    data(failure, endStream),
  ],
  'with trailers': [failure, heads(0, ok), data(failure), heads(endStream, literal('x-checksum', '1'))],
  'behind 1xx': [failure, early, early, heads(0, ok), data(failure, endStream)],
  'with frames that nobody knows': [
    failure,
    frameOf(99, 0xff, 1, Buffer.from('what')),
    heads(0, ok),
    frameOf(frameTypes.priority, 0, 1, Buffer.alloc(5)),
    data(failure, endStream),
  ],
  'behind a reset of something else': [failure, heads(0, ok), data(failure, endStream), numberFrame(3, 1, 0)],
  'with more padding than bytes': [/DATA with more padding than bytes$/, heads(0, ok), data(Buffer.of(9, 1), padded)],
  'that is longer than it says': [
    `${unread}its body is longer than it says`,
    heads(0, ok, literal('content-length', '2')),
    data(failure, endStream),
  ],
  'that is shorter than it says': [
    `${unread}its body is shorter than it says`,
    heads(0, ok, literal('content-length', '99')),
    data(failure, endStream),
  ],
  'a 204 with a body': [`${unread}its body is longer than it says`, heads(0, indexed(9)), data(failure, endStream)],
  'with two lengths': [
    `${unread}it has two different Content-Length`,
    heads(0, ok, literal('content-length', '24'), literal('content-length', '25')),
    data(failure, endStream),
  ],
  'with a length that is none': [
    `${unread}its Content-Length is not a number`,
    heads(0, ok, literal('content-length', '+24')),
    data(failure, endStream),
  ],
  'without a status': [`${unread}its status is not that of an answer`, heads(endStream, literal('a', 'b'))],
  'with 1xx alone': [`${unread}its status is not that of an answer`, heads(endStream, literal(':status', '103'))],
  'with a line break in a header': [
    `${unread}a header has a control character`,
    heads(endStream, literal(':status', '307'), literal('location', '/a\r\nb: c')),
  ],
  'with long headers': [
    `${unread}the headers of the answer take more than 2000 bytes`,
    heads(endStream, ok, literal('a', 'b'.repeat(2000))),
  ],
  'behind 1xx again and again': [
    `${unread}the headers of the answer take more than 2000 bytes`,
    ...Array.from({ length: 20 }, () => early),
    heads(0, ok),
    data(failure, endStream),
  ],
  'that is reset without an error': [
    /the service ended the call without an answer$/,
    heads(0, ok),
    data(failure),
    numberFrame(3, 1, 0),
  ],
  'that is cut by a reset': [
    /the service reset the call \(CANCEL\)$/,
    heads(0, ok),
    data(failure),
    numberFrame(3, 1, 8),
  ],
  'that is too long': [
    /^the answer is longer than 200000 bytes and was not read to its end/,
    heads(0, ok, literal('content-length', '300000')),
    ...Array.from({ length: 13 }, () => data('x'.repeat(16_384))),
  ],
};

for (const [what, [message, ...frames]] of Object.entries(answers)) {
  test(`an answer ${what}`, async () => {
    const port = await http2Peer({ first: settingsFrame([]), second: Buffer.concat(frames) });
    const answer = await send(`https://127.0.0.1:${port}`, { payload: '{}', timeoutMs: 3000 }, sender);
    if (message === failure) assert.deepEqual([answer.outcome.kind, answer.health], ['failure', 'ok']);
    else if (typeof message === 'string') assert.equal(messageOf(answer), message);
    else assert.match(messageOf(answer), message);
  });
}
