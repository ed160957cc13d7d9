import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callKindOf, grpcTargetOf, payloadTrouble, urlTrouble } from './target.ts';

const calls: [protocol: string, url: string, kind: string][] = [
  ['http', 'http://h/a', 'http'],
  ['http', 'http://h/?method=M', 'http'],
  ['http', 'h:1/a.B/C', 'http'],
  ['grpc', 'http://h/?method=M', 'http'],
  ['grpc', 'HTTPS://h/a', 'http'],
  ['grpc', 'h:1/a.B/C', 'grpc'],
  ['grpc', 'grpcs://h:1/a.B/C', 'grpc'],
  ['json-rpc', 'http://h/a', 'http'],
  ['json-rpc', 'http://h/?method=M', 'json-rpc'],
  ['json-rpc', 'http://h/methods', 'json-rpc'],
  ['json-rpc', 'h:1/a.B/C', 'grpc'],
];

for (const [protocol, url, kind] of calls) {
  test(`a ${protocol} transaction calls ${url} by ${kind}`, () => assert.equal(callKindOf(url, protocol), kind));
}

test('gRPC URLs', () => {
  assert.deepEqual(grpcTargetOf('Host-1:9000/a.B/C'), { isTls: false, authority: 'host-1:9000', path: '/a.B/C' });
  assert.deepEqual(grpcTargetOf('grpc://h:1/a.B/C'), { isTls: false, authority: 'h:1', path: '/a.B/C' });
  assert.deepEqual(grpcTargetOf('grpcs://[::1]:443/x/a.B/C'), {
    isTls: true,
    authority: '[::1]:443',
    path: '/x/a.B/C',
  });
  const wrong = [
    'h/a.B/C',
    'h:/a.B/C',
    'h:0/a.B/C',
    'h:65536/a.B/C',
    'h:1',
    'h:1/',
    'h:1/a.B',
    'h:1//a.B/C',
    'h:1/a.B/',
    'h:1/a.B/C?x=1',
    'h:1/a.B/C#x',
    '999.1.1.1:1/a.B/C',
    '[::1::]:1/a.B/C',
    'h:1/a.B/Cé',
    'u:p@h:1/a.B/C',
    'etcd://h:1/a.B/C',
    'grpc:///h:1/a.B/C',
    '::1:1/a.B/C',
    'h:1/a.B/C\r\nx',
  ];
  for (const url of wrong) assert.equal(grpcTargetOf(url), undefined, url);
});

test('URLs that name services are called by the protocol of the transaction', () => {
  for (const url of ['svc://orders/a', 'svc://orders', 'dns:///orders:80/a?b=c', 'dns+srv://orders.shop/a']) {
    assert.equal(urlTrouble(url, 'http'), undefined, url);
    assert.equal(urlTrouble(url, 'json-rpc'), undefined, url);
    assert.equal(callKindOf(url, 'http'), 'http', url);
    assert.equal(callKindOf(url, 'json-rpc'), 'http', url);
  }
  assert.equal(callKindOf('svc://orders/?method=M', 'json-rpc'), 'json-rpc');
  assert.equal(urlTrouble('svc://orders/?method=M', 'json-rpc'), undefined);
  assert.match(urlTrouble('svc://orders/methods', 'json-rpc') ?? '', /must name a method/);
  for (const url of ['svc://orders/a', 'dns:///orders:80/a.B/C', 'dns+srv://orders.shop/a.B/C']) {
    assert.equal(urlTrouble(url, 'grpc'), undefined, url);
  }
  assert.match(
    urlTrouble('dns:///orders:80/a', 'grpc') ?? '',
    /^must have \/package.Service\/Method after the service/,
  );
  for (const protocol of ['http', 'grpc', 'json-rpc']) {
    assert.match(urlTrouble('dns:///orders/a', protocol) ?? '', /^must be svc:\/\/name\/\.\.\., dns:\/\/\/host:port/);
    assert.match(urlTrouble('nacos://h:1/s/a.B/C', protocol) ?? '', /^asks the registry of nacos:\/\/ URLs, which/);
  }
});

