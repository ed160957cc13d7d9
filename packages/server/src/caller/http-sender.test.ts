import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { BranchCall, Runtime, SentAnswer } from '../engine/ports.ts';
import { HttpSender } from './http-sender.ts';
import { defaultSenderLimits, type SenderLimits } from './limits.ts';

const runtime: Runtime = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (action) => setImmediate(action),
  random: () => 0,
  newId: () => 'id',
};

const closers: (() => Promise<unknown> | undefined)[] = [];
after(async () => {
  for (const close of closers) await close();
});

function senderWith(limits: Partial<SenderLimits> = {}): HttpSender {
  const sender = new HttpSender({ runtime, limits: { ...defaultSenderLimits, ...limits }, version: '1.2.3' });
  closers.push(() => sender.close());
  return sender;
}

const sender = senderWith();

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** A real service: what it saw, and its address. `answer` runs after the request's body was read. */
async function service(answer: (request: Seen, response: ServerResponse) => void, host = '127.0.0.1') {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      seen.push(one);
      answer(one, response);
    });
  };
  const server = createServer(listener);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listen(server, host);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, port, seen, sockets, server };
}

/** A service on the bare socket: `talk` runs once the head of the first request is there. */
async function rawService(talk: (socket: Socket, request: string) => void) {
  const server = createNetServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => talk(socket, chunk.toString('latin1')));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listen(server, '127.0.0.1');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${port}`, port, sockets };
}

async function listen(server: Server | NetServer, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  closers.unshift(async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function callOf(url: string, more: Partial<BranchCall> = {}): BranchCall {
  return {
    gid: 's1',
    type: 'saga',
    branchId: '01',
    op: 'action',
    url,
    protocol: 'http',
    payload: '',
    headers: {},
    timeoutMs: 5000,
    ...more,
  };
}

/** Sends, and fails if `done` comes before `send` has returned. */
function send(url: string, more: Partial<BranchCall> = {}, through = sender): Promise<SentAnswer> {
  return new Promise((resolve, reject) => {
    let hasReturned = false;
    let count = 0;
    through.send(callOf(url, more), (answer) => {
      count += 1;
      if (!hasReturned) reject(new Error('done came before send returned'));
      if (count > 1) throw new Error('done came twice');
      resolve(answer);
    });
    hasReturned = true;
  });
}

function messageOf({ outcome }: SentAnswer): string {
  return outcome.kind === 'success' ? '' : outcome.message;
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn += 1) {
    assert.ok(turn < 5000, 'the condition never came true');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test('POST with the payload unchanged, GET without body where there is none', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  const bytes = Uint8Array.from([0, 255, 128, 13, 10]);
  assert.equal((await send(`${url}/a1`, { payload: '{"amount": 30.10, "é": "日本"}' })).outcome.kind, 'success');
  await send(`${url}/a1`, { payload: bytes });
  await send(`${url}/a1`, { payload: bytes.subarray(1, 3) });
  await send(`${url}/a1`);
  assert.deepEqual(
    seen.map(({ method, body }) => [method, body.toString('hex')]),
    [
      ['POST', Buffer.from('{"amount": 30.10, "é": "日本"}').toString('hex')],
      ['POST', '00ff800d0a'],
      ['POST', 'ff80'],
      ['GET', ''],
    ],
  );
  assert.equal(seen[3]?.headers['content-length'], undefined);
  assert.equal(seen[3]?.headers['transfer-encoding'], undefined);
  assert.equal(seen[1]?.headers['content-length'], '5');
});

test('what names the branch is appended to the query, in order and encoded', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  const query = 'branch_id=01&gid=s1&op=action&trans_type=saga';
  for (const path of ['/a', '/a?', '/a?a=1', '/a?a=1&', '/a?gid=x', '/a#part', '/a?b=%20#part', '', '/a%2Fb/ü']) {
    await send(url + path);
  }
  await send(`${url}/a`, { gid: 'a b/ü&=?\ud800', branchId: '01-02', op: 'msg', type: 'msg' });
  assert.deepEqual(
    seen.map((request) => request.url),
    [
      `/a?${query}`,
      `/a?${query}`,
      `/a?a=1&${query}`,
      `/a?a=1&${query}`,
      `/a?gid=x&${query}`,
      `/a?${query}`,
      `/a?b=%20&${query}`,
      `/?${query}`,
      `/a%2Fb/%C3%BC?${query}`,
      '/a?branch_id=01-02&gid=a%20b%2F%C3%BC%26%3D%3F%EF%BF%BD&op=msg&trans_type=msg',
    ],
  );
});

test('headers: ours, then the branch headers, the later one wins whatever its case', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  await send(`${url}/a`, { payload: '{}' });
  const plain = seen[0]?.headers;
  assert.equal(plain?.['content-type'], 'application/json');
  assert.equal(plain?.['accept'], 'application/json');
  assert.equal(plain?.['user-agent'], 'holdfast/1.2.3');
  await send(`${url}/a`, {
    payload: '{}',
    headers: { 'x-one': '1', 'CONTENT-type': 'text/plain', 'X-One': '2', 'X-Empty': '', 'X-Text': 'é日' },
  });
  const own = seen[1]?.headers;
  assert.equal(own?.['content-type'], 'text/plain');
  assert.equal(own?.['x-one'], '2');
  assert.equal(own?.['x-empty'], '');
  assert.equal(Buffer.from(own?.['x-text']?.toString() ?? '', 'latin1').toString(), 'é日');
  assert.equal(seen[1]?.rawHeaders.filter((name) => name.toLowerCase() === 'content-type').length, 1);
});

test('headers that frame the message are ours alone; Host may be set', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  const headers = {
    'Content-Length': '99',
    'Transfer-Encoding': 'chunked',
    Connection: 'close',
    Expect: '100-continue',
    Host: 'pay.example',
  };
  const answer = await send(`${url}/a`, { payload: '{}', headers });
  assert.equal(answer.outcome.kind, 'success');
  assert.equal(seen[0]?.headers['content-length'], '2');
  assert.equal(seen[0]?.headers.host, 'pay.example');
});

test('a malformed header is an error that names it and does not echo it', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  for (const headers of [{ 'X-Bad': 'FAILURE\r\nX: y' }, { 'X FAILURE': 'y' }, { '': 'y' }]) {
    const answer = await send(`${url}/a`, { headers });
    assert.equal(answer.outcome.kind, 'error');
    assert.equal(answer.health, 'ok');
    assert.match(messageOf(answer), /branch header/);
    assert.doesNotMatch(messageOf(answer), /FAILURE/);
  }
  assert.equal(seen.length, 0);
});

test('the verdict follows code and text', async () => {
  const { url } = await service((request, response) => {
    const [, code, text] = request.url?.split(/[/?]/) ?? [];
    response.writeHead(Number(code)).end(decodeURIComponent(text ?? ''));
  });
  const cases: [path: string, kind: string, health: string, message?: string][] = [
    ['200/', 'success', 'ok'],
    ['425/', 'ongoing', 'ok'],
    ['200/ONGOING FAILURE', 'ongoing', 'ok'],
    ['409/no money', 'failure', 'ok', 'no money FAILURE'],
    ['500/xx FAILURE', 'failure', 'ok', 'xx FAILURE'],
    ['201/', 'error', 'ok', 'HTTP 201'],
    ['204/', 'error', 'ok', 'HTTP 204'],
    ['500/oops', 'error', 'ok', 'HTTP 500: oops'],
    ['404/', 'error', 'ok', 'HTTP 404'],
    ['502/', 'error', 'unavailable', 'HTTP 502'],
    ['503/', 'error', 'unavailable', 'HTTP 503'],
    ['504/', 'error', 'unavailable', 'HTTP 504'],
    ['503/FAILURE', 'failure', 'ok', 'FAILURE'],
  ];
  for (const [path, kind, health, message] of cases) {
    const answer = await send(`${url}/${path}`);
    assert.equal(answer.outcome.kind, kind, path);
    assert.equal(answer.health, health, path);
    if (message !== undefined) assert.equal(messageOf(answer), message);
  }
});

test('Retry-After in seconds and as a date', async () => {
  const { url } = await service((request, response) => {
    const value = request.url?.startsWith('/date') ? new Date(Date.now() + 90_000).toUTCString() : '7';
    response.writeHead(503, { 'Retry-After': value }).end();
  });
  const seconds = await send(`${url}/seconds`);
  assert.ok(seconds.outcome.kind === 'error' && seconds.outcome.retryAfterMs === 7000);
  const date = await send(`${url}/date`);
  assert.ok(date.outcome.kind === 'error' && Math.abs(date.outcome.retryAfterMs - 90_000) < 5000);
});

test('compressed answers are judged on the decoded text', async () => {
  const encoders: Record<string, (text: string) => Buffer> = {
    gzip: (text) => gzipSync(text),
    deflate: (text) => deflateSync(text),
    'raw-deflate': (text) => deflateRawSync(text),
    br: (text) => brotliCompressSync(text),
    'gzip, br': (text) => brotliCompressSync(gzipSync(text)),
    'utf-8': (text) => Buffer.from(text),
  };
  const { url, seen } = await service((request, response) => {
    const name = decodeURIComponent(request.url?.split(/[/?]/)[1] ?? '');
    const text = request.url?.includes('ongoing=1') ? 'x ONGOING' : '{"result":"SUCCESS"}';
    response.writeHead(200, { 'Content-Encoding': name === 'raw-deflate' ? 'deflate' : name });
    response.end(encoders[name]?.(text));
  });
  for (const name of Object.keys(encoders)) {
    assert.equal((await send(`${url}/${name}`)).outcome.kind, 'success', name);
    assert.equal((await send(`${url}/${name}?ongoing=1`)).outcome.kind, 'ongoing', name);
  }
  assert.equal(seen[0]?.headers['accept-encoding'], 'gzip, deflate, br');
});

test('an answer that cannot be decoded, or decodes to too much, is no success', async () => {
  const small = senderWith({ answerBytes: 1000 });
  const { url } = await service((request, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' });
    response.end(request.url?.startsWith('/bomb') ? gzipSync('x'.repeat(100_000)) : 'not gzip');
  });
  assert.match(messageOf(await send(`${url}/bomb`, {}, small)), /longer than 1000 bytes/);
  assert.match(messageOf(await send(`${url}/junk`, {}, small)), /cannot be decoded as gzip/);
});

test('an answer is read up to its limit; a word seen by then counts, success does not', async () => {
  const small = senderWith({ answerBytes: 1000 });
  let closed = 0;
  const { url } = await service((request, response) => {
    response.on('close', () => {
      closed += 1;
    });
    response.write(request.url?.startsWith('/word') ? 'FAILURE' : 'x');
    const fill = (): void => {
      if (!response.destroyed && response.write('y'.repeat(500))) setImmediate(fill);
      else response.once('drain', fill);
    };
    fill();
  });
  const endless = await send(`${url}/endless`, {}, small);
  assert.equal(endless.outcome.kind, 'error');
  assert.match(messageOf(endless), /longer than 1000 bytes and was not read to its end/);
  assert.equal((await send(`${url}/word`, {}, small)).outcome.kind, 'failure');
  await until(() => closed === 2);
});

test('exactly as much as the limit is a whole answer', async () => {
  const small = senderWith({ answerBytes: 1000 });
  const { url } = await service((_request, response) => response.end('y'.repeat(1000)));
  assert.equal((await send(url, {}, small)).outcome.kind, 'success');
});

test('307 and 308 are followed with method and body, 301 to 303 for GET only', async () => {
  const { url, seen } = await service((request, response) => {
    const code = Number(request.url?.split(/[/?]/)[1]);
    if (code >= 300) response.writeHead(code, { Location: '/200?x=1' }).end('moved');
    else response.end();
  });
  for (const code of [307, 308]) {
    seen.length = 0;
    assert.equal((await send(`${url}/${code}`, { payload: 'abc', headers: { 'X-Own': '1' } })).outcome.kind, 'success');
    assert.deepEqual([seen[1]?.method, seen[1]?.url, seen[1]?.body.toString()], ['POST', '/200?x=1', 'abc']);
    assert.equal(seen[1]?.headers['x-own'], '1');
  }
  for (const code of [301, 302, 303]) {
    seen.length = 0;
    assert.equal((await send(`${url}/${code}`)).outcome.kind, 'success');
    assert.equal(seen.length, 2);
    seen.length = 0;
    assert.equal(messageOf(await send(`${url}/${code}`, { payload: 'abc' })), `HTTP ${code}: moved`);
    assert.equal(seen.length, 1);
  }
  assert.equal(messageOf(await send(`${url}/300`)), 'HTTP 300: moved');
});

test('at most five redirects, each to http or https', async () => {
  const { url, seen } = await service((request, response) => {
    const left = Number(request.url?.split(/[/?]/)[1]);
    const to = request.url?.startsWith('/bad') ? 'ftp://x/y' : `/${left - 1}`;
    if (left === 0) response.end();
    else response.writeHead(307, request.url?.startsWith('/none') ? {} : { Location: to }).end();
  });
  assert.equal((await send(`${url}/5`)).outcome.kind, 'success');
  seen.length = 0;
  assert.equal(messageOf(await send(`${url}/6`)), 'more than 5 redirects');
  assert.equal(seen.length, 6);
  assert.equal(messageOf(await send(`${url}/bad`)), 'HTTP 307');
  assert.equal(messageOf(await send(`${url}/none`)), 'HTTP 307');
});

test('a redirect to another origin is not told our headers, not even back at the first', async () => {
  const home = await service((request, response) => {
    if (request.url?.startsWith('/back')) response.end();
    else response.writeHead(307, { Location: `${other.url}/hop` }).end();
  });
  const other = await service((_request, response) => response.writeHead(307, { Location: `${home.url}/back` }).end());
  const headers = { Authorization: 'Bearer secret', 'X-Own': '1', Host: 'a.example', 'Content-Type': 'text/plain' };
  const withUser = home.url.replace('http://', 'http://user:p%40ss@');
  assert.equal((await send(`${withUser}/start`, { payload: 'abc', headers })).outcome.kind, 'success');
  assert.equal(home.seen[0]?.headers.authorization, 'Bearer secret');
  for (const request of [other.seen[0], home.seen[1]]) {
    assert.equal(request?.body.toString(), 'abc');
    assert.equal(request?.headers.authorization, undefined);
    assert.equal(request?.headers['x-own'], undefined);
    assert.notEqual(request?.headers.host, 'a.example');
    assert.equal(request?.headers['content-type'], 'text/plain');
    assert.equal(request?.headers['user-agent'], 'holdfast/1.2.3');
  }
});

test('user and password of the URL become an Authorization header', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  for (const [given, decoded] of [
    ['user:p%40ss', 'user:p@ss'],
    ['user:50%', 'user:50%'],
    ['user', 'user:'],
  ]) {
    await send(url.replace('http://', `http://${given}@`));
    assert.equal(seen.at(-1)?.headers.authorization, `Basic ${Buffer.from(decoded ?? '').toString('base64')}`);
  }
});

