import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { LongTurns } from '../../../engine/long-turns.ts';
import { answer, errorAnswer } from '../answer.ts';
import { Intake } from '../intake.ts';
import type { Asker } from '../request-head.ts';
import { httpDefaults } from '../settings.ts';
import { raw, type Started, start as startServer, until, ways } from '../testing.ts';
import { Lane } from './lane.ts';

const started: Started[] = [];
afterEach(() => Promise.all(started.splice(0).map(({ server }) => server.close(0))));

async function start(settings: Partial<typeof httpDefaults> = {}): Promise<Started> {
  const one = await startServer({ settings: { ...httpDefaults, ...settings } });
  started.push(one);
  return one;
}

/** URLs that node:http served, in this process. */
const byNode: string[] = [];
diagnostics.subscribe('http.server.request.start', (message) => {
  byNode.push((message as { request: IncomingMessage }).request.url ?? '');
});

const saga = '{"gid":"g","trans_type":"saga","custom_data":"é"}';
const bytes = Buffer.byteLength(saga);
const post = (root: string, ...lines: string[]) =>
  [`POST ${root}/api/dtmsvr/submit HTTP/1.1`, 'Host: localhost', `Content-Length: ${bytes}`, ...lines, '', saga].join(
    '\r\n',
  );
const get = (root: string, ...lines: string[]) =>
  [`GET ${root}/api/dtmsvr/newGid HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const last = 'Connection: close';

test('what SDKs send stays in the lane, also with a query, an identity or a trace', async () => {
  const { port, coordinator } = await start();
  byNode.length = 0;
  const requests = [
    post(''),
    post('', 'Authorization: Bearer x', 'traceparent: 00-1', 'X-Request-ID: 7', 'Cookie: a=b'),
    post('').replace('submit', 'submit?a=b'),
    get(''),
    get('', 'User-Agent: Go-http-client/1.1', 'Accept-Encoding: gzip'),
    get('', last),
  ];
  const answers = await raw(port, requests.join(''));
  assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, requests.length);
  assert.deepEqual(byNode, []);
  assert.equal(coordinator.asked.length, 3);
});

test('an answer is the same by both ways, byte by byte', async () => {
  const { port, coordinator } = await start();
  coordinator.reason = 'é starts';
  const rpc = '{"jsonrpc":"2.0","id":"é","method":"nothing"}';
  const requests = (root: string) => [
    post(root, last),
    get(root, last),
    get(root, last).replace('dtmsvr/newGid', 'dtmsvr/query'),
    get(root, last).replace('/api/dtmsvr/newGid', '/readyz'),
    post(root, last).replace('"g"', '""#'),
    `POST ${root}/api/json-rpc HTTP/1.1\r\nHost: localhost\r\n${last}\r\nContent-Length: ${Buffer.byteLength(rpc)}\r\n\r\n${rpc}`,
  ];
  for (const [index, text] of requests('').entries()) {
    byNode.length = 0;
    const byLane = await raw(port, text);
    assert.deepEqual(byNode, []);
    const other = await raw(port, requests('/')[index] ?? '');
    assert.equal(byNode.length, 1);
    assert.equal(byLane.replace(/Date: .*/, ''), other.replace(/Date: .*/, ''));
  }
  const kept = async (root: string) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(get(root));
    const [data] = await once(socket, 'data');
    socket.destroy();
    return String(data).replace(/Date: .*/, '');
  };
  assert.equal(await kept(''), await kept('/'));
});

test('a request may be cut anywhere, and what follows it is served', async () => {
  const { port, coordinator } = await start();
  for (const { root } of ways) {
    const text = Buffer.from(post(root) + get('/', last));
    for (let at = 1; at < text.length; at += 1) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let answers = '';
      socket.on('data', (data) => {
        answers += data;
      });
      socket.write(text.subarray(0, at));
      await until(() => socket.bytesWritten === at);
      for (let round = 0; round < 3; round += 1) await nextRound();
      socket.write(text.subarray(at));
      await once(socket, 'close');
      assert.match(answers, /^HTTP\/1\.1 200 .*SUCCESS"\}HTTP\/1\.1 200 .*"gid-1"\}$/s, `cut at ${at}`);
    }
    assert.equal(coordinator.asked.length, text.length - 1);
    coordinator.asked.length = 0;
  }
});

test('a body may come in many reads, and is what was sent', async () => {
  const { port, coordinator } = await start();
  const long = JSON.stringify({ gid: 'g', trans_type: 'saga', custom_data: 'xyé'.repeat(100_000) });
  const head = `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(long)}\r\n\r\n`;
  byNode.length = 0;
  const answers = await raw(port, head + long + get('', last));
  assert.match(answers, /SUCCESS"\}HTTP\/1\.1 200 .*"gid-1"\}$/s);
  assert.deepEqual(byNode, []);
  const [, asked] = coordinator.asked[0] ?? [];
  assert.equal((asked as { customData: string }).customData, 'xyé'.repeat(100_000));
});

test('a hundred requests in one write are answered one after the other, in their order', async () => {
  const { port, coordinator } = await start();
  let text = '';
  for (let index = 0; index < 100; index += 1) text += post('').replace('"g"', `"${index % 10}"`);
  const answers = await raw(port, text + get('', last));
  assert.equal(answers.match(/SUCCESS/g)?.length, 101);
  assert.deepEqual(
    coordinator.asked.map(([, asked]) => (asked as { gid: string }).gid),
    Array.from({ length: 100 }, (_, index) => String(index % 10)),
  );
});

test('a request that is refused at once leaves nothing to the one behind it', async () => {
  const { port, coordinator } = await start();
  const bad = `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{`;
  const badQuery = get('').replace('newGid', 'query?gid=%ff');
  const answers = await raw(port, bad + post('') + badQuery + bad + get('', last));
  assert.deepEqual(
    answers.match(/HTTP\/1\.1 \d+/g),
    [400, 200, 400, 400, 200].map((status) => `HTTP/1.1 ${status}`),
  );
  assert.equal(coordinator.asked.length, 1);
});

test('what comes behind a request for node:http stays with node:http, in its order', async () => {
  const { port } = await start();
  byNode.length = 0;
  const answers = await raw(port, get('') + post('//') + post('') + get('', last));
  assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 4);
  assert.deepEqual(byNode, ['///api/dtmsvr/submit', '/api/dtmsvr/submit', '/api/dtmsvr/newGid']);
});

for (const { way, root } of ways) {
  test(`a client that closes its side after its request is answered (${way})`, async () => {
    const { port, coordinator } = await start();
    const { promise, resolve: open } = Promise.withResolvers<void>();
    coordinator.gate = promise;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(post(root));
    let answers = '';
    socket.on('data', (data) => {
      answers += data;
    });
    await until(() => coordinator.asked.length === 1);
    for (let round = 0; round < 5; round += 1) await nextRound();
    open();
    await once(socket, 'close');
    assert.match(answers, /^HTTP\/1\.1 200 .*SUCCESS"\}$/s);
    assert.match(await raw(port, post(root) + get(root, last)), /SUCCESS"\}HTTP/);
  });

  test(`one that closes its side and is not answered in time is let go (${way})`, async () => {
    const { port, coordinator, server } = await start({ halfClosedTimeoutMs: 50, headTimeoutMs: 50 });
    coordinator.gate = new Promise(() => undefined);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    socket.end(post(root));
    await until(() => coordinator.asked.length === 1);
    await until(async () => (await server.openConnections()) === 0);
    socket.destroy();
  });

  test(`a client that ends in the middle of its request is refused (${way})`, async () => {
    const { port, coordinator } = await start();
    for (const cut of [10, post(root).length - 5]) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      let answers = '';
      socket.on('data', (data) => {
        answers += data;
      });
      socket.end(post(root).slice(0, cut));
      await once(socket, 'close');
      assert.match(answers, /^HTTP\/1\.1 400 .*not valid HTTP"\}$/s, String(cut));
    }
    assert.deepEqual(coordinator.asked, []);
  });

  test(`an idle connection is closed in time (${way})`, async () => {
    const { port } = await start({ keepAliveTimeoutMs: 50, headTimeoutMs: 100 });
    const socket = connect(port, '127.0.0.1');
    socket.write(get(root));
    await once(socket, 'data');
    await once(socket, 'close');
  });

  test(`closing ends idle connections at once (${way})`, async () => {
    const { port, server } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(get(root));
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await server.close(60_000);
    await closed;
  });

  test(`the system asks whether the other side is still there (${way})`, {
    skip: !existsSync('/proc/net/tcp'),
  }, async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(get(root));
    await once(socket, 'data');
    const isOurs = (line: string) => new RegExp(`:${hex(port)} [0-9A-F]+:${hex(socket.localPort ?? 0)} 01`).test(line);
    // The kind of timer of the socket: 02 is TCP keep-alive.
    const timer = () =>
      readFileSync('/proc/net/tcp', 'utf8').split('\n').find(isOurs)?.trim().split(/\s+/)[5]?.slice(0, 2);
    await until(() => timer() === '02');
    socket.destroy();
  });
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

test('TLS and HTTP/2 are told what this port speaks', async () => {
  const { port } = await start();
  const hello = Buffer.from('160301020001000001fc0303', 'hex');
  assert.match(await raw(port, hello), /^HTTP\/1\.1 400 .*"this port speaks HTTP\/1\.1 without TLS, .*http:\/\//s);
  assert.match(await raw(port, hello.subarray(0, 1)), /without TLS/);
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  assert.match(await raw(port, preface), /^HTTP\/1\.1 400 .*"this port speaks HTTP\/1\.1, .*grpc\.port/s);
});

test('identity, trace and request id are handed on, of each request its own', async () => {
  const seen: (string | undefined)[][] = [];
  const observer = {
    route: () => () => undefined,
    unknownFields: () => undefined,
    answered: () => undefined,
    broke: () => undefined,
  };
  const intake = new Intake(httpDefaults, observer, new LongTurns(setImmediate));
  const handle = async (_body: Buffer, _parameters: URLSearchParams, { head, remoteAddress }: Asker) => {
    seen.push([head.authorization, head.traceparent, head.requestId, remoteAddress]);
    return answer(200, '');
  };
  const lane = new Lane([{ path: '/a', methods: ['POST'], handle, refuse: errorAnswer }], intake, (socket: Socket) =>
    socket.destroy(),
  );
  const server = createServer({ allowHalfOpen: true }, (socket) => lane.accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ask = (...lines: string[]) =>
    ['POST /a HTTP/1.1', 'Host: localhost', 'Content-Length: 0', ...lines, '', ''].join('\r\n');
  await raw(
    port,
    ask('Authorization: one', 'traceparent: 1', 'x-request-id: a'),
    ask('Authorization: two', 'traceparent: 2', 'x-request-id: b'),
    ask('Connection: close'),
  );
  assert.deepEqual(seen, [
    ['one', '1', 'a', '127.0.0.1'],
    ['two', '2', 'b', '127.0.0.1'],
    [undefined, undefined, undefined, '127.0.0.1'],
  ]);
  lane.close();
  server.close();
});
