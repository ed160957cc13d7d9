import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type FastifyInstance, fastify } from 'fastify';
import { callOf, messageOf, rawService, send, senderWith, service, until } from '../testing/services.ts';
import { httpFormOf } from './form.ts';

function closing(app: FastifyInstance): void {
  after(() => app.close());
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
  const large = 'x'.repeat(3_000_000);
  await send(`${url}/a1`, { payload: large });
  assert.equal(seen.at(-1)?.body.toString(), large);
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

test('D18: a request without a body has no content type, unless the branch gives one', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  await send(`${url}/a`);
  await send(`${url}/a`, { type: 'xa', op: 'commit' });
  await send(`${url}/a`, { type: 'workflow', op: 'wf' });
  await send(`${url}/a`, { type: 'xa', op: 'commit', headers: { 'content-type': 'text/x' } });
  await send(`${url}/a`, { type: 'workflow', op: 'wf', payload: '{}' });
  assert.deepEqual(
    seen.map(({ method, headers }) => [method, headers['content-type'], headers['content-length']]),
    [
      ['GET', undefined, undefined],
      ['POST', undefined, '0'],
      ['POST', undefined, '0'],
      ['POST', 'text/x', '0'],
      ['POST', 'application/json', '2'],
    ],
  );
});

test('an xa branch of Fastify is committed, which refuses an empty body that is said to be JSON', async () => {
  const app = fastify();
  app.post('/xa', () => 'SUCCESS');
  closing(app);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  assert.equal((await send(`${url}/xa`, { type: 'xa', op: 'commit' })).outcome.kind, 'success');
  const asBefore = await send(`${url}/xa`, {
    type: 'xa',
    op: 'commit',
    headers: { 'content-type': 'application/json' },
  });
  assert.match(messageOf(asBefore), /^HTTP 400/);
});

test('what is ASCII in a URL arrives byte for byte; what HTTP cannot carry is encoded', async () => {
  const lines: string[] = [];
  const { url } = await rawService((socket, request) => {
    lines.push(request.slice(0, request.indexOf('\r\n')));
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const cases: [given: string, sent: string][] = [
    [`/a'b/%2e%2e/../c//d/./e?x='y'&z=<">{}|^\`[]~`, `/a'b/%2e%2e/../c//d/./e?x='y'&z=<">{}|^\`[]~`],
    ['/a%zz%2F%41?b=%', '/a%zz%2F%41?b=%'],
    ['/\u00fc/\u65e5?x=\u00fc', '/%C3%BC/%E6%97%A5?x=%C3%BC'],
    ['/a?b#c?d', '/a?b'],
    ['/a;b=c,@:?/?', '/a;b=c,@:?/?'],
    ['?x=1', '/?x=1'],
  ];
  for (const [given, sent] of cases) {
    await send(`${url}${given}`);
    const [, path] = lines.at(-1)?.split(' ') ?? [];
    assert.equal(path?.replace(/[?&]?branch_id=.*/, ''), sent.replace(/\?$/, ''), given);
  }
  await send(`${url.replace('http', 'HTTP')}/A`);
  assert.match(lines.at(-1) ?? '', /^GET \/A\?branch_id=01&gid=s1&op=action&trans_type=saga HTTP\/1\.1$/);
});

test('headers that frame the message are ours alone; Host may be set', async () => {
  const { url, seen } = await service((_request, response) => response.end());
  const headers = {
    'Content-Length': '99',
    'Transfer-Encoding': 'chunked',
    Connection: 'close',
    Expect: '100-continue',
    'HTTP2-Settings': 'AAMAAABk',
    Host: 'pay.example',
  };
  const answer = await send(`${url}/a`, { payload: '{}', headers });
  assert.equal(answer.outcome.kind, 'success');
  assert.equal(seen[0]?.headers['content-length'], '2');
  assert.equal(seen[0]?.headers.host, 'pay.example');
  assert.equal(seen[0]?.headers['http2-settings'], undefined);
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

test('an xa branch is called by POST, with an empty body', () => {
  const methodOf = (type: 'xa' | 'saga', payload: string) =>
    httpFormOf(callOf('http://h/a', { type, payload }), () => '').method;
  assert.deepEqual([methodOf('xa', ''), methodOf('saga', ''), methodOf('saga', '1')], ['POST', 'GET', 'POST']);
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

test('Retry-After in seconds, however many digits they have, and as a date', async () => {
  const { url } = await service((request, response) => {
    const seconds = request.url?.startsWith('/long') ? '9999999999' : '7';
    const value = request.url?.startsWith('/date') ? new Date(Date.now() + 90_000).toUTCString() : seconds;
    response.writeHead(503, { 'Retry-After': value }).end();
  });
  const seconds = await send(`${url}/seconds`);
  assert.ok(seconds.outcome.kind === 'error' && seconds.outcome.retryAfterMs === 7000);
  const long = await send(`${url}/long`);
  assert.ok(long.outcome.kind === 'error' && long.outcome.retryAfterMs === 9_999_999_999_000);
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

test('an answer that is encoded again and again is not decoded', async () => {
  const { url } = await service((request, response) => {
    const times = Number(request.url?.split(/[/?]/)[1]);
    let body = Buffer.from('ONGOING');
    for (let time = 0; time < times; time += 1) body = gzipSync(body);
    response.writeHead(200, { 'Content-Encoding': Array(times).fill('gzip').join(', ') });
    response.end(body);
  });
  assert.equal((await send(`${url}/4`)).outcome.kind, 'ongoing');
  assert.match(messageOf(await send(`${url}/5`)), /the answer is encoded more than 4 times/);
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

test('user and password of the URL become an Authorization header, also after a redirect within the origin', async () => {
  const { url, seen } = await service((request, response) => {
    if (request.url?.startsWith('/start')) response.writeHead(307, { Location: '/end' });
    response.end();
  });
  for (const [given, decoded] of [
    ['user:p%40ss', 'user:p@ss'],
    ['user:50%', 'user:50%'],
    ['user', 'user:'],
  ]) {
    await send(`${url.replace('http://', `http://${given}@`)}/start`);
    assert.equal(seen.at(-1)?.url, '/end');
    assert.equal(seen.at(-1)?.headers.authorization, `Basic ${Buffer.from(decoded ?? '').toString('base64')}`);
  }
});

test('an answer that came in time while this process was busy is no time-out', async () => {
  const { url } = await service((_request, response) => {
    response.end();
    const busyUntilMs = performance.now() + 150;
    while (performance.now() < busyUntilMs);
  });
  assert.equal((await send(`${url}/a`, { timeoutMs: 100 })).outcome.kind, 'success');
});

test('an answer that repeats the query or the credentials of the request is shown without them', async () => {
  const { url } = await service((request, response) => {
    response
      .writeHead(404)
      .end(`Route ${request.method}:${request.url} not found for ${request.headers.authorization}`);
  });
  const secret = url.replace('://', '://ann:planted@');
  const message = messageOf(await send(`${secret}/book?key=planted`));
  assert.equal(message, 'HTTP 404: Route GET:/book?... not found for ...');
});
