/** The gRPC server on a coordinator that records what it is asked: errors, limits, and clients that behave badly. */
import assert from 'node:assert/strict';
import { type ClientHttp2Session, type ClientSessionOptions, connect, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client, credentials, type Metadata, Metadata as NewMetadata, type ServiceError } from '@grpc/grpc-js';
import { type ErrorCode, errorCatalogue, HoldfastError } from '@holdfast/core';
import { until } from '../../../../../test/lib/until.ts';
import { certificates } from '../../caller/testing/certificates.ts';
import { serverIdentity } from '../../tls/server-identity.ts';
import { arrayBytesInUse, type RecordingCoordinator, shown } from '../http/testing.ts';
import { encode } from './protobuf.ts';
import { branchRequest, dtmRequest } from './schema.ts';
import { close, closers, start } from './testing.ts';

const mib = 1024 * 1024;

/** Made before the tests, and removed after all of them. */
const { ca, caFile, cert, certFile, key, keyFile } = certificates();

after(close);

interface Answered {
  readonly code: number;
  readonly details: string;
  readonly trailers: Metadata;
  readonly bytes: Buffer;
}

function clientOf(address: string, secured = credentials.createInsecure(), options: object = {}): Client {
  const client = new Client(address, secured, { 'grpc.use_local_subchannel_pool': 1, ...options });
  closers.push(() => client.close());
  return client;
}

const asIs = (bytes: Buffer) => bytes;

function ask(client: Client, method: string, message: Uint8Array = submit, deadlineMs = 0): Promise<Answered> {
  return new Promise((resolve) => {
    const options = deadlineMs === 0 ? {} : { deadline: Date.now() + deadlineMs };
    const done = (error: ServiceError | null, bytes: Buffer = Buffer.alloc(0)) => {
      const { code = 0, details = '', metadata: trailers = new NewMetadata() } = error ?? {};
      resolve({ code, details, trailers, bytes });
    };
    client.makeUnaryRequest(
      `/dtmgimp.Dtm/${method}`,
      asIs,
      asIs,
      Buffer.from(message),
      new NewMetadata(),
      options,
      done,
    );
  });
}

const submit = encode(dtmRequest, { Gid: 'g', TransType: 'tcc' });
const workflow = encode(dtmRequest, { Gid: 'g', TransType: 'workflow', QueryPrepared: 'http://h/' });

/** A request in pieces, on a plain HTTP/2 connection. */
function begin(session: ClientHttp2Session, path = '/dtmgimp.Dtm/Submit', headers: object = {}) {
  const stream = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );
  const ended = new Promise<{ code: number | undefined; reset: number; status: number | undefined; bytes: number }>(
    (resolve) => {
      let code: number | undefined;
      let status: number | undefined;
      let bytes = 0;
      const note = (given: Record<string, unknown>) => {
        if (given['grpc-status'] !== undefined) {
          code = Number(given['grpc-status']);
          // Whoever has its answer has nothing more to send.
          stream.end();
        }
        status ??= Number(given[':status']);
      };
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('error', () => undefined);
      stream.on('close', () => resolve({ code, reset: stream.rstCode, status, bytes }));
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
    },
  );
  return { stream, ended };
}

