import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { raw, shown, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both, start } = tests;

const head = (...lines: string[]) =>
  [`POST ${tests.root}/api/dtmsvr/submit HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const saga = '{"gid":"g","trans_type":"saga"}';

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
