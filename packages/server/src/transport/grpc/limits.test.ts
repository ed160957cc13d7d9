/** What the gRPC server takes at most, in bytes, calls and time; and that others are served while somebody takes more. */
import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { until } from '../../../../../test/lib/until.ts';
import { arrayBytesInUse, type RecordingCoordinator, shown } from '../http/testing.ts';
import {
  type Answered,
  asIs,
  ask,
  begin,
  clientOf,
  framed,
  mib,
  sessionTo,
  submit,
  workflow,
} from './client-testing.ts';
import { close, held, start } from './testing.ts';

after(close);

/** A request of so many bytes, most of them of a field that nobody knows. */
function submitOf(bytes: number): Buffer {
  const head = Buffer.from([0xfa, 0x01, 0, 0, 0, 0]);
  for (let at = 0; at < 4; at += 1) head[2 + at] = ((bytes >> (7 * at)) & 0x7f) | (at < 3 ? 0x80 : 0);
  return Buffer.concat([submit, head, Buffer.alloc(bytes)]);
}

/** A workflow whose answer is large. */
function large(coordinator: RecordingCoordinator): void {
  const payload = new Uint8Array(6 * mib);
  const branches = [{ branchId: '01', op: 'action', url: '', payload, state: 's' as const }];
  coordinator.stored = { ...shown({ type: 'workflow' }, { status: 'prepared' }), branches };
}

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
