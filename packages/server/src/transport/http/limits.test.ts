import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { httpDefaults } from './settings.ts';
import { arrayBytesInUse, held, raw, shown, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both, start } = tests;

const head = (...lines: string[]) =>
  [`POST ${tests.root}/api/dtmsvr/submit HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const saga = '{"gid":"g","trans_type":"saga"}';
const mebibyte = Buffer.alloc(1024 * 1024, 0x20);

/**
 * Writes as fast as the other side takes it, and counts, until the connection ends or `most` are sent.
 * @param isDeaf goes on writing when it is answered
 */
async function flood(
  socket: Socket,
  chunk: Buffer,
  most: number,
  isDeaf = false,
): Promise<{ sent: number; answer: string }> {
  let sent = 0;
  let answer = '';
  let isOpen = true;
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isOpen = false;
      resolve();
    });
  });
  while (isOpen && sent < most && (isDeaf || answer === '')) {
    sent += chunk.length;
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => closed), closed]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await closed;
  return { sent, answer };
}

both('Q34: a body that says it is too long is refused at once', async () => {
  const { port, coordinator } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write(head(`Content-Length: ${1024 ** 3}`));
  const [data] = await once(socket, 'data');
  assert.match(String(data), /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n/s);
  assert.match(String(data), /\{"message":"body: must be at most 4194304 bytes"\}$/);
  socket.destroy();
  assert.deepEqual(coordinator.asked, []);
});

both('who goes on sending sees the 413 all the same, and is not read to the end', async () => {
  const { port } = await start();
  for (const framing of [`Content-Length: ${1024 ** 3}`, 'Transfer-Encoding: chunked']) {
    const socket = connect(port, '127.0.0.1');
    socket.write(head(framing));
    const chunk = framing.startsWith('C')
      ? mebibyte
      : Buffer.concat([Buffer.from(`${mebibyte.length.toString(16)}\r\n`), mebibyte, Buffer.from('\r\n')]);
    const { sent, answer } = await flood(socket, chunk, 1024 ** 3);
    assert.match(answer, /^HTTP\/1\.1 413 /, framing);
    assert.ok(sent < 64 * 1024 ** 2, `${framing}: ${sent} bytes were taken`);
  }
});

both('who never stops sending is cut off', async () => {
  const { port } = await start();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(head(`Content-Length: ${1024 ** 3}`));
  const { sent, answer } = await flood(socket, mebibyte, 1024 ** 3, true);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.ok(sent < 64 * 1024 ** 2, `${sent} bytes were taken`);
});

both('who writes all of a body a little over the limit before reading sees the 413', async () => {
  const { port } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(head(`Content-Length: ${5 * mebibyte.length}`));
  for (let part = 0; part < 5; part += 1) socket.write(mebibyte);
  await until(() => socket.destroyed || socket.bytesWritten > 1024 ** 2);
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

both('a body at the limit is taken, one byte more is not', async () => {
  const settings = { ...httpDefaults, bodyLimitBytes: 100 };
  const { base, coordinator } = await start({ settings });
  const submit = (bytes: number, isChunked: boolean) => {
    const text = saga.padEnd(bytes);
    const body = isChunked ? new Blob([text]).stream() : text;
    return fetch(`${base}${tests.root}/api/dtmsvr/submit`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  };
  for (const isChunked of [false, true]) {
    assert.equal((await submit(100, isChunked)).status, 200);
    assert.equal((await submit(101, isChunked)).status, 413);
  }
  assert.equal(coordinator.asked.length, 2);
});

both('100 Continue is sent only where the body will be read', async () => {
  const { port } = await start();
  const small = await raw(
    port,
    head('Connection: close', 'Expect: 100-continue', `Content-Length: ${saga.length}`),
    saga,
  );
  assert.match(small, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  const socket = connect(port, '127.0.0.1');
  socket.write(head('Expect: 100-continue', `Content-Length: ${1024 ** 3}`));
  const [data] = await once(socket, 'data');
  assert.match(String(data), /^HTTP\/1\.1 413 /);
  socket.destroy();
});

both('a body is not kept while its request waits for its answer', async () => {
  const { coordinator, port } = await start();
  const { promise, resolve } = Promise.withResolvers<void>();
  coordinator.gate = promise;
  const asked = `{"gid":"g","trans_type":"tcc","unknown":"${'x'.repeat(2 * 1024 * 1024)}"}`;
  const rpc = `{"jsonrpc":"2.0","id":"a","method":"submit","params":${asked}}`;
  for (const [path, text] of [
    [`${tests.root}/api/dtmsvr/submit`, asked],
    [`${tests.root}/api/dtmsvr/abort`, asked],
    [`${tests.root}/api/json-rpc`, rpc],
  ] as const) {
    const body = Buffer.from(text);
    const before = await arrayBytesInUse();
    for (let count = 0; count < 8; count += 1) {
      const begun = coordinator.asked.length;
      const sent = request({ port, path, method: 'POST', headers: { 'content-length': body.length } });
      sent.on('error', () => undefined).end(body);
      await until(() => coordinator.asked.length > begun);
    }
    const times = ((await arrayBytesInUse()) - before) / (8 * body.length);
    assert.ok(times < 0.5, `${path}: each is kept ${times} times`);
  }
  resolve();
});

both('bodies being received have a budget over all connections; what is given up is given back', async () => {
  const settings = { ...httpDefaults, bodyBudgetBytes: 2 * mebibyte.length };
  const { port, base } = await start({ settings });
  const begin = () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head(`Content-Length: ${2 * mebibyte.length}`));
    socket.write(mebibyte.subarray(0, mebibyte.length - 1));
    return socket;
  };
  const submit = () => fetch(`${base}${tests.root}/api/dtmsvr/submit`, { method: 'POST', body: saga.padEnd(1000) });
  const held = [begin(), begin()];
  await until(() => held.every((socket) => socket.writableLength === 0));
  let refused = await submit();
  for (let turn = 0; turn < 1000 && refused.status === 200; turn += 1) refused = await submit();
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  for (const socket of held) socket.destroy();
  let served = await submit();
  for (let turn = 0; turn < 1000 && served.status === 503; turn += 1) served = await submit();
  assert.equal(served.status, 200);
});

both('a body where none belongs is not read', async () => {
  const { port, coordinator } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const { answer, sent } = await flood(
    socket,
    Buffer.concat([Buffer.from('100000\r\n'), mebibyte, Buffer.from('\r\n')]),
    1024 ** 3,
  );
  assert.match(answer, /^HTTP\/1\.1 200 .*Connection: close/s);
  assert.ok(sent < 64 * 1024 ** 2);
  assert.equal(coordinator.asked.length, 1);
});

both('what follows a refused body on its connection is not served', async () => {
  const { port, coordinator } = await start({ settings: { ...httpDefaults, bodyLimitBytes: 100 } });
  const second = head('Connection: close', `Content-Length: ${saga.length}`) + saga;
  const answer = await raw(port, head('Content-Length: 101') + 'x'.repeat(101) + second);
  assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
  assert.deepEqual(coordinator.asked, []);
});

both('pipelined requests are answered in their order', async () => {
  const { port } = await start();
  const one = `GET ${tests.root}/api/dtmsvr/newGid HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const last = 'GET /api/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const answer = await raw(port, one + head(`Content-Length: ${saga.length}`) + saga + last);
  assert.match(answer, /"gid":"gid-1".*\{"dtm_result":"SUCCESS"\}.*pong/s);
});

