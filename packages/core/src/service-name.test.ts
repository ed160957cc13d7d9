import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAndPortOf, isAlias, isServiceUrl, registryTrouble, serviceNameOf } from './service-name.ts';

test('the three forms are taken apart', () => {
  assert.deepEqual(serviceNameOf('svc://Orders/a/b?c=d'), { kind: 'alias', name: 'orders', port: 0, rest: '/a/b?c=d' });
  assert.deepEqual(serviceNameOf('svc://orders'), { kind: 'alias', name: 'orders', port: 0, rest: '' });
  assert.deepEqual(serviceNameOf('dns:///orders.shop:8080/a'), {
    kind: 'dns',
    name: 'orders.shop',
    port: 8080,
    rest: '/a',
  });
  assert.deepEqual(serviceNameOf('dns:///[::1]:9000/pkg.Orders/Add'), {
    kind: 'dns',
    name: '::1',
    port: 9000,
    rest: '/pkg.Orders/Add',
  });
  assert.deepEqual(serviceNameOf('dns+srv://_orders._tcp.shop.example/a'), {
    kind: 'srv',
    name: '_orders._tcp.shop.example',
    port: 0,
    rest: '/a',
  });
});

test('what only looks like one of them is none', () => {
  for (const url of [
    'svc:///a',
    'svc://',
    'svc://or ders/a',
    'svc://user@orders/a',
    'svc://orders:80/a',
    'dns://orders:80/a',
    'dns://8.8.8.8/orders:80/a',
    'dns:///orders/a',
    'dns:///orders:0/a',
    'dns:///orders:65536/a',
    'dns:///:80/a',
    'dns:///orders..shop:80/a',
    `dns:///${'o'.repeat(64)}.shop:80/a`,
    `dns+srv://${'o.'.repeat(128)}/a`,
    'dns+srv:///orders/a',
    'dns+srv://orders:80/a',
    `svc://${'a'.repeat(64)}/a`,
  ]) {
    assert.equal(serviceNameOf(url), undefined, url);
    assert.ok(isServiceUrl(url), url);
  }
});

test('plain URLs and gRPC addresses are not looked up, whatever their host is called', () => {
  for (const url of [
    '',
    'http://a/b',
    'https://a/b',
    'svc:80/pkg.A/B',
    'dns-server:53/pkg.A/B',
    'd',
    'discovery:80/pkg.A/B',
    'http://svc://orders/a',
  ]) {
    assert.equal(isServiceUrl(url), false, url);
  }
});

test('aliases are short names in lower case', () => {
  assert.ok(isAlias('orders') && isAlias('order-service.eu_1') && isAlias('7'));
  for (const text of ['', 'Orders', '-a', 'a b', 'a/b', '__proto__', 'a:1']) assert.equal(isAlias(text), false, text);
});

test('an address has a host and a port', () => {
  assert.deepEqual(hostAndPortOf('10.0.0.1:80'), { host: '10.0.0.1', port: 80 });
  assert.deepEqual(hostAndPortOf('[fe80::1]:80'), { host: 'fe80::1', port: 80 });
  for (const text of ['a', 'a:', ':80', 'a:b', '::1:80', '[nonsense]:80', 'a:99999', 'a b:80']) {
    assert.equal(hostAndPortOf(text), undefined, text);
  }
});

test('a registry is named, with what to use instead, and nothing of the URL is repeated', () => {
  const complaint = registryTrouble('ETCD://10.9.8.7:2379/FAILURE/pkg.A/B') ?? '';
  assert.match(
    complaint,
    /^asks the registry of etcd:\/\/ URLs, which is not supported yet; use an address, or svc:\/\/name/,
  );
  assert.doesNotMatch(complaint, /FAILURE|10\.9/);
  assert.match(registryTrouble('consul://h/s') ?? '', /dns\+srv:\/\/orders\.service\.consul/);
  for (const url of ['http://etcd/a', 'svc://etcd/a', 'constructor://a', 'etcd:2379/a']) {
    assert.equal(registryTrouble(url), undefined, url);
  }
});
