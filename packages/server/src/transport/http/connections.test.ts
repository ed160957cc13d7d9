import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { httpDefaults } from './settings.ts';
import { held, raw, shown, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both, start } = tests;

const head = (...lines: string[]) =>
  [`POST ${tests.root}/api/dtmsvr/submit HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const saga = '{"gid":"g","trans_type":"saga"}';

test('a client that asks for a tunnel and resets the connection is one that left', async () => {
  const { port, server } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write('CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  socket.resetAndDestroy();
  await until(async () => (await server.openConnections()) === 0);
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