test('the time-out holds for the whole exchange: no answer, a slow answer, redirects', async () => {
  const silent = await service(() => undefined);
  const answer = await send(silent.url, { timeoutMs: 60 });
  assert.equal(messageOf(answer), 'no whole answer within 60 ms');
  assert.equal(answer.health, 'unavailable');
  assert.ok(answer.durationMs >= 59 && Number.isInteger(answer.durationMs));
  await until(() => [...silent.sockets].every((socket) => socket.destroyed));

  const slow = await rawService((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(drip));
  });
  assert.equal(messageOf(await send(slow.url, { timeoutMs: 60 })), 'no whole answer within 60 ms');

  const turning = await service((_request, response) => {
    setTimeout(() => response.writeHead(307, { Location: '/again' }).end(), 40);
  });
  assert.equal(messageOf(await send(turning.url, { timeoutMs: 100 })), 'no whole answer within 100 ms');
});

test('without a connection the time-out is a connection failure, and the attempt to connect is given up', async () => {
  // TLS towards a service that accepts and never speaks: the connection is not made before it is secure.
  const { port, sockets } = await rawService(() => undefined);
  const answer = await send(`https://127.0.0.1:${port}/`, { timeoutMs: 50 });
  assert.equal(messageOf(answer), 'no connection within 50 ms');
  assert.equal(answer.health, 'connect');
  await until(() => sockets.size === 1 && [...sockets].every((socket) => socket.destroyed));
});

