import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { sendingCall } from '../../../engine/testing/calls.ts';
import { ManualRuntime } from '../../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../../runtime.ts';
import { Dialer, type DialRequest, type DialResult } from '../../dial/dialer.ts';
import { certificates } from '../../testing/certificates.ts';
import { callOf, messageOf, send, until } from '../../testing/services.ts';
import { defaultSenderLimits, HttpSender } from '../http-sender.ts';
import type { SenderLimits } from '../limits.ts';

const { ca, cert, key } = certificates();
const trusted = createSecureContext({ ca });

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
}

/** A service over TLS that speaks HTTP/2 only, unless the options say otherwise. */
async function service(talk: (call: Arrived) => void, options: SecureServerOptions = {}, port = 0) {
  const server = createSecureServer({ cert, key, allowHTTP1: false, ...options });
  const sessions: ServerHttp2Session[] = [];
  const calls: Arrived[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      if (stream.session === undefined) return;
      const call = { headers, body: Buffer.concat(chunks).toString(), stream, session: stream.session };
      calls.push(call as Arrived);
      talk(call as Arrived);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  closers.unshift(close);
  const { port: bound } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${bound}`, port: bound, sessions, calls, server, close };
}

function senderWith(limits: Partial<SenderLimits> = {}, runtime = systemRuntime): HttpSender {
  const sender = new HttpSender({
    runtime,
    upkeep: systemRuntime,
    dialer: new Dialer({ upkeep: systemRuntime, trust: () => trusted }),
    limits: { ...defaultSenderLimits, ...limits },
    version: '1.2.3',
  });
  closers.unshift(() => sender.close());
  return sender;
}

const ok = ({ stream }: Pick<Arrived, 'stream'>, body = ''): void => {
  stream.respond({ ':status': 200 });
  stream.end(body);
};

test('a service that speaks HTTP/2 only is called by it, over one connection', async () => {
  const { url, calls, sessions } = await service((call) => ok(call, '{"dtm_result":"SUCCESS"}'));
  const sender = senderWith();
  const headers = { 'X-Name': 'Zürich', Host: 'orders.test', 'HTTP2-Settings': 'AAMAAABk' };
  const first = await send(`${url}/a?b='c`, { payload: '{"x":1}', headers }, sender);
  assert.deepEqual([first.outcome.kind, first.health, first.note], ['success', 'ok', undefined]);
  const [call] = calls;
  assert.equal(call?.body, '{"x":1}');
  assert.match(`${call?.headers[':path']}`, /^\/a\?b='c&branch_id=01&gid=s1/);
  assert.deepEqual(
    [':method', ':scheme', ':authority', 'content-type', 'content-length'].map((name) => call?.headers[name]),
    ['POST', 'https', 'orders.test', 'application/json', '7'],
  );
  assert.equal(Buffer.from(`${call?.headers['x-name']}`, 'latin1').toString(), 'Zürich');
  const more = await Promise.all(Array.from({ length: 20 }, () => send(`${url}/b`, {}, sender)));
  assert.deepEqual([...new Set(more.map(({ outcome }) => outcome.kind))], ['success']);
  assert.equal(calls.at(-1)?.headers[':method'], 'GET');
  assert.equal(calls.at(-1)?.headers['content-type'], undefined);
  assert.deepEqual([calls.length, sessions.length], [21, 1]);
});

test('the answer is judged like any other', async () => {
  const answers: readonly (readonly [path: string, headers: OutgoingHttpHeaders, body: string])[] = [
    ['/failure', { ':status': 409 }, 'no'],
    ['/later', { ':status': 503, 'retry-after': '7' }, ''],
    ['/long', { ':status': 200 }, 'x'.repeat(2000)],
    ['/moved', { ':status': 307, location: '/empty' }, ''],
    ['/counted', { ':status': 200, 'content-length': '2' }, 'ok'],
  ];
  const { url } = await service(({ headers, stream }) => {
    const path = `${headers[':path']}`;
    const [, head, body] = answers.find(([known]) => path.startsWith(known)) ?? [];
    if (head === undefined) {
      if (path.startsWith('/early')) stream.additionalHeaders({ ':status': 103 });
      stream.respond({ ':status': 200 }, { endStream: true });
    } else {
      stream.respond(head);
      stream.end(body);
    }
  });
  const sender = senderWith({ answerBytes: 1024 });
  const told = async (path: string) => {
    const { outcome, health } = await send(url + path, { payload: '{}' }, sender);
    return [outcome.kind, health, outcome.kind === 'error' ? outcome.retryAfterMs : 0];
  };
  assert.deepEqual(await told('/failure'), ['failure', 'ok', 0]);
  assert.deepEqual(await told('/later'), ['error', 'unavailable', 7000]);
  assert.deepEqual(await told('/long'), ['error', 'ok', 0]);
  for (const path of ['/empty', '/early', '/moved', '/counted'])
    assert.deepEqual(await told(path), ['success', 'ok', 0], path);
});

test('long requests and answers are whole, many at once', async () => {
  const { url, calls } = await service(({ headers, body, stream }) => {
    stream.respond({ ':status': 200 });
    if (`${headers[':path']}`.startsWith('/long')) stream.end(`{"x":"${'é'.repeat(450_000)}","dtm_result":"FAILURE"}`);
    else stream.end(body.length === 16 * 1024 * 1024 ? '{"dtm_result":"FAILURE"}' : '');
  });
  // Much less than they have together: most of them are told to wait.
  const sender = senderWith({ readingBytes: 100_000 });
  const sent = await Promise.all([
    send(`${url}/sent`, { payload: 'x'.repeat(16 * 1024 * 1024), timeoutMs: 60_000 }, sender),
    ...Array.from({ length: 8 }, () => send(`${url}/long`, { timeoutMs: 60_000 }, sender)),
  ]);
  assert.deepEqual([...new Set(sent.map(({ outcome }) => outcome.kind))], ['failure']);
  assert.equal(calls.length, 9);
});

test('an answer that is told to wait stops its service, and no other call of its connection', async () => {
  const waiting: ServerHttp2Stream[] = [];
  let written = 0;
  const { url, sessions } = await service(({ headers, stream }) => {
    stream.respond({ ':status': 200 });
    if (!`${headers[':path']}`.startsWith('/long')) {
      stream.end();
      return;
    }
    waiting.push(stream);
    // The first one stands still for a while, with more than all may keep.
    const pieces = waiting.length === 1 ? 3 : 50;
    for (let piece = 0; piece < pieces; piece += 1) stream.write('x'.repeat(16_384), () => (written += 1));
  });
  const sender = senderWith({ readingBytes: 20_000 });
  const first = send(`${url}/long`, { timeoutMs: 60_000 }, sender);
  await until(() => written === 3);
  const second = send(`${url}/long`, { timeoutMs: 60_000 }, sender);
  await until(() => written >= 4);
  for (let call = 0; call < 20; call += 1) {
    assert.equal((await send(`${url}/short`, {}, sender)).outcome.kind, 'success');
  }
  assert.ok(written <= 3 + 8, `${written - 3} pieces of 16 KiB`);
  waiting[0]?.end();
  waiting[1]?.end('{"dtm_result":"FAILURE"}');
  assert.equal((await first).outcome.kind, 'success');
  assert.equal((await second).outcome.kind, 'failure');
  assert.deepEqual([written, sessions.length], [53, 1]);
});

test('HTTP/1.1 is spoken wherever it is offered, also where it is offered later', async () => {
  const both = await service(() => undefined, { allowHTTP1: true });
  const versions: string[] = [];
  both.server.on('request', (request, response) => {
    versions.push(request.httpVersion);
    response.end();
  });
  const sender = senderWith();
  assert.equal((await send(`${both.url}/a`, {}, sender)).outcome.kind, 'success');
  assert.deepEqual(versions, ['1.1']);

  const first = await service(ok);
  assert.equal((await send(`${first.url}/a`, {}, sender)).outcome.kind, 'success');
  first.close();
  const second = createHttpsServer({ cert, key }, (_request, response) => response.end());
  second.listen(first.port, '127.0.0.1');
  await once(second, 'listening');
  closers.unshift(() => second.close().closeAllConnections());
  assert.equal((await send(`${first.url}/a`, {}, sender)).outcome.kind, 'success');
});

test('what the service says that it has not processed is sent again, once', async () => {
  let isRefusing = true;
  const { url, calls } = await service((call) => {
    if (isRefusing) call.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else ok(call);
    isRefusing = false;
  });
  const sender = senderWith();
  const refused = await send(`${url}/a`, { payload: '{}' }, sender);
  assert.deepEqual([refused.outcome.kind, refused.health, calls.length], ['success', 'ok', 2]);
  assert.match(refused.note ?? '', /^sent twice/);

  const going = await service((call) => {
    // It has processed the first stream, and not the second one.
    if (going.calls.length === 2) call.session.goaway(constants.NGHTTP2_NO_ERROR, 1);
    else ok(call);
  });
  await send(`${going.url}/a`, { payload: '{}' }, sender);
  const again = await send(`${going.url}/a`, { payload: '{}' }, sender);
  assert.deepEqual([again.outcome.kind, going.calls.length, going.sessions.length], ['success', 3, 2]);
});

test('what may have run is not sent again: a reset, a lost connection', async () => {
  const { url, calls } = await service(({ headers, stream, session }) => {
    if (headers[':path']?.startsWith('/reset')) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else if (headers[':path']?.startsWith('/half')) {
      stream.respond({ ':status': 200 });
      stream.write('{"dtm_result":', () => session.destroy());
    } else session.destroy();
  });
  const sender = senderWith();
  const reset = await send(`${url}/reset`, { payload: '{}' }, sender);
  assert.equal(
    messageOf(reset),
    'the connection was lost before the whole answer came: the service reset the call (INTERNAL_ERROR)',
  );
  const half = await send(`${url}/half`, { payload: '{}' }, sender);
  const gone = await send(`${url}/gone`, { payload: '{}' }, senderWith());
  assert.match(
    messageOf(half),
    /^the connection was lost before the whole answer came: the service (closed it|is going away)$/,
  );
  for (const { outcome, health } of [reset, half, gone])
    assert.deepEqual([outcome.kind, health], ['error', 'unavailable']);
  assert.equal(calls.length, 3);
});

test('a call that is given up is cancelled; where nothing was heard the next one gets another connection', async () => {
  const { url, calls, sessions } = await service((call) => {
    if (sessions.length > 1) ok(call);
  });
  const runtime = new ManualRuntime();
  const sender = senderWith({}, runtime);
  const late = send(`${url}/a`, { payload: '{}', timeoutMs: 60 }, sender);
  await until(() => calls.length === 1);
  await runtime.advance(60);
  assert.equal(messageOf(await late), 'no whole answer within 60 ms');
  await until(() => calls[0]?.stream.rstCode === constants.NGHTTP2_CANCEL);
  assert.equal((await send(`${url}/a`, {}, sender)).outcome.kind, 'success');
  assert.equal(sessions.length, 2);
});

test('more calls than the service takes at once get more connections', async () => {
  const { url, sessions } = await service(ok, { settings: { maxConcurrentStreams: 2 } });
  const sender = senderWith();
  const sent = await Promise.all(Array.from({ length: 7 }, () => send(`${url}/a`, {}, sender)));
  assert.deepEqual([...new Set(sent.map(({ outcome }) => outcome.kind))], ['success']);
  assert.ok(sessions.length > 1);
});

test('a connection without calls is closed after a while, and at the end', async () => {
  const { url, sessions } = await service(ok);
  await send(`${url}/a`, {}, senderWith({ idleMs: 20 }));
  await until(() => sessions.length === 1 && sessions[0]?.destroyed === true);
  const sender = senderWith();
  await send(`${url}/a`, {}, sender);
  await sender.close();
  await until(() => sessions[1]?.destroyed === true);
});

test('what fails before the service has said that it speaks HTTP/2 was not sent', async () => {
  const server = createTlsServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.unshift(() => server.close());
  const { port } = server.address() as AddressInfo;
  const failed = await send(`https://127.0.0.1:${port}/a`, { payload: '{}' }, senderWith());
  assert.deepEqual([failed.outcome.kind, failed.health], ['error', 'connect']);
  assert.match(messageOf(failed), /^cannot connect: 127\.0\.0\.1: /);
});

test('a call that must not go any more does not', async () => {
  const { url, calls } = await service(ok);
  const sender = senderWith();
  const withdrawn = await new Promise((ended) => {
    sender.send(
      sendingCall(
        callOf(`${url}/a`),
        (answer) => ended(answer.health),
        () => false,
      ),
    );
  });
  assert.equal(withdrawn, 'withdrawn');
  assert.equal((await send(`${url}/b`, {}, sender)).outcome.kind, 'success');
  assert.equal(calls.length, 1);
});

test('a service that reads no more does not keep its connection', async () => {
  let open = 0;
  const settings = Buffer.from('00000604000000000000047fffffff0000040800000000007fff0000', 'hex');
  const server = createTlsServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(settings);
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > 100_000) socket.pause();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.unshift(() => server.close());
  const upkeep = new ManualRuntime();
  const dialer = new Dialer({ upkeep: systemRuntime, trust: () => trusted });
  const watched = {
    dial: (request: DialRequest, done: (result: DialResult) => void) =>
      dialer.dial(request, (result) => {
        if ('ok' in result) {
          open += 1;
          result.ok.socket.on('close', () => (open -= 1));
        }
        done(result);
      }),
  };
  const limits = defaultSenderLimits;
  const own = new HttpSender({ runtime: systemRuntime, upkeep, dialer: watched as Dialer, limits, version: '1' });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await send(url, { payload: 'x'.repeat(16 * 1024 * 1024), timeoutMs: 400 }, own);
  assert.match(messageOf(answer), /^no whole answer within 400 ms/);
  assert.equal(open, 1, 'what is still to be written waits a moment');
  for (let turn = 0; open > 0 && turn < 500; turn += 1) await upkeep.advance(1000);
  assert.equal(open, 0);
  await own.close();
});