function sessionTo(number: number, options: ClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${number}`, options);
  session.on('error', () => undefined);
  closers.push(() => session.destroy());
  return session;
}

function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

test('every refusal has its code; ABORTED is FAILURE alone, FAILED_PRECONDITION is no refusal', async () => {
  const { coordinator, address } = await start();
  const client = clientOf(address);
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    coordinator.refusal = new HoldfastError(code, `why ${code}`, { retryAfterMs: code === 'OVERLOADED' ? 1500 : 0 });
    const answered = await ask(client, 'Submit');
    assert.deepEqual([answered.code, answered.details], [errorCatalogue[code].grpc, `why ${code}`]);
    assert.equal(answered.code === 10, code === 'WRONG_STATUS');
    assert.notEqual(answered.code, 9);
    const pushback = answered.trailers.get('grpc-retry-pushback-ms');
    assert.deepEqual(pushback, code === 'OVERLOADED' ? ['1500'] : []);
  }
});

test('what PrepareWorkflow is refused with for load is UNAVAILABLE', async () => {
  const { coordinator, address } = await start();
  for (const code of ['OVERLOADED', 'UNAVAILABLE'] as const) {
    coordinator.refusal = new HoldfastError(code, 'too much');
    assert.equal((await ask(clientOf(address), 'PrepareWorkflow', workflow)).code, 14);
  }
});

test('a defect is INTERNAL, logged and counted, and says nothing of itself', async () => {
  const { coordinator, address, observed } = await start();
  coordinator.refusal = new Error('secret FAILURE');
  const { code, details } = await ask(clientOf(address), 'Submit');
  assert.deepEqual([code, details], [13, 'internal error']);
  await until('it was observed', () => observed.length === 2);
  assert.deepEqual(observed, ['broke Submit Error: secret FAILURE', 'grpc submit fail']);
});

test('long texts, and texts that are none, arrive shortened and whole', async () => {
  const { coordinator, address } = await start();
  const client = clientOf(address);
  coordinator.refusal = new HoldfastError('WRONG_STATUS', `half \ud800 of a pair, 100 %\r\n €`);
  assert.equal((await ask(client, 'Submit')).details, 'half \ufffd of a pair, 100 %\r\n €');
  coordinator.refusal = undefined;
  const transaction = shown({ type: 'tcc' }, { status: 'failed', reason: '€'.repeat(8000) });
  coordinator.standing = { transaction, trouble: undefined } as unknown as typeof coordinator.standing;
  const { code, details } = await ask(client, 'Submit');
  assert.deepEqual([code, /^€+ FAILURE$/.test(details), details.length < 1000], [10, true, true]);
});

test('malformed messages are INVALID_ARGUMENT, and reach nobody', async () => {
  const { coordinator, address } = await start();
  const client = clientOf(address);
  const steps = (text: string) => encode(dtmRequest, { Gid: 'g', TransType: 'saga', Steps: text });
  const cases: Uint8Array[] = [
    Buffer.from('0a05', 'hex'),
    Buffer.from('ffffffffffffffffffffffff', 'hex'),
    Buffer.from('0a01ff', 'hex'),
    Buffer.alloc(0),
    steps('{'),
    steps('['.repeat(1_000_000)),
    steps('[[]]'),
    steps('7'),
    Buffer.from('4200'.repeat(100_000), 'hex'),
    Buffer.from('a40600'.repeat(100), 'hex'),
    encode(dtmRequest, { Gid: 'g', TransType: 'tcc', TransOptions: { RetryLimit: 2 ** 60 } }),
    encode(dtmRequest, { Gid: 'g', TransType: 'msg', CustomedData: '{"concurrent":1}' }),
    encode(dtmRequest, { Gid: 'g\n', TransType: 'tcc' }),
    encode(dtmRequest, { Gid: 'g', TransType: 'tcc', TransOptions: { BranchHeaders: { 'bad name': 'x' } } }),
  ];
  for (const message of cases) {
    const { code, details } = await ask(client, 'Submit', message);
    assert.equal(code, 3, `${Buffer.from(message).toString('hex').slice(0, 40)} ${details}`);
  }
  assert.deepEqual(coordinator.asked, []);
});

test('a hundred thousand fields that nobody knows are passed over', async () => {
  const { coordinator, address } = await start();
  const message = Buffer.concat([submit, Buffer.from('7800'.repeat(100_000), 'hex')]);
  assert.equal((await ask(clientOf(address), 'Submit', message)).code, 0);
  assert.equal(coordinator.asked.length, 1);
});

test('another content type is no gRPC; an unknown method is UNIMPLEMENTED', async () => {
  const { number } = await start();
  const session = sessionTo(number);
  const json = begin(session, '/dtmgimp.Dtm/Submit', { 'content-type': 'application/json' });
  assert.equal((await json.ended).status, 415);
  const unknown = begin(session, '/dtmgimp.Dtm/ForceStop');
  unknown.stream.end(framed(submit));
  assert.equal((await unknown.ended).code, 12);
  const subtype = begin(session, '/dtmgimp.Dtm/Submit', { 'content-type': 'application/grpc+dtm_raw' });
  subtype.stream.end(framed(submit));
  assert.equal((await subtype.ended).code, 0);
});

test('a message over the limit is RESOURCE_EXHAUSTED, also where it only unpacks to so much', async () => {
  const { number, coordinator } = await start({ messageLimitBytes: 1000 });
  const session = sessionTo(number);
  const announced = begin(session);
  announced.stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
  const packed = begin(session, undefined, { 'grpc-encoding': 'gzip' });
  packed.stream.end(framed(gzipSync(Buffer.alloc(100_000)), 1));
  assert.deepEqual([(await announced.ended).code, (await packed.ended).code], [8, 8]);
  const fits = begin(session, undefined, { 'grpc-encoding': 'gzip' });
  fits.stream.end(framed(gzipSync(submit), 1));
  assert.equal((await fits.ended).code, 0);
  assert.equal(coordinator.asked.length, 1);
});

test('what is being received is bounded over all connections; what goes beyond is cut off, the rest is served', async () => {
  const { number, server } = await start({ messageBudgetBytes: 16 * mib });
  const sessions = Array.from({ length: 4 }, () => sessionTo(number));
  const half = framed(Buffer.alloc(3 * mib)).subarray(0, 2 * mib);
  const begun = sessions.flatMap((session) => Array.from({ length: 4 }, () => begin(session)));
  for (const { stream } of begun) stream.write(half);
  const firstCut = await Promise.race(begun.map(({ ended }) => ended));
  assert.equal(firstCut.reset, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await until('nothing more comes', () => server.receivingBytes > 8 * mib && server.receivingBytes <= 16 * mib);
  for (const session of sessions) session.destroy();
  await until('nothing is held', () => server.receivingBytes === 0);
  const fine = begin(sessionTo(number));
  fine.stream.end(framed(submit));
  assert.equal((await fine.ended).code, 0);
});

test('what a compressed message may be unpacked to counts as well, before it is unpacked', async () => {
  const { number, server } = await start({ messageBudgetBytes: 16 * mib, requestTimeoutMs: 300 });
  const session = sessionTo(number);
  const bomb = framed(gzipSync(Buffer.alloc(4 * mib - 1000)), 1);
  const begun = Array.from({ length: 20 }, () => begin(session, undefined, { 'grpc-encoding': 'gzip' }));
  for (const { stream } of begun) stream.end(bomb);
  const ends = await Promise.all(begun.map(({ ended }) => ended));
  const cut = ends.filter(({ reset }) => reset === constants.NGHTTP2_ENHANCE_YOUR_CALM);
  assert.ok(cut.length > 0 && cut.length < 20, `${cut.length} were cut off`);
  assert.ok(ends.every((end) => end.code === 3 || end.code === 14 || cut.includes(end)));
  await until('nothing is held', () => server.receivingBytes === 0);
});

test('a compressed request that is whole may wait for its answer as long as any other', async () => {
  const { number, coordinator, server } = await start({ requestTimeoutMs: 100 });
  const { release } = held(coordinator);
  const waiting = begin(sessionTo(number), undefined, { 'grpc-encoding': 'gzip' });
  waiting.stream.end(framed(gzipSync(submit), 1));
  await until('it was asked', () => coordinator.asked.length === 1);
  const other = begin(sessionTo(number));
  assert.equal((await other.ended).reset, constants.NGHTTP2_CANCEL, 'one that is not whole is cut off meanwhile');
  release();
  assert.equal((await waiting.ended).code, 0);
  await until('nothing is held', () => server.receivingBytes === 0);
});

/** A request of so many bytes, most of them of a field that nobody knows. */
function submitOf(bytes: number): Buffer {
  const head = Buffer.from([0xfa, 0x01, 0, 0, 0, 0]);
  for (let at = 0; at < 4; at += 1) head[2 + at] = ((bytes >> (7 * at)) & 0x7f) | (at < 3 ? 0x80 : 0);
  return Buffer.concat([submit, head, Buffer.alloc(bytes)]);
}

test('requests that wait for their answers count against the budget, until they have them', async () => {
  const { address, coordinator } = await start({ messageBudgetBytes: 16 * mib });
  const { release } = held(coordinator);
  const client = clientOf(address);
  const waiting: Promise<Answered>[] = [];
  for (let count = 1; count <= 5; count += 1) {
    waiting.push(ask(client, 'Submit', submitOf(3 * mib)));
    await until('it was asked', () => coordinator.asked.length === count);
  }
  const { code, details } = await ask(client, 'Submit', submitOf(3 * mib));
  assert.deepEqual([code, details], [14, 'too many large requests wait for their answers']);
  assert.equal(coordinator.asked.length, 5);
  release();
  for (const answered of await Promise.all(waiting)) assert.equal(answered.code, 0);
  assert.equal((await ask(client, 'Submit', submitOf(3 * mib))).code, 0);
});

test('a request that waits for its answer is in memory once at most', async () => {
  const { number, coordinator } = await start();
  const { release } = held(coordinator);
  const message = framed(submitOf(2 * mib));
  const before = await arrayBytesInUse();
  const session = sessionTo(number);
  const waiting: ReturnType<typeof begin>[] = [];
  for (let count = 1; count <= 16; count += 1) {
    const call = begin(session);
    call.stream.end(message);
    waiting.push(call);
    await until('it was asked', () => coordinator.asked.length === count);
  }
  const times = ((await arrayBytesInUse()) - before) / (16 * message.length);
  assert.ok(times < 1.3, `each is held ${times} times`);
  release();
  for (const { ended } of waiting) assert.equal((await ended).code, 0);
});

test('a request that does not get whole in time is cut off', async () => {
  const { number, server, coordinator } = await start({ requestTimeoutMs: 200 });
  const session = sessionTo(number);
  const silent = begin(session);
  const slow = begin(session);
  slow.stream.write(framed(submit).subarray(0, 7));
  for (const { ended } of [silent, slow]) assert.equal((await ended).reset, constants.NGHTTP2_CANCEL);
  await until('nothing is held', () => server.receivingBytes === 0);
  assert.deepEqual(coordinator.asked, []);
});

/** The coordinator answers when it is released. */
function held(coordinator: RecordingCoordinator): { readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  coordinator.gate = promise;
  return { release: resolve };
}

/** A workflow whose answer is large. */
function large(coordinator: RecordingCoordinator): void {
  const payload = new Uint8Array(6 * mib);
  const branches = [{ branchId: '01', op: 'action', url: '', payload, state: 's' as const }];
  coordinator.stored = { ...shown({ type: 'workflow' }, { status: 'prepared' }), branches };
}

test('answers that nobody takes are bounded: others are refused, and those are cut off', async () => {
  const { number, coordinator, address } = await start({ sendTimeoutMs: 500, answerBudgetBytes: 16 * mib });
  large(coordinator);
  const session = sessionTo(number);
  const greedy = Array.from({ length: 5 }, () => begin(session, '/dtmgimp.Dtm/PrepareWorkflow'));
  for (const { stream } of greedy) {
    stream.pause();
    stream.end(framed(workflow));
  }
  await until('all were asked', () => coordinator.asked.length >= 3);
  const client = clientOf(address, undefined, { 'grpc.max_receive_message_length': -1 });
  const refused = await ask(client, 'PrepareWorkflow', workflow);
  assert.deepEqual([refused.code, refused.details], [14, 'too many answers wait for their clients to read them']);
  assert.equal((await ask(client, 'Submit')).code, 0, 'small answers are given all the same');
  await until('the others are cut off', async () => (await ask(client, 'PrepareWorkflow', workflow)).code === 0);
});

test('a small answer that nobody takes is cut off as well, whatever else its connection sends', async () => {
  const { number } = await start({ sendTimeoutMs: 300 });
  const session = sessionTo(number, { settings: { initialWindowSize: 0 } });
  const pings = setInterval(() => session.ping(() => undefined), 20);
  const untaken = begin(session, '/dtmgimp.Dtm/NewGid');
  untaken.stream.end(framed(Buffer.alloc(0)));
  assert.equal((await untaken.ended).reset, constants.NGHTTP2_CANCEL);
  clearInterval(pings);
});

test('a client’s deadline and its leaving end its waiting alone; so does the longest time of the coordinator', async () => {
  const { coordinator, address, observed } = await start({ callTimeoutMs: 300 });
  let release = () => undefined as undefined;
  coordinator.gate = new Promise((resolve) => {
    release = () => {
      resolve();
      return undefined;
    };
  });
  const client = clientOf(address);
  assert.equal((await ask(client, 'Submit', submit, 100)).code, 4);
  const capped = await ask(client, 'Submit', submit);
  assert.deepEqual([capped.code, /what it asked for goes on$/.test(capped.details)], [4, true]);
  const call = client.makeUnaryRequest('/dtmgimp.Dtm/Submit', asIs, asIs, submit, () => undefined);
  await until('it was asked', () => coordinator.asked.length === 3);
  call.cancel();
  await until('all are observed', () => observed.length === 3);
  release();
  coordinator.gate = Promise.resolve();
  assert.equal((await ask(client, 'Submit')).code, 0);
  assert.deepEqual(observed, ['grpc submit fail', 'grpc submit fail', 'grpc submit fail', 'grpc submit ok']);
});

test('a thousand calls at once on one connection are served, and as many more wait their turn', async () => {
  const { address, coordinator } = await start({ maxStreams: 100 });
  const client = clientOf(address);
  const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(client, 'Submit')));
  assert.ok(answers.every(({ code }) => code === 0));
  assert.equal(coordinator.asked.length, 1000);
});

test('connections beyond the limit are closed at once', async () => {
  const { number } = await start({ maxConnections: 1 });
  const first = begin(sessionTo(number));
  first.stream.end(framed(submit));
  assert.equal((await first.ended).code, 0);
  const second = connectTcp(number, '127.0.0.1');
  await new Promise((resolve) => second.once('close', resolve));
});

test('what is no HTTP/2, or breaks off, harms nobody', async () => {
  const { number, address } = await start();
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\0'.repeat(100), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\xff']) {
    const socket = connectTcp(number, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytes, 'latin1');
    socket.resume();
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      setTimeout(() => socket.destroy(), 300);
    });
  }
  assert.equal((await ask(clientOf(address), 'Submit')).code, 0);
});

test('odd headers are answered or cut off, and nothing of them is printed', async (t) => {
  const { number, address } = await start();
  const printed = t.mock.method(console, 'error', () => undefined);
  const session = sessionTo(number);
  const odd = [
    { 'grpc-timeout': '\u00e9' },
    { 'grpc-timeout': 'soon' },
    { 'grpc-timeout': '1n' },
    { 'grpc-encoding': 'odd' },
    { 'x-bin': '\u00ff' },
    { 'x-text': '\u00ff secret' },
    { ':path': '/dtmgimp.Dtm/\u00e9' },
    { 'content-type': 'application/grpc\u00e9' },
  ];
  for (const headers of odd) {
    const { stream, ended } = begin(session, undefined, headers);
    stream.end(framed(submit, 1));
    await ended;
  }
  assert.equal(printed.mock.callCount(), 0);
  assert.equal((await ask(clientOf(address), 'Submit')).code, 0);
});

test('closing tells clients to go elsewhere, lets calls under way end, and is not held up by anybody', async () => {
  const { coordinator, address, server, number } = await start();
  let release = () => undefined as undefined;
  coordinator.gate = new Promise((resolve) => {
    release = () => {
      resolve();
      return undefined;
    };
  });
  const underWay = ask(clientOf(address), 'Submit');
  await until('it was asked', () => coordinator.asked.length === 1);
  const idle = connectTcp(number, '127.0.0.1');
  idle.on('error', () => undefined).resume();
  const gone = new Promise((resolve) => idle.once('close', resolve));
  const session = sessionTo(number);
  const goaway = new Promise((resolve) => session.once('goaway', resolve));
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const closed = server.close(5000);
  await goaway;
  release();
  assert.equal((await underWay).code, 0);
  await gone;
  await closed;
  assert.equal((await ask(clientOf(address), 'Submit', submit, 1000)).code === 0, false);
});

test('closing tells those whom it would cut off that it stops, and that what they asked for goes on', async () => {
  const { coordinator, address, server } = await start();
  held(coordinator);
  const waiting = Array.from({ length: 10 }, () => ask(clientOf(address), 'Submit'));
  await until('all were asked', () => coordinator.asked.length === 10);
  await server.close(300);
  for (const { code, details } of await Promise.all(waiting)) {
    assert.deepEqual([code, /goes on, ask again$/.test(details)], [14, true], details);
  }
});

test('over TLS: the certificate is shown, plain text is not served, and its limits hold as well', async () => {
  const tls = { certFile, keyFile, clientCaFile: '' };
  const { address, coordinator, number } = await start({ tls, requestTimeoutMs: 300 });
  assert.equal((await ask(clientOf(address, credentials.createSsl(ca)), 'Submit')).code, 0);
  assert.notEqual((await ask(clientOf(address), 'Submit', submit, 1000)).code, 0);
  assert.equal(coordinator.asked.length, 1);
  const session = connect(`https://127.0.0.1:${number}`, { ca });
  session.on('error', () => undefined);
  closers.push(() => session.destroy());
  const silent = begin(session);
  assert.equal((await silent.ended).reset, constants.NGHTTP2_CANCEL);
});