both('thousands of requests that come at once and are refused at once are each answered', async () => {
  const { port } = await start();
  const one = `GET ${tests.root}/healthz?% HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const last = one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const answers = await raw(port, one.repeat(2999) + last);
  assert.equal(answers.match(/HTTP\/1\.1 400 Bad Request/g)?.length, 3000);
});

test('a client that asks for a tunnel and resets the connection is one that left', async () => {
  const { port, server } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write('CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.resetAndDestroy();
  await until(async () => (await server.openConnections()) === 0);
});

both('a client that closes its side behind several requests gets all answers', async () => {
  const { port, coordinator } = await start();
  const submit = head(`Content-Length: ${saga.length}`) + saga;
  const chunked = `${head('Transfer-Encoding: chunked')}${saga.length.toString(16)}\r\n${saga}\r\n0\r\n\r\n`;
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answers = '';
  socket.on('data', (data) => {
    answers += data;
  });
  socket.end(submit + submit + chunked + submit);
  await until(() => coordinator.asked.length > 0);
  for (let round = 0; round < 5; round += 1) await nextRound();
  open();
  await once(socket, 'close');
  assert.equal(answers.match(/HTTP\/1\.1 200 /g)?.length, 4);
  assert.equal(coordinator.asked.length, 4);
});

both('what is not HTTP is refused, and never answers for a request that waits', async () => {
  const { port, coordinator } = await start();
  const cases = [
    'FAILURE\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\u0000\u0001\u0002\r\n\r\n',
    head('Content-Length: x'),
    head('Content-Length: 1', 'Transfer-Encoding: chunked'),
  ];
  for (const text of cases) {
    const answer = await raw(port, text);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*\{"message":"the request is not valid HTTP"\}$/s, text);
  }
  assert.match(await raw(port, head(`X: ${'y'.repeat(20_000)}`)), /^HTTP\/1\.1 431 /);
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  const socket = connect(port, '127.0.0.1');
  let seen = '';
  socket.on('data', (data) => {
    seen += data;
  });
  socket.on('error', () => undefined);
  socket.write(head(`Content-Length: ${saga.length}`) + saga);
  await until(() => coordinator.asked.length === 1);
  socket.write('garbage\r\n\r\n');
  // What was asked before is answered first.
  open();
  await once(socket, 'close');
  assert.match(seen, /^HTTP\/1\.1 200 .*SUCCESS"\}HTTP\/1\.1 400 /s);
});

both('slow heads, slow bodies and silent connections end in time', async () => {
  const settings = { ...httpDefaults, headTimeoutMs: 100, requestTimeoutMs: 200 };
  const { port } = await start({ settings });
  assert.match(await raw(port, `POST ${tests.root}/api/dtmsvr/submit HTTP/1.1\r\nHost:`), /^HTTP\/1\.1 408 /);
  assert.match(await raw(port, head('Content-Length: 10'), '{"gid"'), /^HTTP\/1\.1 408 /);
  assert.match(await raw(port), /^HTTP\/1\.1 408 /);
});

both('connections beyond the limit are closed at once', async () => {
  const { port } = await start({ settings: { ...httpDefaults, maxConnections: 1 } });
  const first = connect(port, '127.0.0.1');
  await once(first, 'connect');
  const second = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(second, 'close');
  first.destroy();
});

both('a client that does not read its answer is cut off', async () => {
  const { server, port, coordinator } = await start({ settings: { ...httpDefaults, sendTimeoutMs: 50 } });
  const steps = Array.from({ length: 16 }, () => ({
    branchId: '01',
    action: '',
    compensate: '',
    payload: 'x'.repeat(1024 ** 2),
  }));
  coordinator.stored = shown({ type: 'msg', steps });
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(`GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(() => coordinator.asked.length === 1);
  await new Promise<void>((resolve) => {
    const look = () => server.openConnections().then((count) => (count === 0 ? resolve() : setImmediate(look)));
    look();
  });
  socket.destroy();
});

