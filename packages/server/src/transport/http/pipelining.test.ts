import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { httpDefaults } from './settings.ts';
import { raw, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both, start } = tests;

const request = (method: string, path: string, ...lines: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const saga = '{"gid":"g","trans_type":"saga"}';
const submit = () => request('POST', `${tests.root}/api/dtmsvr/submit`, `Content-Length: ${saga.length}`) + saga;

/** Sends, and never reads. */
function deaf(port: number, text: string) {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(text);
  return socket;
}

both('pipelined requests are answered in their order', async () => {
  const { port } = await start();
  const one = request('GET', `${tests.root}/api/dtmsvr/newGid`);
  const last = request('GET', '/api/ping', 'Connection: close');
  const answer = await raw(port, one + submit() + last);
  assert.match(answer, /"gid":"gid-1".*\{"dtm_result":"SUCCESS"\}.*pong/s);
});

both('thousands of requests that come at once and are refused at once are each answered', async () => {
  const { port } = await start();
  const one = request('GET', `${tests.root}/healthz?%`);
  const last = request('GET', `${tests.root}/healthz?%`, 'Connection: close');
  const answers = await raw(port, one.repeat(2999) + last);
  assert.equal(answers.match(/HTTP\/1\.1 400 Bad Request/g)?.length, 3000);
});

both('of clients that pipeline and never read, one request each is served at a time', async () => {
  let answered = 0;
  const text = 'x'.repeat(16 * 1024 ** 2);
  const { parts } = await start();
  const observer = {
    ...parts.observer,
    answered: (_method: string, path: string) => {
      if (path === '/api/metrics') answered += 1;
    },
  };
  const { port, base } = await start({ observer, exposition: async () => ({ contentType: 'text/plain', text }) });
  const sockets = Array.from({ length: 5 }, () =>
    deaf(port, request('GET', `${tests.root}/api/metrics`).repeat(10_000)),
  );
  await until(() => answered === sockets.length);
  for (let time = 0; time < 20; time += 1) assert.equal((await fetch(`${base}${tests.root}/healthz`)).status, 200);
  assert.equal(answered, sockets.length);
  for (const socket of sockets) socket.destroy();
});

test('every kind of request waits for the answer before it', async () => {
  const { port, coordinator } = await start();
  const gate = Promise.withResolvers<void>();
  coordinator.gate = gate.promise;
  const chunked = `${request('POST', '//api/dtmsvr/submit', 'Transfer-Encoding: chunked')}${saga.length.toString(16)}\r\n${saga}\r\n0\r\n\r\n`;
  // The second one leaves the lane, with all that is behind it.
  const all = [
    submit(),
    request('GET', '/api/v1/transactions/g'),
    chunked,
    request('HEAD', '/api/ping'),
    request('GET', '//api/dtmsvr/all'),
    request('POST', '/api/dtmsvr/submit', 'Expect: 100-continue', `Content-Length: ${saga.length}`) + saga,
    submit(),
  ];
  const socket = connect(port, '127.0.0.1');
  let answers = '';
  socket.on('data', (data) => {
    answers += data;
  });
  socket.end(all.join('').repeat(3));
  await until(() => coordinator.asked.length === 1);
  gate.resolve();
  await once(socket, 'close');
  const names = coordinator.asked.map(([name]) => name);
  const each = ['submit', 'explain', 'submit', 'list', 'submit', 'submit'];
  assert.deepEqual(names, [...each, ...each, ...each]);
  assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g)?.slice(0, 8), [
    'HTTP/1.1 200',
    'HTTP/1.1 404',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    'HTTP/1.1 100',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
  ]);
  assert.equal(answers.match(/HTTP\/1\.1 \d+/g)?.length, 24);
});

both('what is behind a request that closes its connection is not served, and the answer arrives', async () => {
  const { port, coordinator } = await start();
  const last = submit().replace('Host', 'Connection: close\r\nHost');
  for (let time = 0; time < 20; time += 1) {
    const answers = await raw(port, submit() + last + submit().repeat(5000));
    assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  }
  assert.equal(coordinator.asked.length, 40);
});

both('a client that pipelines behind a request that takes long is not taken for a slow one', async () => {
  const { port, coordinator } = await start({ settings: { ...httpDefaults, headTimeoutMs: 50, requestTimeoutMs: 60 } });
  const gate = Promise.withResolvers<void>();
  coordinator.gate = gate.promise;
  const answer = raw(port, submit() + submit() + request('GET', `${tests.root}/api/ping`, 'Connection: close'));
  await until(() => coordinator.asked.length === 1);
  assert.match(await raw(port), /^HTTP.1\.1 408 /, 'meanwhile others are too slow');
  assert.match(await raw(port), /^HTTP.1\.1 408 /);
  gate.resolve();
  assert.match(await answer, /SUCCESS.*SUCCESS.*pong/s);
});

test('a chunked body full of empty lines is read like any other', async () => {
  const { port, coordinator } = await start();
  const body = saga.replace('{', `{${'\r\n\r\n'.repeat(20_000)}`);
  const text = `${request('POST', '//api/dtmsvr/submit', 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const answers = await raw(port, text.repeat(2) + request('GET', '/api/ping', 'Connection: close'));
  assert.match(answers, /SUCCESS.*SUCCESS.*pong/s);
  assert.equal(coordinator.asked.length, 2);
});

both('a client that closes its side behind several requests gets all answers', async () => {
  const { port, coordinator } = await start();
  const chunked = `${request('POST', `${tests.root}/api/dtmsvr/submit`, 'Transfer-Encoding: chunked')}${saga.length.toString(16)}\r\n${saga}\r\n0\r\n\r\n`;
  let open: () => void = () => undefined;
  coordinator.gate = new Promise((resolve) => {
    open = resolve;
  });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answers = '';
  socket.on('data', (data) => {
    answers += data;
  });
  socket.end(submit() + submit() + chunked + submit());
  await until(() => coordinator.asked.length > 0);
  for (let round = 0; round < 5; round += 1) await nextRound();
  open();
  await once(socket, 'close');
  assert.equal(answers.match(/HTTP\/1\.1 200 /g)?.length, 4);
  assert.equal(coordinator.asked.length, 4);
});
