import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcJsService, grpcSender, grpcService, type Reply, reply, sendGrpc } from '../testing/grpc-services.ts';
import { messageOf } from '../testing/services.ts';

const framed = (...bytes: number[]) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]).toString('hex');

test('the payload goes as it is, empty too; a workflow’s input as WorkflowData', async () => {
  const { url, seen } = await grpcService(reply);
  await sendGrpc(url, { payload: Uint8Array.from([0, 255, 128]) });
  await sendGrpc(url, { payload: Uint8Array.from([0, 255, 128]).subarray(1, 2) });
  await sendGrpc(url, { payload: 'é' });
  await sendGrpc(url, { payload: '' });
  await sendGrpc(url, { payload: Uint8Array.from([7, 8]), type: 'workflow', branchId: '00' });
  await sendGrpc(url, { payload: '', type: 'workflow', branchId: '00' });
  assert.deepEqual(
    seen.map(({ body }) => body.toString('hex')),
    [framed(0, 255, 128), framed(255), framed(0xc3, 0xa9), framed(), framed(0x0a, 2, 7, 8), framed()],
  );
  const large = Buffer.alloc(3_000_000, 'x');
  await sendGrpc(url, { payload: large });
  assert.ok(seen.at(-1)?.body.subarray(5).equals(large));
  await sendGrpc(url, { payload: large, type: 'workflow' });
  // 3,000,000 as a varint is c0 8d b7 01.
  assert.equal(seen.at(-1)?.body.subarray(0, 10).toString('hex'), '00002dc6c50ac08db701');
});

test('the headers are those of gRPC, what names the branch, then the branch’s own', async () => {
  const { url, port, seen } = await grpcService(reply);
  const headers = {
    'X-Name': 'v',
    'x-bin': '\u0001é',
    Empty: '',
    'Dtm-Gid': 'other',
    'grpc-timeout': '1S',
    __proto__x: 'p',
  };
  const dropped = {
    Host: 'h',
    'User-Agent': 'u',
    'Content-Type': 'application/json',
    TE: 'gzip',
    'Content-Length': '7',
  };
  const sent = await sendGrpc(`grpc://${url}`, {
    gid: 'a b',
    op: 'op',
    branchId: '01-02',
    headers: { ...headers, ...dropped },
  });
  assert.equal(sent.outcome.kind, 'success');
  const { headers: got } = seen[0] ?? assert.fail('not called');
  assert.equal(got['dtm-gid'], 'a b');
  assert.match(String(got['grpc-timeout']), /^(4\d{3}|5000)m$/);
  const rest = Object.fromEntries(Object.entries(got).filter(([name]) => !['dtm-gid', 'grpc-timeout'].includes(name)));
  assert.deepEqual(rest, {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': `127.0.0.1:${port}`,
    ':path': '/pkg.Service/Method',
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'holdfast/1.2.3',
    'dtm-trans_type': 'saga',
    'dtm-branch_id': '01-02',
    'dtm-op': 'op',
    'dtm-dtm': '',
    'x-name': 'v',
    'x-bin': Buffer.from('\u0001é').toString('base64'),
    empty: '',
    __proto__x: 'p',
  });
});

test('a name beyond ASCII, which only an earlier version took, goes as its UTF-8, as then', async () => {
  const { url, seen } = await grpcService(reply);
  assert.equal((await sendGrpc(url, { gid: '订单1', branchId: 'ä' })).outcome.kind, 'success');
  const got = (name: string) => Buffer.from(String(seen[0]?.headers[name]), 'latin1').toString();
  assert.deepEqual([got('dtm-gid'), got('dtm-branch_id')], ['订单1', 'ä']);
});

test('D17: the content type is plain application/grpc: a server that takes nothing else takes the call', async () => {
  const { url } = await grpcService((call) => {
    if (call.headers['content-type'] === 'application/grpc') reply(call);
    else call.stream.respond({ ':status': 415 }, { endStream: true });
  });
  for (const type of ['saga', 'msg', 'workflow'] as const) {
    assert.equal((await sendGrpc(url, { type, op: type, branchId: '00' })).outcome.kind, 'success');
  }
});