both('a waiting client that leaves costs nothing, and the coordinator goes on', async () => {
  const { server, base, coordinator, observed } = await start();
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  coordinator.standing = { transaction: held(shown({}, { status: 'succeed' })), trouble: undefined };
  const leave = new AbortController();
  const waiting = fetch(`${base}${tests.root}/api/dtmsvr/submit`, {
    method: 'POST',
    body: '{"gid":"g","trans_type":"saga","wait_result":true}',
    signal: leave.signal,
  });
  await until(() => coordinator.asked.length === 1);
  leave.abort();
  await assert.rejects(waiting);
  open();
  await until(() => observed.length === 1);
  assert.deepEqual(observed, ['http submit ok']);
  await server.close(1000);
});

both('closing lets what is under way end, then cuts', async () => {
  const { server, base, coordinator } = await start();
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  const submit = () => fetch(`${base}${tests.root}/api/dtmsvr/submit`, { method: 'POST', body: saga });
  const waiting = submit();
  await until(() => coordinator.asked.length === 1);
  const closing = server.close(5000);
  await assert.rejects(submit(), 'nobody listens any more');
  open();
  const answer = await waiting;
  assert.deepEqual([answer.status, answer.headers.get('connection')], [200, 'close']);
  await closing;
  await server.close(0);
});

