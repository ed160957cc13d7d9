import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seenOf } from './server.ts';

const seen = (told: Readonly<Record<string, string>>) => seenOf(new Map(Object.entries(told)));

const mariaDb = {
  read_only: 'OFF',
  innodb_read_only: 'OFF',
  wsrep_on: 'OFF',
  server_id: '1',
  hostname: 'db',
  port: '3306',
  innodb_flush_log_at_trx_commit: '1',
  log_bin: 'OFF',
  sync_binlog: '0',
};
const member = {
  ...mariaDb,
  wsrep_on: 'ON',
  wsrep_ready: 'ON',
  wsrep_cluster_status: 'Primary',
  wsrep_cluster_state_uuid: 'c271eca1',
};

test('a server takes writes where it does not say that it only reads', () => {
  assert.deepEqual(seen(mariaDb), { isMember: false, isWritable: true, fault: undefined, line: '1 db:3306' });
  assert.equal(seen({ ...mariaDb, read_only: 'ON' }).isWritable, false);
  assert.equal(seen({ ...mariaDb, innodb_read_only: 'ON' }).isWritable, false);
});

test('MySQL names its servers itself', () => {
  const { wsrep_on: _, ...mySql } = { ...mariaDb, server_uuid: '3f1a' };
  assert.deepEqual(seen(mySql), { isMember: false, isWritable: true, fault: undefined, line: '3f1a' });
});

test('members of a Galera cluster are one, and take writes while most of them see each other', () => {
  const one = seen({ ...member, hostname: 'one' });
  assert.deepEqual(one, { isMember: true, isWritable: true, fault: undefined, line: 'c271eca1' });
  assert.deepEqual(seen({ ...member, hostname: 'two' }), one);
  assert.equal(seen({ ...member, wsrep_cluster_status: 'non-Primary' }).isWritable, false);
  assert.equal(seen({ ...member, wsrep_ready: 'OFF' }).isWritable, false);
});