test('values beyond ASCII arrive at a server of grpc-js as the ASCII that decodes to them; in -bin names as bytes', async () => {
  const { url, metadata } = await grpcJsService();
  const headers = {
    'x-name': '张三 50%',
    'x-city': 'Zürich',
    'x-rate': '50%',
    'x-all-bin': '张三',
    'x-half': '\ud800',
  };
  assert.equal(messageOf(await sendGrpc(url, { headers })), '');
  const [seen] = metadata;
  assert.equal(seen?.get('x-name')[0], '%E5%BC%A0%E4%B8%89 50%25');
  assert.equal(decodeURIComponent(String(seen?.get('x-name')[0])), '张三 50%');
  assert.equal(seen?.get('x-city')[0], 'Z%C3%BCrich');
  assert.equal(seen?.get('x-rate')[0], '50%', 'ASCII goes as it is');
  assert.equal(String(seen?.get('x-all-bin')[0]), '张三');
  assert.equal(seen?.get('x-half')[0], '%EF%BF%BD');
});

test('a header that cannot be sent is an error that names it and does not echo it', async () => {
  const { url, seen } = await grpcService(reply);
  const value = await sendGrpc(url, { headers: { 'x-a': 'secret\r\ny: z' } });
  assert.match(messageOf(value), /cannot be sent: the header x-a has a line break/);
  const name = await sendGrpc(url, { headers: { 'x a': 'secret' } });
  assert.match(messageOf(name), /not a valid header name/);
  const blank = await sendGrpc(url, { gid: 'secret ' });
  assert.match(messageOf(blank), /cannot be sent: dtm-gid must be printable ASCII without a blank at either end/);
  const control = await sendGrpc(url, { branchId: 'secret\n01' });
  assert.match(messageOf(control), /cannot be sent: dtm-branch_id must be printable ASCII/);
  for (const sent of [value, name, blank, control])
    assert.deepEqual([sent.health, /secret/.test(messageOf(sent))], ['ok', false]);
  assert.equal(seen.length, 0);
  assert.equal((await sendGrpc(url)).outcome.kind, 'success');
});

const statuses: [reply: Reply, kind: string, health: string, message: string][] = [
  [{}, 'success', 'ok', ''],
  [{ body: Buffer.alloc(100_000) }, 'success', 'ok', ''],
  [{ status: 10, message: 'no money' }, 'failure', 'ok', 'no money FAILURE'],
  [{ status: 10, message: 'ONGOING' }, 'ongoing', 'ok', 'ONGOING'],
  [{ status: 9, message: 'later' }, 'ongoing', 'ok', 'later'],
  [{ status: 9 }, 'ongoing', 'ok', ''],
  [{ status: 14, message: 'busy' }, 'error', 'unavailable', 'gRPC 14 UNAVAILABLE: busy'],
  [{ status: 4, message: 'slow' }, 'error', 'unavailable', 'gRPC 4 DEADLINE_EXCEEDED: slow'],
  [{ status: 2, message: 'oops' }, 'error', 'ok', 'gRPC 2 UNKNOWN: oops'],
  [{ status: 13, message: '%E6%97%A5%20a%zz%e2%82' }, 'error', 'ok', 'gRPC 13 INTERNAL: 日 a%zz\ufffd'],
  [{ status: 13, message: Buffer.from('ü').toString('latin1') }, 'error', 'ok', 'gRPC 13 INTERNAL: ü'],
  [{ status: 'x', message: 'm' }, 'error', 'ok', 'gRPC 2 UNKNOWN: a status that is not a number: m'],
  [{ status: 99, message: 'm' }, 'error', 'ok', 'gRPC 99 of an unknown meaning: m'],
  [{ trailers: { other: '1' } }, 'error', 'unavailable', 'the answer ended without a gRPC status'],
  [{ contentType: 'application/grpc+proto' }, 'success', 'ok', ''],
  [{ contentType: 'application/grpc;x=1' }, 'success', 'ok', ''],
  [
    { contentType: 'application/json' },
    'error',
    'ok',
    'gRPC 2 UNKNOWN: the answer is not gRPC: its content type is application/json. A web server or a proxy answered; check host, port and path',
  ],
  [
    { contentType: 'application/grpc-web' },
    'error',
    'ok',
    'gRPC 2 UNKNOWN: the answer is not gRPC: its content type is application/grpc-web. A web server or a proxy answered; check host, port and path',
  ],
];

test('what a status means', async () => {
  let answer: Reply = {};
  const { url } = await grpcService((call) => reply(call, answer));
  for (const [given, kind, health, message] of statuses) {
    answer = given;
    const sent = await sendGrpc(url);
    assert.deepEqual([sent.outcome.kind, sent.health, messageOf(sent)], [kind, health, message]);
  }
});

