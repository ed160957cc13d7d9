import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { messageOf, rawService, send, senderWith, until } from '../testing/services.ts';
import { type Reader, ReadingBudget } from './reading.ts';

/** Readers that say when they are told to read on: one for each letter, of the origin that it names. */
function readers(...names: string[]) {
  const told: string[] = [];
  const made = names.map((name): Reader => ({ origin: name.slice(0, 1), readOn: () => void told.push(name) }));
  return { told, made: made as [Reader, Reader, Reader, Reader, Reader] };
}

const small = 4096;

test('an origin reads on while it keeps no more than what is free; beyond that one of its readers does', () => {
  const { told, made } = readers('a1', 'a2', 'a3', 'b1', 'c1');
  const [a1, a2, a3, b1, c1] = made;
  const budget = new ReadingBudget(1000, 10);
  assert.equal(budget.add(a1, small + 250, small + 250), true, 'the first bytes are not counted');
  assert.equal(budget.add(a2, small + 250, small + 250), true, 'half of it');
  assert.equal(budget.add(a2, 10, small + 260), true, 'the first beyond it');
  assert.equal(budget.add(a1, 10, small + 260), false);
  assert.equal(budget.add(a3, small, small), true);
  assert.equal(budget.add(a3, 10, small + 10), false);
  assert.equal(budget.add(b1, small + 250, small + 250), true, 'half of what another origin has left');
  assert.equal(budget.add(b1, 10, small + 260), false);
  assert.equal(budget.add(c1, small + 100, small + 100), true, 'there is room for one more');
  assert.deepEqual([budget.bytes, budget.waiting, told], [5 * small + 890, 3, []]);
  budget.leave(a2, small + 260);
  assert.deepEqual(told, ['a1', 'a3', 'b1'], 'as there is room');
  assert.equal(budget.waiting, 0);
  const rest = [
    [a1, 260],
    [a3, 10],
    [b1, 260],
    [c1, 100],
  ] as const;
  for (const [one, bytes] of rest) budget.leave(one, small + bytes);
  assert.equal(budget.bytes, 0);
  assert.equal(budget.add(a1, small + 500, small + 500), true, 'all of it is free again');
  assert.equal(budget.add(b1, small + 250, small + 250), true);
});

test('who goes on beyond the budget is of each origin in turn', () => {
  const { told, made } = readers('a1', 'a2', 'a3', 'b1', 'b2');
  const [a1, a2, a3, b1, b2] = made;
  const budget = new ReadingBudget(10, 10);
  for (const reader of made) budget.add(reader, small + 20, small + 20);
  assert.deepEqual([budget.waiting, told], [4, []]);
  budget.leave(a1, small + 20);
  assert.deepEqual(told, ['a2']);
  budget.leave(a2, small + 20);
  assert.deepEqual(told, ['a2', 'b1']);
  budget.leave(b2, small + 20);
  assert.equal(budget.isWaiting(b2), false);
  budget.leave(b1, small + 20);
  assert.deepEqual(told, ['a2', 'b1', 'a3'], 'one that has left is not told');
  budget.leave(a3, small + 20);
  assert.deepEqual([budget.bytes, budget.waiting], [0, 0]);
});