test('what is wrong with a URL is said by the protocol that would call it', () => {
  assert.equal(urlTrouble('http://h/a', 'http'), undefined);
  assert.match(urlTrouble('h:1/a.B/C', 'http') ?? '', /whose protocol is http cannot call gRPC/);
  assert.match(urlTrouble('nowhere', 'http') ?? '', /^must be an http or https URL$/);
  assert.match(urlTrouble('http:///a', 'grpc') ?? '', /^must be an http or https URL$/);
  assert.match(urlTrouble('nowhere', 'grpc') ?? '', /host:port\/package\.Service\/Method/);
  assert.match(urlTrouble('http://h/methods', 'json-rpc') ?? '', /must name a method/);
  assert.match(urlTrouble('http:///?method=M', 'json-rpc') ?? '', /^must be an http or https URL$/);
  assert.equal(urlTrouble('http://h/?x=1&method=M', 'json-rpc'), undefined);
});

test('a query has no parameter that Holdfast appends itself', () => {
  const troubles: [url: string, protocol: string, name: string][] = [
    ['http://h/a?gid=x', 'http', 'gid'],
    ['http://h/a?x=1&op=debit', 'http', 'op'],
    ['http://h/a?OP=debit', 'http', 'op'],
    ['http://h/a?g%69d', 'http', 'gid'],
    ['http://h/a?branch_id=', 'grpc', 'branch_id'],
    ['http://h/a?trans_type=tcc#part', 'json-rpc', 'trans_type'],
    ['svc://orders/a?gid=x', 'http', 'gid'],
    ['svc://orders/a?gid=x', 'grpc', 'gid'],
    ['dns:///orders:80/a?op=x', 'http', 'op'],
    ['dns+srv://orders.shop?op=x', 'json-rpc', 'op'],
  ];
  for (const [url, protocol, name] of troubles) {
    const trouble = urlTrouble(url, protocol) ?? '';
    assert.ok(trouble.startsWith(`must not have the parameter ${name} in its query: `), `${url}: ${trouble}`);
    assert.doesNotMatch(trouble, /debit|tcc/);
  }
  for (const url of ['http://h/gid=x', 'http://h/a#?gid=x', 'http://h/a?agid=x&ops=1&q=gid%3Dx&dtm=y&gid[]=x']) {
    assert.equal(urlTrouble(url, 'http'), undefined, url);
  }
  assert.equal(urlTrouble('http://h/a?method=M&gid=x', 'json-rpc'), undefined, 'JSON-RPC names the branch in params');
});

test('what JSON-RPC is called with is an object or nothing', () => {
  const url = 'http://h/?method=M';
  const bytes = new TextEncoder();
  for (const payload of ['', 'null', ' null ', '{}', '{"a":[1]}', bytes.encode('{"a":"é"}'), new Uint8Array()]) {
    assert.equal(payloadTrouble(url, 'json-rpc', payload), undefined, String(payload));
  }
  for (const payload of [
    '[]',
    '1',
    '"a"',
    '{',
    '{}{}',
    ' ',
    '\ufeff{}',
    bytes.encode('\ufeff{}'),
    new Uint8Array([0xff]),
  ]) {
    assert.match(payloadTrouble(url, 'json-rpc', payload) ?? '', /^must be a JSON object/, String(payload));
  }
  assert.match(payloadTrouble(url, 'json-rpc', '['.repeat(1_000_000)) ?? '', /nested deeper/);
  assert.equal(payloadTrouble(url, 'http', '['), undefined);
  assert.equal(payloadTrouble('http://h/a', 'json-rpc', '['), undefined);
  assert.equal(payloadTrouble('', 'json-rpc', '['), undefined);
});
