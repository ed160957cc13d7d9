import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendingCall } from '../engine/ports.ts';
import { uncut } from '../engine/testing/calls.ts';
import { BranchSender, type ClosableSender } from './branch-sender.ts';
import { messageOf, send } from './testing/services.ts';

function recorder(name: string, log: string[]): ClosableSender {
  return {
    send: (sending: SendingCall) => {
      log.push(`${name} ${sending.call.url}`);
      setImmediate(() => sending.ended({ outcome: { kind: 'success' }, durationMs: 0, health: 'ok' }));
      return uncut;
    },
    close: async () => {
      log.push(`${name} closed`);
    },
  };
}

test('the protocol of the transaction and the URL choose; gRPC is loaded once, at its first call', async () => {
  const log: string[] = [];
  const sender = new BranchSender({
    http: recorder('http', log),
    loadGrpc: async () => {
      log.push('loaded');
      return recorder('grpc', log);
    },
  });
  await send('http://h/a', { protocol: 'grpc' }, sender);
  await send('h:1/a.B/C', { protocol: 'http' }, sender);
  await send('http://h/?method=M', { protocol: 'json-rpc' }, sender);
  await Promise.all([send('h:1/a.B/C', { protocol: 'grpc' }, sender), send('h:1/a.B/D', { protocol: 'grpc' }, sender)]);
  await send('grpcs://h:1/a.B/C', { protocol: 'grpc' }, sender);
  await sender.close();
  assert.deepEqual(log, [
    'http http://h/a',
    'http h:1/a.B/C',
    'http http://h/?method=M',
    'loaded',
    'grpc h:1/a.B/C',
    'grpc h:1/a.B/D',
    'grpc grpcs://h:1/a.B/C',
    'http closed',
    'grpc closed',
  ]);
});

test('a client that cannot be loaded is an error of each call, and closing works all the same', async () => {
  const log: string[] = [];
  const sender = new BranchSender({
    http: recorder('http', log),
    loadGrpc: () => Promise.reject(new Error('torn file')),
  });
  const sent = await send('h:1/a.B/C', { protocol: 'grpc' }, sender);
  assert.match(messageOf(sent), /gRPC cannot be loaded: torn file/);
  assert.equal(sent.health, 'ok');
  await sender.close();
});