/** A service whose answers stand still in their middle. */
async function slowService(length: number) {
  const waiting: Socket[] = [];
  const service = await rawService((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length / 2)}`);
    waiting.push(socket);
  });
  const finish = () => {
    for (const socket of waiting.splice(0)) socket.write('x'.repeat(length / 2));
  };
  return { ...service, finish };
}

test('many large answers at once are kept within the budget, and all come to their end', async () => {
  const readingBytes = 1024 * 1024;
  const answerBytes = 512 * 1024;
  const own = senderWith({ readingBytes, answerBytes });
  const { url, finish } = await slowService(answerBytes);
  const calls = 24;
  let ended = 0;
  let most = 0;
  const answers = Array.from({ length: calls }, async () => {
    const answer = await send(url, { timeoutMs: 30_000 }, own);
    ended += 1;
    return answer;
  });
  await until(() => own.reading.waiting > 0);
  // What is not to be read would have been read by then.
  let turns = 0;
  await until(() => {
    turns += 1;
    most = Math.max(most, own.reading.bytes);
    return turns === 100;
  });
  await until(() => {
    most = Math.max(most, own.reading.bytes);
    finish();
    return ended === calls;
  });
  for (const answer of await Promise.all(answers)) assert.equal(messageOf(answer), '');
  assert.ok(most <= readingBytes + answerBytes + calls * 20 * 1024, `${most} bytes were kept`);
  assert.deepEqual([own.reading.bytes, own.reading.waiting], [0, 0]);
});

test('answers of one service that stand still do not hold up those of another', async () => {
  const own = senderWith({ readingBytes: 1024 * 1024 });
  const { url, finish } = await slowService(200_000);
  const calls = 80;
  const still = Array.from({ length: calls }, () => send(url, { timeoutMs: 60_000 }, own));
  await until(() => own.reading.waiting > 0);
  const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
  const { url: other } = await rawService((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
    const sent = own.reading.bytes;
    until(() => own.reading.bytes > sent).then(() => socket.write(`${chunk.repeat(4)}0\r\n\r\n`));
  });
  for (let call = 0; call < 3; call += 1) assert.equal(messageOf(await send(other, { timeoutMs: 20_000 }, own)), '');
  assert.ok(own.reading.waiting > 0);
  let ended = 0;
  for (const answer of still) answer.then(() => (ended += 1));
  await until(() => {
    finish();
    return ended === calls;
  });
  for (const answer of await Promise.all(still)) assert.equal(messageOf(answer), '');
  assert.deepEqual([own.reading.bytes, own.reading.waiting], [0, 0]);
});

test('an answer that waits for memory waits no longer than its call, and its service is not blamed', async () => {
  const own = senderWith({ readingBytes: 1024 });
  const { url, finish } = await slowService(200_000);
  const first = send(url, { timeoutMs: 60_000 }, own);
  await until(() => own.reading.bytes > 1024);
  const second = send(url, { timeoutMs: 50 }, own);
  await until(() => own.reading.waiting === 1);
  const answer = await second;
  assert.match(messageOf(answer), /^the answer was not read within 50 ms: .*calls\.readingBytes/);
  assert.equal(answer.health, 'ok');
  finish();
  assert.equal(messageOf(await first), '');
  assert.deepEqual([own.reading.bytes, own.reading.waiting], [0, 0]);
});

test('a small answer needs no memory of the budget', async () => {
  const own = senderWith({ readingBytes: 1024 });
  const { url, finish } = await slowService(200_000);
  const large = send(url, { timeoutMs: 30_000 }, own);
  await until(() => own.reading.bytes > 1024);
  const { url: small } = await rawService((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  for (let call = 0; call < 3; call += 1) assert.equal(messageOf(await send(small, {}, own)), '');
  finish();
  assert.equal(messageOf(await large), '');
});

test('an answer that is too long frees what was kept of it, no more and no less', async () => {
  const own = senderWith({ answerBytes: 20_000 });
  const answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7530\r\n${'x'.repeat(30_000)}\r\n0\r\n\r\n`;
  const { url } = await rawService((socket) => socket.write(answer));
  for (let call = 0; call < 3; call += 1) {
    assert.match(messageOf(await send(url, {}, own)), /^the answer is longer than 20000 bytes/);
    assert.deepEqual([own.reading.bytes, own.reading.waiting], [0, 0]);
  }
});

test('a short answer that comes in several pieces does not wait for long ones', async () => {
  const own = senderWith({ readingBytes: 1024 });
  const { url, finish } = await slowService(200_000);
  const large = [1, 2].map(() => send(url, { timeoutMs: 30_000 }, own));
  await until(() => own.reading.waiting === 1);
  const sockets: Socket[] = [];
  const { url: small } = await rawService((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n');
    sockets.push(socket);
  });
  const short = send(small, { timeoutMs: 3000 }, own);
  const before = own.reading.bytes;
  await until(() => own.reading.bytes > before);
  sockets[0]?.write('1\r\nk\r\n0\r\n\r\n');
  assert.equal(messageOf(await short), '');
  await until(() => {
    finish();
    return own.reading.bytes === 0;
  });
  for (const answer of await Promise.all(large)) assert.equal(messageOf(answer), '');
});
