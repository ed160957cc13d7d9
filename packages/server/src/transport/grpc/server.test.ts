/** The gRPC server on a coordinator that records what it is asked: errors, and clients that behave badly. */
import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { type ErrorCode, errorCatalogue, HoldfastError } from '@holdfast/core';
import { until } from '../../../../../test/lib/until.ts';
import { shown } from '../http/testing.ts';
import { ask, begin, clientOf, framed, sessionTo, submit, workflow } from './client-testing.ts';
import { encode } from './protobuf.ts';
import { branchRequest, dtmRequest } from './schema.ts';
import { close, held, start } from './testing.ts';

after(close);

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