test('with a client CA, a client must show a certificate of it', async () => {
  const { address, coordinator } = await start({ tls: { certFile, keyFile, clientCaFile: caFile } });
  assert.equal((await ask(clientOf(address, credentials.createSsl(ca, key, cert)), 'Submit')).code, 0);
  assert.notEqual((await ask(clientOf(address, credentials.createSsl(ca)), 'Submit', submit, 1000)).code, 0);
  assert.equal(coordinator.asked.length, 1);
});

test('files for TLS that cannot be read or used are named', () => {
  const tls = { certFile, keyFile, clientCaFile: '' };
  const read = (files: object) => serverIdentity('grpc.tls', { ...tls, ...files });
  assert.notEqual(read({}), undefined);
  assert.throws(() => read({ certFile: '/none' }), /^Error: grpc\.tls\.certFile: ENOENT/);
  assert.throws(() => read({ certFile: keyFile }), /^Error: grpc\.tls\.certFile: .*: it holds no certificate/);
  assert.throws(() => read({ certFile: caFile }), /^Error: grpc\.tls: .*mismatch/);
  assert.throws(() => read({ keyFile: certFile }), /^Error: grpc\.tls: /);
});

test('requests that come in great numbers at once take turns, and the coordinator knows how long they wait', async () => {
  const { number, coordinator } = await start();
  const sessions = Array.from({ length: 10 }, () => sessionTo(number));
  let longestMs = 0;
  let isOver = false;
  const watch = () => {
    longestMs = Math.max(longestMs, ...coordinator.turns.map((waitedMs) => waitedMs()));
    if (!isOver) setImmediate(watch);
  };
  watch();
  const calls = sessions.flatMap((session) => Array.from({ length: 200 }, () => begin(session)));
  for (const { stream } of calls) stream.end(framed(submit));
  for (const { ended } of calls) assert.equal((await ended).code, 0);
  isOver = true;
  assert.equal(coordinator.asked.length, calls.length);
  assert.ok(longestMs > 0);
});

test('misspelt keys in the JSON of steps and in the map of a branch are told, and accepted', async () => {
  const { address, observed } = await start();
  const client = clientOf(address);
  const Steps = '[{"action":"http://a","compensation":"http://b"}]';
  const saga = encode(dtmRequest, { Gid: 'g', TransType: 'saga', Steps, BinPayloads: [Buffer.from('{}')] });
  assert.equal((await ask(client, 'Submit', saga)).code, 0);
  const Data = { confirm: 'http://a', cancle: 'http://b' };
  const branch = encode(branchRequest, { Gid: 'g', TransType: 'tcc', BranchID: '01', Data });
  assert.equal((await ask(client, 'RegisterBranch', branch)).code, 0);
  assert.deepEqual(
    observed.filter((line) => line.includes('unknown')),
    ['grpc submit unknown: steps[].compensation', 'grpc registerbranch unknown: cancle'],
  );
});