test('refused, unresolvable and TLS failures are connection failures with a short reason', async () => {
  const gone = await service(() => undefined);
  await new Promise((resolve) => gone.server.close(resolve));
  const refused = await send(gone.url);
  assert.match(messageOf(refused), /^cannot connect: .*ECONNREFUSED/);
  const byName = await send(gone.url.replace('127.0.0.1', 'localhost'));
  assert.match(messageOf(byName), /^cannot connect: .*ECONNREFUSED/);
  const unknown = await send('http://no-such-host.invalid/x');
  assert.match(messageOf(unknown), /^cannot connect: .*(ENOTFOUND|EAI_AGAIN)/);
  const plain = await service((_request, response) => response.end());
  const noTls = await send(plain.url.replace('http:', 'https:'));
  assert.match(messageOf(noTls), /^cannot connect: /);
  for (const answer of [refused, byName, unknown, noTls]) {
    assert.equal(answer.health, 'connect');
    assert.equal(answer.outcome.kind, 'error');
    assert.doesNotMatch(messageOf(answer), /\n| {4}at /);
  }
});

test('a redirect to a service that cannot be reached is no connection failure of this one', async () => {
  const { url } = await service((_request, response) =>
    response.writeHead(307, { Location: 'http://127.0.0.1:1/' }).end(),
  );
  const answer = await send(url);
  assert.equal(answer.health, 'unavailable');
  assert.match(messageOf(answer), /^cannot connect/);
});

