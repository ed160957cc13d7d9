import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { messageOf, rawService, send, senderWith, until } from '../testing/services.ts';
import { type Reader, ReadingBudget } from './reading.ts';

function reader(name: string, told: string[]): Reader {
  return { readOn: () => void told.push(name) };
}

test('beyond the budget one reads on, the others in their order as memory becomes free', () => {
  const told: string[] = [];
  const budget = new ReadingBudget(100, 10);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => reader(name, told)) as [Reader, Reader, Reader, Reader];
  assert.equal(budget.add(a, 60, 5000), true);
  assert.equal(budget.add(b, 40, 5000), true);
  assert.equal(budget.add(b, 10, 5000), true, 'the first beyond it');
  assert.equal(budget.add(a, 10, 5000), false);
  assert.equal(budget.add(c, 10, 5000), false);
  assert.equal(budget.add(d, 10, 5000), false);
  assert.equal(budget.add(b, 900, 5000), true, 'it goes on, so that there is always one that ends');
  assert.deepEqual([budget.bytes, budget.waiting, told], [1040, 3, []]);
  budget.leave(b, 950);
  assert.deepEqual(told, ['a', 'c'], 'one as there is room, and one beyond it');
  assert.equal(budget.isWaiting(d), true);
  budget.leave(c, 10);
  assert.deepEqual(told, ['a', 'c', 'd']);
  budget.leave(a, 70);
  budget.leave(d, 10);
  assert.deepEqual([budget.bytes, budget.waiting], [0, 0]);
});

test('one that waits and ends is not told to read on', () => {
  const told: string[] = [];
  const budget = new ReadingBudget(10, 10);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => reader(name, told)) as [Reader, Reader, Reader];
  budget.add(a, 20, 5000);
  budget.add(b, 5, 5000);
  budget.add(c, 5, 5000);
  budget.leave(b, 5);
  budget.leave(a, 20);
  assert.deepEqual(told, ['c']);
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
