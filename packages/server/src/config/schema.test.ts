import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from './names.ts';
import { schema, settings } from './schema.ts';
import { allowedBy, isAllowed } from './setting.ts';
import { isServiceLink } from './sources.ts';

test('names in the environment and of flags follow from the path by one rule', () => {
  const names = (path: string) => settings.find((named) => named.path === path);
  assert.equal(names('dataDir')?.variable, 'HOLDFAST_DATA_DIR');
  assert.equal(names('dataDir')?.flag, '--data-dir');
  assert.equal(names('http.port')?.variable, 'HOLDFAST_HTTP_PORT');
  assert.equal(names('journal.softBytes')?.variable, 'HOLDFAST_JOURNAL_SOFT_BYTES');
});

test('no two settings share a variable or a flag, and none looks like a Kubernetes service link', () => {
  assert.equal(new Set(settings.map(({ variable }) => variable)).size, settings.length);
  assert.equal(new Set(settings.map(({ flag }) => flag)).size, settings.length);
  for (const { variable } of settings) assert.equal(isServiceLink(variable, 'x'), false, variable);
});

test('every default is allowed by its own setting, and every setting is described in a sentence', () => {
  assert.ok(settings.length > 20);
  for (const { path, setting } of settings) {
    assert.ok(isAllowed(setting, setting.default), path);
    assert.match(setting.description, /^[A-Z].*\.$/s, path);
    assert.ok(allowedBy(setting, path) !== '', path);
  }
});

test('sections are described, too', () => {
  for (const [name, node] of Object.entries(schema)) {
    if (node.kind === 'section') assert.match(node.description, /^[A-Z].*\.$/s, name);
  }
});

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
