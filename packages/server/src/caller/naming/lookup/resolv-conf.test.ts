import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResolvConf, wholeNames } from './resolv-conf.ts';

test('the last search or domain counts, and ndots of the options', () => {
  assert.deepEqual(parseResolvConf(''), { search: [], ndots: 1 });
  const text = `
nameserver 10.96.0.10
domain shop.example
search default.svc.cluster.local svc.cluster.local. . # of the cluster
; search commented
options timeout:1 ndots:5 ndots:99999
options rotate`;
  assert.deepEqual(parseResolvConf(text), {
    search: ['default.svc.cluster.local', 'svc.cluster.local', ''],
    ndots: 15,
  });
  assert.deepEqual(parseResolvConf('search a b\ndomain c d\noptions ndots:x'), { search: ['c'], ndots: 1 });
});

test('a name with few dots is completed first, one with many last, one with a dot at its end never', () => {
  const conf = { search: ['shop', ''], ndots: 2 };
  assert.deepEqual(wholeNames('orders', conf), ['orders.shop', 'orders']);
  assert.deepEqual(wholeNames('a.b', conf), ['a.b.shop', 'a.b']);
  assert.deepEqual(wholeNames('a.b.c', conf), ['a.b.c', 'a.b.c.shop']);
  assert.deepEqual(wholeNames('orders.', conf), ['orders']);
});