test('what is no http URL is an error, never a throw', async () => {
  for (const url of [
    'svc/x',
    'localhost:8080/x',
    'ftp://x/y',
    'http://',
    'http://[::1',
    '//x/y',
    ' ',
    'http://x:99999/',
  ]) {
    const answer = await send(url);
    assert.equal(answer.outcome.kind, 'error', url);
    assert.equal(answer.health, 'ok');
    assert.match(messageOf(answer), /not an absolute http/, url);
  }
});

test('IPv6', async (context) => {
  const found = await service((_request, response) => response.end(), '::1').catch(() => undefined);
  if (found === undefined) return context.skip('this machine has no IPv6');
  assert.equal((await send(`${found.url}/a`)).outcome.kind, 'success');
  assert.equal(found.seen[0]?.headers.host, `[::1]:${found.port}`);
});

test('a connection that is lost after the request was written is an error, sent once', async () => {
  for (const payload of ['', 'abc']) {
    let requests = 0;
    const { url } = await rawService((socket) => {
      requests += 1;
      socket.resetAndDestroy();
    });
    const answer = await send(url, { payload });
    assert.match(messageOf(answer), /^the connection was lost before the whole answer came: ./);
    assert.equal(answer.health, 'unavailable');
    assert.equal(requests, 1);
  }
});