both('who waits still at the end of the grace is told that it stops, before the connection is closed', async () => {
  const { server, port, base, coordinator } = await start();
  coordinator.gate = new Promise(() => undefined);
  const whole = raw(port, head(`Content-Length: ${saga.length}`) + saga);
  // What is behind it is not begun any more.
  const pipelined = raw(port, (head(`Content-Length: ${saga.length}`) + saga).repeat(3));
  const rpc = fetch(`${base}${tests.root}/api/json-rpc`, {
    method: 'POST',
    body: `{"jsonrpc":"2.0","id":"a","method":"submit","params":${saga}}`,
  });
  await until(() => coordinator.asked.length === 3);
  await server.close(400);
  for (const text of await Promise.all([whole, pipelined])) {
    assert.match(
      text,
      /^HTTP\/1\.1 503 .*\{"message":"the coordinator stops, and no answer was ready: what was asked for goes on, ask again"\}$/s,
    );
    assert.match(text, /\r\nRetry-After: 1\r\n/);
    assert.match(text, /\r\nConnection: close\r\n/);
    assert.doesNotMatch(text, /FAILURE|ONGOING/);
    assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1);
  }
  const answer = await rpc;
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  assert.match(await answer.text(), /"error":\{"code":-32603,"message":"the coordinator stops/);
  assert.equal(coordinator.asked.length, 3);
});

both('closing lets a client read its answer to the end, and closes what is idle', async () => {
  const { server, port, coordinator } = await start();
  coordinator.stored = shown({ customData: 'x'.repeat(32 * 1024 ** 2) });
  const ask = `GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const idle = connect(port, '127.0.0.1');
  idle.write(`GET ${tests.root}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(idle, 'data');
  const socket = connect(port, '127.0.0.1');
  let bytes = 0;
  socket.once('data', () => socket.pause());
  socket.on('data', (data) => {
    bytes += data.length;
  });
  socket.write(ask);
  await until(() => bytes > 0);
  const closing = server.close(20_000);
  await once(idle, 'close');
  socket.resume();
  await closing;
  assert.ok(bytes > 32 * 1024 ** 2, `${bytes} bytes came`);
});

both('a client that reads nothing does not hold up a stop', async () => {
  const { server, port, coordinator } = await start();
  coordinator.stored = shown({ customData: 'x'.repeat(32 * 1024 ** 2) });
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(`GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(() => coordinator.asked.length === 1);
  await server.close(50);
  socket.destroy();
});

test('a port that is taken is said so', async () => {
  const { port } = await start();
  await assert.rejects(start({ settings: { ...httpDefaults, port } }, port), { code: 'EADDRINUSE' });
});

both('of many requests that come at once only some begin in each round of the event loop', async () => {
  const { server, port, coordinator } = await start();
  const connections = 600;
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  // The system connects before the server accepts, which is one a round.
  await until(async () => (await server.openConnections()) === connections);
  const answered = Promise.all(sockets.map((socket) => once(socket, 'data')));
  let most = 0;
  let before = 0;
  let isOver = false;
  const watch = () => {
    most = Math.max(most, coordinator.asked.length - before);
    before = coordinator.asked.length;
    if (!isOver) setImmediate(watch);
  };
  watch();
  const request = `POST ${tests.root}/api/dtmsvr/submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${saga.length}\r\n\r\n${saga}`;
  for (const socket of sockets) socket.write(request);
  await answered;
  isOver = true;
  assert.equal(coordinator.asked.length, connections);
  // One look of this test may see two rounds.
  assert.ok(most > 1 && most <= 256, `${most} began in one round`);
  for (const socket of sockets) socket.destroy();
  await server.close(0);
});

both('large bodies are read one each round of the event loop: who asks meanwhile is served between two', async () => {
  const { port, coordinator } = await start();
  const large = 8;
  const sockets = await Promise.all(
    Array.from({ length: large + 1 }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  const probe = sockets.pop() ?? assert.fail();
  const body = `{"gid":"g","trans_type":"saga","x":"${'x'.repeat(100_000)}"}`;
  const answered = Promise.all([probe, ...sockets].map((socket) => once(socket, 'data')));
  for (const socket of sockets) socket.write(`${head(`Content-Length: ${body.length}`)}${body.slice(0, -1)}`);
  let submits = large;
  coordinator.unready = () => {
    submits = coordinator.asked.length;
    return undefined;
  };
  // Until all but the last bytes have been received.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const socket of sockets) socket.write('}');
  probe.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await answered;
  assert.equal(coordinator.asked.length, large);
  assert.ok(submits < large, `${submits} large bodies were read before the probe was answered`);
  for (const socket of [probe, ...sockets]) socket.destroy();
});