test('an answer of trailers only, and of no trailers', async () => {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  let talk: Parameters<typeof grpcService>[0] = reply;
  const { url } = await grpcService((call) => talk(call));
  talk = ({ stream }) =>
    stream.respond({ ...head, 'grpc-status': '10', 'grpc-message': 'no%20money' }, { endStream: true });
  assert.equal(messageOf(await sendGrpc(url)), 'no money FAILURE');
  talk = ({ stream }) => {
    stream.respond({ ...head, 'grpc-status': '9' });
    stream.end();
  };
  assert.equal((await sendGrpc(url)).outcome.kind, 'ongoing');
  talk = ({ stream }) => stream.respond(head, { endStream: true });
  const none = await sendGrpc(url);
  assert.deepEqual([messageOf(none), none.health], ['the answer ended without a gRPC status', 'unavailable']);
  talk = ({ stream }) => {
    stream.respond(head);
    stream.end(Buffer.alloc(5));
  };
  assert.equal(messageOf(await sendGrpc(url)), 'the answer ended without a gRPC status');
  // A status in the head of an answer that goes on is not the last word.
  talk = (call) => {
    call.stream.respond({ ...head, 'grpc-status': '0' }, { waitForTrailers: true });
    call.stream.on('wantTrailers', () => call.stream.sendTrailers({ 'grpc-status': '10' }));
    call.stream.end();
  };
  assert.equal((await sendGrpc(url)).outcome.kind, 'failure');
});

test('the HTTP status of something that is not gRPC is mapped', async () => {
  let head: Record<string, string | number> = {};
  const { url } = await grpcService(({ stream }) => {
    stream.respond(head);
    stream.end('a page of FAILURE');
  });
  const served = 'A web server or a proxy answered; check host, port and path';
  const cases: [status: number, health: string, message: string][] = [
    [404, 'ok', `gRPC 12 UNIMPLEMENTED: HTTP 404: no gRPC is served at this address. ${served}`],
    [502, 'unavailable', 'gRPC 14 UNAVAILABLE: HTTP 502: a proxy could not reach the service'],
    [503, 'unavailable', 'gRPC 14 UNAVAILABLE: HTTP 503: a proxy has no service that is ready'],
    [500, 'ok', `gRPC 2 UNKNOWN: HTTP 500: the answer is not gRPC. ${served}`],
    [302, 'ok', `gRPC 2 UNKNOWN: HTTP 302: gRPC follows no redirect. ${served}`],
    [
      415,
      'ok',
      'gRPC 2 UNKNOWN: HTTP 415: the server does not take the content type application/grpc. It serves no gRPC at this address',
    ],
  ];
  for (const [status, health, message] of cases) {
    head = { ':status': status };
    const sent = await sendGrpc(url);
    assert.deepEqual([sent.outcome.kind, sent.health, messageOf(sent)], ['error', health, message]);
  }
  head = { ':status': 503, 'retry-after': '7' };
  const { outcome } = await sendGrpc(url);
  assert.equal(outcome.kind === 'error' && outcome.retryAfterMs, 7000);
  head = { ':status': 500, 'content-type': 'application/grpc', 'grpc-status': '10' };
  assert.equal((await sendGrpc(url)).outcome.kind, 'failure');
});

test('what is no gRPC URL is an error, never a throw', async () => {
  for (const url of ['', 'nowhere', 'h:1/a', 'etcd://h:1/a.B/C', 'http://h/a.B/C', '/a.B/C']) {
    const sent = await sendGrpc(url);
    assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'ok'], url);
  }
});

test('an answer is read up to its limit', async () => {
  const { url } = await grpcService((call) => reply(call, { body: Buffer.alloc(5 * 1024 * 1024) }));
  const sent = await sendGrpc(url);
  assert.match(messageOf(sent), /longer than 1048576 bytes/);
  assert.equal(sent.health, 'ok');
});

test('calls to one target share one connection, many at once', async () => {
  const { url, seen, sessions } = await grpcService(reply);
  const sent = await Promise.all(Array.from({ length: 300 }, (_, index) => sendGrpc(url, { gid: `g${index}` })));
  assert.deepEqual(
    [sent.every(({ outcome }) => outcome.kind === 'success'), seen.length, sessions.length],
    [true, 300, 1],
  );
  await sendGrpc(`grpc://${url}`);
  assert.equal(sessions.length, 1);
  assert.ok(grpcSender.idleConnections > 0);
});

test('large payloads, many at once, are all sent', async () => {
  const { url, seen } = await grpcService(reply);
  const payload = Buffer.alloc(1024 * 1024, 'y');
  const sent = await Promise.all(Array.from({ length: 40 }, () => sendGrpc(url, { payload, timeoutMs: 30_000 })));
  assert.deepEqual([...new Set(sent.map((one) => messageOf(one)))], ['']);
  assert.equal(seen.length, 40);
});