test('a connection that is lost in the middle of an answer is an error, whatever was read', async () => {
  for (const head of ['Content-Length: 100\r\n\r\nSUCCESS', 'Transfer-Encoding: chunked\r\n\r\n7\r\nSUCCESS\r\n']) {
    const { url } = await rawService((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}`));
    assert.match(messageOf(await send(url)), /^the connection was lost/);
  }
});

test('an answer framed by the end of the connection is whole', async () => {
  const { url } = await rawService((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nFAILURE'));
  assert.equal((await send(url)).outcome.kind, 'failure');
});

test('chunks, trailers and early hints are read past', async () => {
  const { url } = await rawService((socket) =>
    socket.write(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n' +
        '2\r\nno\r\n6\r\n money\r\n0\r\nX: y\r\n\r\n',
    ),
  );
  assert.equal(messageOf(await send(url)), 'no money FAILURE');
});

test('headers that are too large, and what is no HTTP at all, are errors', async () => {
  const large = await rawService((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`),
  );
  const junk = await rawService((socket) => socket.write('SSH-2.0-OpenSSH\r\n'));
  for (const { url } of [large, junk]) {
    const answer = await send(url);
    assert.equal(answer.outcome.kind, 'error');
    assert.match(messageOf(answer), /^the connection was lost before the whole answer came: ./);
  }
});

test('connections are used again, and closed when idle', async () => {
  const brief = senderWith({ idleMs: 30 });
  const { url, sockets, server } = await service((_request, response) => response.end());
  // Else it names a time in each answer, which counts.
  server.keepAliveTimeout = 0;
  for (let call = 0; call < 5; call += 1) await send(url, {}, brief);
  assert.equal(sockets.size, 1);
  assert.equal(brief.idleConnections, 1);
  await until(() => brief.idleConnections === 0);
  await until(() => [...sockets].every((socket) => socket.destroyed));
});

test('a connection that the service closed while idle costs no call', async () => {
  const own = senderWith();
  const { url, sockets, seen } = await service((_request, response) => response.end());
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await send(url, { payload: 'abc' }, own)).outcome.kind, 'success');
    for (const socket of sockets) socket.destroy();
    // Its end has arrived; in one round it was noticed before the next call, in the other it was not.
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 2 === 1) await until(() => own.idleConnections === 0);
  }
  assert.equal(seen.length, 20);
});

test('idle connections are bounded, for each origin and in total', async () => {
  const bounded = senderWith({ originIdleConnections: 2, idleConnections: 3 });
  const services = await Promise.all(
    [1, 2].map(() => service((_request, response) => setImmediate(() => response.end()))),
  );
  for (const { url, sockets } of services) {
    await Promise.all(Array.from({ length: 6 }, () => send(url, {}, bounded)));
    assert.equal(sockets.size, 6);
  }
  assert.equal(bounded.idleConnections, 3);
  const open = () => services.flatMap(({ sockets }) => [...sockets]).filter((socket) => !socket.destroyed).length;
  await until(() => open() === 3);
});

test('close waits for what is in flight, and closes everything', async () => {
  const closing = new HttpSender({ runtime, limits: defaultSenderLimits, version: '1' });
  let release: () => void = () => undefined;
  const { url, sockets } = await service((_request, response) => {
    release = () => response.end();
  });
  const answer = send(url, {}, closing);
  await until(() => sockets.size === 1);
  const closed = closing.close();
  await new Promise((resolve) => setImmediate(resolve));
  release();
  assert.equal((await answer).outcome.kind, 'success');
  await closed;
  await until(() => [...sockets].every((socket) => socket.destroyed));
});
