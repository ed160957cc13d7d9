/** What no gRPC client would send: each gets the code that says whose fault it is, or the sentence that says what this is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { deflateSync, gzipSync } from 'node:zlib';
import { until } from '../../../../../test/lib/until.ts';
import { certificates } from '../../caller/testing/certificates.ts';
import { encode } from './protobuf.ts';
import { dtmRequest } from './schema.ts';
import { close, start } from './testing.ts';

const { ca, certFile, keyFile } = certificates();
after(close);

const submit = encode(dtmRequest, { Gid: 'g', TransType: 'tcc' });
const invalidArgument = 3;
const exhausted = 8;
const unimplemented = 12;

function prefix(flag: number, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = flag;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const framed = (message: Uint8Array, flag = 0) => Buffer.concat([prefix(flag, message.length), message]);

interface Answer {
  readonly status: number | undefined;
  readonly code: number | undefined;
  readonly message: string;
  readonly text: string;
}

/** Sends a body in pieces, each in frames of its own. */
function ask(number: number, pieces: readonly Uint8Array[], more: Record<string, string> = {}): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${number}`);
  session.on('error', () => undefined);
  const headers = { ':method': 'POST', ':path': '/dtmgimp.Dtm/Submit', 'content-type': 'application/grpc', ...more };
  const stream = session.request(headers, { endStream: false });
  let status: number | undefined;
  let code: number | undefined;
  let message = '';
  let text = '';
  const note = (given: Record<string, unknown>) => {
    status ??= Number(given[':status']);
    if (given['grpc-status'] === undefined) return;
    code = Number(given['grpc-status']);
    message = decodeURIComponent(String(given['grpc-message'] ?? ''));
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  stream.on('error', () => undefined);
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return new Promise((resolve) => {
    stream.on('close', () => {
      session.destroy();
      resolve({ status, code, message, text });
    });
  });
}

const gzip = { 'grpc-encoding': 'gzip' };
const packed = gzipSync(submit);

/** [what, body, headers, code, in the text] */
const cases: readonly [string, readonly Uint8Array[], Record<string, string>, number, RegExp][] = [
  ['no message', [], {}, invalidArgument, /^message: must be sent/],
  ['a prefix that is cut', [prefix(0, 9).subarray(0, 3)], {}, invalidArgument, /^message: must be whole/],
  ['a prefix alone', [prefix(0, 9)], {}, invalidArgument, /^message: must be whole/],
  ['half a message', [framed(submit).subarray(0, 7)], {}, invalidArgument, /^message: must be whole/],
  ['two messages', [framed(submit), framed(submit)], {}, invalidArgument, /^message: must be one message/],
  ['two at once', [Buffer.concat([framed(submit), framed(submit)])], {}, invalidArgument, /several/],
  ['a message and a half', [framed(submit), Buffer.from([0, 0])], {}, invalidArgument, /^message: must be/],
  ['an empty one twice', [framed(Buffer.alloc(0)), framed(Buffer.alloc(0))], {}, invalidArgument, /several/],
  ['a flag that is none', [framed(submit, 2)], {}, invalidArgument, /^message: must begin with 0/],
  ['a flag of all ones', [framed(submit, 255)], {}, invalidArgument, /^message: must begin with 0/],
  ['packed, but not said how', [framed(packed, 1)], {}, invalidArgument, /must not be compressed/],
  ['said to be packed, and empty', [prefix(1, 0)], gzip, invalidArgument, /must be compressed as/],
  ['broken gzip', [framed(Buffer.from('not gzip'), 1)], gzip, invalidArgument, /with gzip, and whole/],
  ['cut gzip', [framed(packed.subarray(0, packed.length - 9), 1)], gzip, invalidArgument, /with gzip, and whole/],
  ['gzip said to be deflate', [framed(packed, 1)], { 'grpc-encoding': 'deflate' }, invalidArgument, /with deflate/],
  ['packed twice', [framed(packed, 1), framed(packed, 1)], gzip, invalidArgument, /several/],
  ['one packed, one not', [framed(packed, 1), framed(submit)], gzip, invalidArgument, /several/],
  ['an unknown packing', [framed(submit)], { 'grpc-encoding': 'br' }, unimplemented, /^grpc-encoding: must be/],
  ['a message that is too long', [prefix(0, 5 * 1024 * 1024)], {}, exhausted, /grpc\.messageLimitBytes/],
  ['of four gigabytes', [prefix(0, 2 ** 32 - 1)], {}, exhausted, /grpc\.messageLimitBytes/],
  ['a bomb', [framed(gzipSync(Buffer.alloc(5 * 1024 * 1024)), 1)], gzip, exhausted, /after it is decompressed/],
  ...['soon', '1', '1x', '123456789m', '-1S', '1.5S', '1 S'].map((value): (typeof cases)[number] => [
    `grpc-timeout ${value}`,
    [framed(submit)],
    { 'grpc-timeout': value },
    invalidArgument,
    /^grpc-timeout: must be at most 8 digits/,
  ]),
];

test('a request that is no whole message, or whose head is wrong, is INVALID_ARGUMENT and reaches nobody', async () => {
  const { coordinator, number, observed } = await start();
  for (const [what, body, headers, code, text] of cases) {
    const answer = await ask(number, body, headers);
    assert.deepEqual([answer.status, answer.code], [200, code], `${what}: ${answer.message}`);
    assert.match(answer.message, text, what);
  }
  assert.deepEqual(coordinator.asked, []);
  assert.deepEqual(
    observed.filter((line) => line !== 'grpc submit fail'),
    [],
  );
});

test('a message is taken however its bytes are cut, packed or not, with an empty frame at the end', async () => {
  const { coordinator, number } = await start();
  const whole = framed(submit);
  for (let at = 0; at <= whole.length; at += 1) {
    const { code } = await ask(number, [whole.subarray(0, at), whole.subarray(at), Buffer.alloc(0)]);
    assert.equal(code, 0, `cut at ${at}`);
  }
  assert.equal(
    (
      await ask(
        number,
        [...whole].map((byte) => Buffer.from([byte])),
      )
    ).code,
    0,
  );
  assert.equal((await ask(number, [framed(packed, 1)], gzip)).code, 0);
  assert.equal((await ask(number, [framed(deflateSync(submit), 1)], { 'grpc-encoding': 'deflate' })).code, 0);
  assert.equal((await ask(number, [framed(submit)], { ...gzip, 'grpc-timeout': '99999999H' })).code, 0);
  assert.equal(coordinator.asked.length, whole.length + 5);
});

test('what is HTTP/2 and no gRPC gets a status of HTTP, and a sentence', async () => {
  const { number } = await start();
  const got = await ask(number, [], { ':method': 'GET' });
  assert.deepEqual([got.status, got.code], [405, undefined]);
  assert.match(got.text, /^This port serves gRPC/);
  const json = await ask(number, [Buffer.from('{}')], { 'content-type': 'application/json' });
  assert.deepEqual([json.status, json.code], [415, undefined]);
  assert.match(json.text, /^This port serves gRPC/);
  assert.equal((await ask(number, [framed(submit)], { 'content-type': 'application/grpc-web' })).status, 415);
  const unknown = await ask(number, [framed(submit)], { ':path': '/dtmgimp.Dtm/Query' });
  assert.deepEqual([unknown.code, /no such method/.test(unknown.message)], [unimplemented, true]);
});

/** All that is answered to these bytes until the connection ends. */
function say(number: number, pieces: readonly string[], over?: 'tls'): Promise<string> {
  return new Promise((resolve) => {
    const socket =
      over === 'tls' ? connectTls({ port: number, host: '127.0.0.1', ca }) : connectTcp(number, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    const [first = '', ...rest] = pieces;
    const begun = () => {
      socket.write(first, 'latin1');
      for (const piece of rest) setImmediate(() => socket.write(piece, 'latin1'));
    };
    socket.once(over === 'tls' ? 'secureConnect' : 'connect', begun);
  });
}

test('who speaks HTTP/1.1 here, or TLS to plain text, is told what this port is and where HTTP is', async () => {
  const { number } = await start();
  const sentence =
    /^HTTP\/1\.1 400 Bad Request\r\n(?:.|\s)*gRPC \(HTTP\/2\) in plain text(?:.|\s)* HTTP at http:\/\/127\.0\.0\.1:36789\n$/;
  const asked = ['GET / HTTP/1.1\r\nhost: h\r\n\r\n'];
  assert.match(await say(number, asked), sentence);
  assert.match(await say(number, ['P', 'OST /api/dtmsvr/submit HTTP/1.1\r\n\r\n']), sentence);
  assert.match(await say(number, [`POST / HTTP/1.1\r\n\r\n${'x'.repeat(1_000_000)}`]), sentence);
  assert.match(await say(number, ['\x16\x03\x01\x00\x05hello']), sentence);
  assert.match(await say(number, ['PRI * HTTP/1.1\r\n\r\n']), sentence);
  assert.match(await say(number, ['hello']), sentence);
});

test('over TLS it is said as well: to plain text, and to clients that do not ask for HTTP/2', async () => {
  const { number } = await start({ tls: { certFile, keyFile, clientCaFile: '' } });
  const sentence = /^HTTP\/1\.1 400 Bad Request\r\n(?:.|\s)*gRPC \(HTTP\/2\) over TLS only/;
  assert.match(await say(number, ['GET / HTTP/1.1\r\n\r\n']), sentence);
  assert.match(await say(number, ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']), sentence);
  assert.match(await say(number, ['GET / HTTP/1.1\r\n\r\n'], 'tls'), sentence);
});

test('a connection that says nothing is closed after the time for a request; the preface may come in pieces', async () => {
  const { number } = await start({ requestTimeoutMs: 100 });
  assert.equal(await say(number, ['']), '');
  assert.equal(await say(number, ['PRI * HT']), '');
  const socket = connectTcp(number, '127.0.0.1');
  for (const piece of ['PRI * HT', 'TP/2.0\r\n\r\nSM\r\n\r\n']) socket.write(piece, 'latin1');
  const [settings]: Buffer[] = await once(socket, 'data');
  assert.equal(settings?.[3], 4, 'the frame of its settings comes first');
  socket.destroy();
});

test('accepted connections have TCP keep-alive', { skip: process.platform !== 'linux' }, async () => {
  const { number } = await start();
  const socket = connectTcp(number, '127.0.0.1');
  const port = number.toString(16).toUpperCase().padStart(4, '0');
  // The column of the timer: 02 is that of keep-alive.
  const hasTimer = () =>
    new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 \\S+ 02:`, 'm').test(readFileSync('/proc/net/tcp', 'latin1'));
  await until('it has one', hasTimer);
  socket.destroy();
});
