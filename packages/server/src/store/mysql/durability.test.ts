import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf } from './durability.ts';

const fault = (told: Readonly<Record<string, string>>) =>
  faultOf(new Map(Object.entries({ innodb_flush_log_at_trx_commit: '1', log_bin: 'OFF', sync_binlog: '0', ...told })));

test('where what a server acknowledges may be lost, it says why, and what to do', () => {
  assert.equal(fault({}), undefined);
  assert.equal(fault({ log_bin: 'ON', sync_binlog: '1' }), undefined);
  const flush = fault({ innodb_flush_log_at_trx_commit: '2' });
  assert.match(flush ?? '', /innodb_flush_log_at_trx_commit = 2 and may lose .*: set it to 1$/);
  for (const sync_binlog of ['0', '1000']) {
    const log = fault({ log_bin: 'ON', sync_binlog });
    assert.match(log ?? '', /a binary log with sync_binlog = \d+ and may lose .*: set it to 1$/);
  }
});
