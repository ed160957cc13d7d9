import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeadMemory } from './head-memory.ts';
import { readHead } from './head-reader.ts';

const line = 'POST /api/dtmsvr/submit HTTP/1.1';
const text = (...lines: string[]) => [...lines, '', ''].join('\r\n');
const usual = [line, 'Host: localhost:36789', 'User-Agent: go-resty/2.7', 'Content-Length: 12', 'Content-Type: a/b'];

test('a head as SDKs send it is read', () => {
  const read = readHead(text(...usual, 'traceparent: 00-1-2-01', 'X-Request-ID:\t r ', 'authorization:Bearer a b'));
  assert.deepEqual(read, {
    head: {
      method: 'POST',
      target: '/api/dtmsvr/submit',
      host: 'localhost:36789',
      origin: undefined,
      fetchSite: undefined,
      contentEncoding: undefined,
      authorization: 'Bearer a b',
      traceparent: '00-1-2-01',
      requestId: 'r',
    },
    path: '/api/dtmsvr/submit',
    isLast: false,
    bodyBytes: 12,
  });
  const get = readHead(text('GET /api/dtmsvr/query?gid=a%20b HTTP/1.1', 'host:h', 'CONNECTION: Close', 'empty:'));
  assert.deepEqual([get?.path, get?.isLast, get?.bodyBytes], ['/api/dtmsvr/query', true, 0]);
  assert.equal(get?.head.target, '/api/dtmsvr/query?gid=a%20b');
});

const notForTheLane: Readonly<Record<string, string>> = {
  'another method': text('PUT /a HTTP/1.1', 'Host: h', 'Content-Length: 0'),
  'a method in lower case': text('post /a HTTP/1.1', 'Host: h', 'Content-Length: 0'),
  'another version': text('POST /a HTTP/1.0', 'Host: h', 'Content-Length: 0'),
  'a whole URL': text('POST http://h/a HTTP/1.1', 'Host: h', 'Content-Length: 0'),
  'two spaces': text('POST  /a HTTP/1.1', 'Host: h', 'Content-Length: 0'),
  'a space behind': text('POST /a HTTP/1.1 ', 'Host: h', 'Content-Length: 0'),
  'a fragment': text('GET /a#b HTTP/1.1', 'Host: h'),
  'no ASCII in the path': text('GET /\xe9 HTTP/1.1', 'Host: h'),
  'no Host': text('GET /a HTTP/1.1'),
  'two Hosts': text('GET /a HTTP/1.1', 'Host: h', 'host: h'),
  'no length': text(line, 'Host: h'),
  'two lengths': text(...usual, 'Content-Length: 12'),
  'two different lengths': text(...usual, 'content-length: 13'),
  'a list of lengths': text(line, 'Host: h', 'Content-Length: 1, 1'),
  'an empty length': text(line, 'Host: h', 'Content-Length:'),
  'a length with a sign': text(line, 'Host: h', 'Content-Length: +1'),
  'a negative length': text(line, 'Host: h', 'Content-Length: -1'),
  'a hexadecimal length': text(line, 'Host: h', 'Content-Length: 0x1'),
  'a length with a space in it': text(line, 'Host: h', 'Content-Length: 1 1'),
  'a fractional length': text(line, 'Host: h', 'Content-Length: 1.0'),
  'a length beyond all': text(line, 'Host: h', 'Content-Length: 18446744073709551617'),
  'a body of GET': text('GET /a HTTP/1.1', 'Host: h', 'Content-Length: 1'),
  chunked: text(line, 'Host: h', 'Transfer-Encoding: chunked'),
  'chunked and a length': text(...usual, 'Transfer-Encoding: chunked'),
  'an unknown coding': text(...usual, 'transfer-encoding : x'),
  'a coded body': text(...usual, 'Content-Encoding: gzip'),
  expects: text(...usual, 'Expect: 100-continue'),
  upgrades: text(...usual, 'Connection: upgrade', 'Upgrade: h2c'),
  trailers: text(...usual, 'Trailer: a'),
  'a list of connection options': text(...usual, 'Connection: close, te'),
  'two connections': text(...usual, 'Connection: close', 'Connection: close'),
  'a folded line': text(...usual, 'a: b', ' c'),
  'a space before the colon': text(...usual, 'a : b'),
  'no name': text(...usual, ': b'),
  'no colon': text(...usual, 'ab'),
  'a name that is no token': text(...usual, 'a(b: c'),
  'a bare LF': text(...usual, 'a: b\nc: d'),
  'a bare CR': text(...usual, 'a: b\rc: d'),
  NUL: text(...usual, 'a: b\0c'),
  'a control character': text(...usual, 'a: b\x01c'),
  DEL: text(...usual, 'a: b\x7f'),
  'bytes that are not ASCII': text(...usual, 'a: \xc3\xa9'),
  'two identities': text(...usual, 'Authorization: a', 'authorization: b'),
  'two origins': text(...usual, 'Origin: http://a', 'Origin: http://b'),
  'a line before it': `\r\n${text(...usual)}`,
  nothing: '\r\n\r\n',
};

for (const [name, head] of Object.entries(notForTheLane)) {
  test(`not for the lane: ${name}`, () => {
    assert.equal(readHead(head), undefined);
    const memory = new HeadMemory([line]);
    memory.read(text(...usual));
    assert.equal(memory.read(head), undefined);
  });
}

test('what is remembered is read as if for the first time, whatever comes', () => {
  const memory = new HeadMemory([line]);
  const names = [
    'Content-Length',
    'authorization',
    'Traceparent',
    'X-Request-Id',
    'Cookie',
    'User-Agent',
    'Host',
    'a',
    'b',
  ];
  const header = fc.tuple(
    fc.constantFrom(...names),
    fc.constantFrom(':', ': ', ' :', ':\t'),
    fc.constantFrom('1', '22', 'x y', '', ' ', '\xff', 'a\rb', 'a: b'),
  );
  const heads = fc
    .array(header, { maxLength: 6 })
    .map((headers) => text(...usual.slice(0, 3), ...headers.map((parts) => parts.join(''))));
  const cut = fc
    .tuple(heads, fc.nat(300), fc.string({ maxLength: 2 }))
    .map(([head, at, put]) => head.slice(0, at) + put + head.slice(at));
  fc.assert(
    fc.property(fc.oneof(heads, cut), (head) => {
      assert.deepEqual(memory.read(head), readHead(head));
      assert.deepEqual(memory.read(head), readHead(head));
    }),
    { numRuns: 3000 },
  );
});

test('lengths and values of a head that is known are those of the request', () => {
  const memory = new HeadMemory([line]);
  const ask = (length: string, authorization: string, id: string) => {
    const lines = [
      line,
      'Host: h',
      `Authorization: ${authorization}`,
      `Content-Length: ${length}`,
      `X-Request-ID: ${id}`,
    ];
    return memory.read(text(...lines));
  };
  for (let time = 0; time < 3; time += 1) {
    const read = ask(String(10 ** time), `Bearer ${time}`, `id-${time}`);
    assert.deepEqual(
      [read?.bodyBytes, read?.head.authorization, read?.head.requestId],
      [10 ** time, `Bearer ${time}`, `id-${time}`],
    );
  }
  for (const length of ['', '1x', '+1', '1'.repeat(16)]) assert.equal(ask(length, 'a', 'b'), undefined, length);
  assert.equal(memory.read(text(line, 'Host: h', 'Content-Length: 1'))?.head.authorization, undefined);
});
