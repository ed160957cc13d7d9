import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from './nearest-name.ts';

test('the nearest name tolerates case, separators, a missing unit and small slips, and nothing more', () => {
  const known = ['http.port', 'http.host', 'retryIntervalMs', 'requestTimeoutMs', 'log.level'];
  assert.equal(nearestName('HttpPort', known), 'http.port');
  assert.equal(nearestName('http.hots', known), 'http.host');
  assert.equal(nearestName('retryInterval', known), 'retryIntervalMs');
  assert.equal(nearestName('request_timeout', known), 'requestTimeoutMs');
  assert.equal(nearestName('logLevle', known), 'log.level');
  assert.equal(nearestName('topology', known), undefined);
});

test('the edit distance counts exchanged neighbours once', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('port', 'prot'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('same', 'same'), 0);
});
