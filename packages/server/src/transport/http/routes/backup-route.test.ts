import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '@holdfast/core';
import type { BackupRequest } from '../../../store/capabilities.ts';
import { backupRoute } from './backup-route.ts';

const near = { remoteAddress: '127.0.0.1' };
const asked: BackupRequest[] = [];
const route = backupRoute(async (request) => {
  asked.push(request);
  return { path: '/p', bytes: 1, removed: ['/old'] };
});
const ask = (body: string, asker: { remoteAddress?: string } = near, query = '') =>
  route(Buffer.from(body), new URLSearchParams(query), asker);

test('a backup goes where it is asked to, and keeps as many as it is asked to', async () => {
  const bodies = ['', ' ', '{}', '{"to":"/mnt/x"}', '{"keep":3}', '{"to":"/mnt/x","keep":1}'];
  for (const body of bodies) assert.equal((await ask(body)).status, 200, body);
  assert.deepEqual(asked, [{}, {}, {}, { to: '/mnt/x' }, { keep: 3 }, { to: '/mnt/x', keep: 1 }]);
});

const refusedFor = (field: string) => (error: unknown) => {
  assert.ok(error instanceof HoldfastError && error.code === 'INVALID_INPUT' && error.field === field, String(error));
  assert.ok(!/FAILURE/.test(error.message), 'the value is not echoed');
  return true;
};

test('what is wrong is refused, naming the field', async () => {
  const cases: [body: string, field: string][] = [
    ['FAILURE', 'body'],
    ['[]', 'body'],
    ['{"folder":"/x"}', 'body'],
    ['{"to":""}', 'to'],
    ['{"to":"FAILURE"}', 'to'],
    ['{"to":7}', 'to'],
    ['{"to":null}', 'to'],
    ['{"to":"/a\\u0000b"}', 'to'],
    [`{"to":"/${'x'.repeat(5000)}"}`, 'to'],
    ['{"keep":0}', 'keep'],
    ['{"keep":-1}', 'keep'],
    ['{"keep":1.5}', 'keep'],
    ['{"keep":"3"}', 'keep'],
    ['{"keep":10001}', 'keep'],
  ];
  for (const [body, field] of cases) await assert.rejects(ask(body), refusedFor(field), body);
  await assert.rejects(ask('', near, 'to=/x'), refusedFor('parameters'));
});

test('who comes over the network may ask for a backup, but chooses neither folder nor what is removed', async () => {
  for (const remoteAddress of ['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '', '127.0.0.1.example']) {
    assert.equal((await ask('{}', { remoteAddress })).status, 200);
    await assert.rejects(ask('{"to":"/x"}', { remoteAddress }), refusedFor('to'));
    await assert.rejects(ask('{"keep":1}', { remoteAddress }), refusedFor('keep'));
  }
  for (const remoteAddress of ['::1', '127.0.0.2', '::ffff:127.0.0.1']) {
    assert.equal((await ask('{"to":"/x"}', { remoteAddress })).status, 200);
  }
});
