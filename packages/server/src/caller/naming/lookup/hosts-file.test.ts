import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostsFile } from './hosts-file.ts';

test('a name has the addresses of all lines that it stands in, whatever the case', () => {
  const hosts = parseHostsFile(`
# 10.0.0.9 commented
127.0.0.1\tlocalhost  Local # 10.0.0.8
::1 localhost ip6-localhost
10.0.0.1 orders.shop orders\r
10.0.0.1 orders
nonsense orders
10.0.0.2
fe80::1%lo0 link`);
  assert.deepEqual(Object.fromEntries(hosts), {
    localhost: ['127.0.0.1', '::1'],
    local: ['127.0.0.1'],
    'ip6-localhost': ['::1'],
    'orders.shop': ['10.0.0.1'],
    orders: ['10.0.0.1'],
    link: ['fe80::1%lo0'],
  });
});
